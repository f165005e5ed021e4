package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestAMissingDeviceCanBeTakenOut(t *testing.T) {
	var asked []string
	server := New(Options{Now: at(noon), Forget: func(id string) { asked = append(asked, id) }})
	send := func(id, site string) *httptest.ResponseRecorder {
		return ask(server, "POST", "/forget", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = io.NopCloser(strings.NewReader("id=" + id))
		})
	}
	press := func(id, site string) int { return send(id, site).Code }
	assert.Equal(t, "./?gone", send("gone", "same-origin").Header().Get("Location"), "nothing is known yet")
	server.Show(&Snapshot{At: noon, Devices: []DeviceStatus{
		{Family: discovery.Hydrometer, ID: "here", Name: "Here"}, {Family: discovery.Hydrometer, ID: "gone", Name: "Gone", Missing: true},
	}})
	page := ask(server, "GET", "/").Body.String()
	assert.Equal(t, 1, strings.Count(page, "Remove now"), "only where the lists lack it")
	assert.Contains(t, page, `name="id" value="gone"`)

	assert.Equal(t, http.StatusForbidden, press("gone", "cross-site"))
	assert.Equal(t, http.StatusConflict, press("here", "same-origin"))
	assert.Equal(t, "./?gone", send(strings.Repeat("x", 5000), "same-origin").Header().Get("Location"))
	assert.Empty(t, asked)
	answer := send("gone", "same-origin")
	assert.Equal(t, http.StatusSeeOther, answer.Code)
	assert.Equal(t, []string{"gone"}, asked)
	assert.Contains(t, back(server, answer), "The device is taken out.")

	server.Show(&Snapshot{At: noon, Devices: []DeviceStatus{{Family: discovery.Hydrometer, ID: "here", Name: "Here"}}})
	answer = send("gone", "same-origin")
	assert.Equal(t, http.StatusSeeOther, answer.Code, "a second press")
	assert.Contains(t, back(server, answer), "has no such device now")
	assert.Len(t, asked, 1)
}
