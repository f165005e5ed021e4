package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestThePayloadsForThePortal(t *testing.T) {
	const all = "@device_id @device_type @device_name @temperature @rssi @created_date"
	for i, want := range []struct{ device, more string }{
		{"Hydrometer", "@gravity @battery"},
		{"FermentationChamber", "@target_temperature"},
		{"TemperatureController", "@target_temperature"},
		{"BrewZilla", "@target_temperature"},
	} {
		kind := pushTypes()[i]
		assert.Equal(t, want.device, kind.Type)
		var fields map[string]string
		require.NoError(t, json.Unmarshal([]byte(kind.Payload()), &fields))
		var variables []string
		for name, variable := range fields {
			assert.Equal(t, "@"+name, variable)
			variables = append(variables, variable)
		}
		assert.ElementsMatch(t, strings.Fields(all+" "+want.more), variables)
	}
}

func TestSetUpPush(t *testing.T) {
	server := New(Options{Now: at(noon), Webhooks: Webhooks{Listen: ":8098", Prefix: "brewery"}})
	server.Show(brewing())
	page := get(t, server, "/push").Body.String()
	for _, text := range []string{
		"1 of 5 devices are pushed; the last webhook came", "listens for webhooks on <code>:8098</code> without TLS", "webhook.secret",
		"X-Webhook-Token", "/api/webhook/", "<code>brewery</code>", "https://my.home-assistant.io/redirect/blueprint_import/",
		"@target_temperature", "@gravity", "<code>application/json</code>",
	} {
		assert.Contains(t, page, text)
	}
	parsed, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var steps []int
	for node := range parsed.Descendants() {
		if node.Data == "ol" {
			n := 0
			for child := range node.ChildNodes() {
				if child.Data == "li" {
					n++
				}
			}
			steps = append(steps, n)
		}
	}
	assert.Equal(t, []int{10, 10}, steps, "ten steps for each way")
	server = New(Options{Now: at(noon)})
	page = get(t, server, "/push").Body.String()
	assert.Contains(t, page, "The listener is off")
	assert.Contains(t, page, "Nothing is known yet")
	server.Show(with(func(s *Snapshot) { s.LastHook = time.Time{} }))
	assert.Contains(t, get(t, server, "/push").Body.String(), "No webhook of a device has come since the start")
}

func TestTheDashboardToCopy(t *testing.T) {
	now, made := noon, 0
	server := New(Options{Now: func() time.Time { return now }})
	snapshot := func(yaml string) *Snapshot {
		return with(func(s *Snapshot) { s.Dashboard = func() []byte { made++; return []byte(yaml) } })
	}
	for name, s := range map[string]*Snapshot{"no snapshot": nil, "nothing that makes one": brewing(), "no devices": with(func(s *Snapshot) { s.Devices = nil })} {
		t.Run(name, func(t *testing.T) {
			if s != nil {
				server.Show(s)
			}
			assert.Contains(t, get(t, server, "/dashboard").Body.String(), "not known yet")
			assert.Equal(t, http.StatusServiceUnavailable, ask(server, "GET", "/dashboard.yaml").Code)
		})
	}
	server.Show(snapshot("title: <b>Brewery</b>\n"))
	for range 50 {
		assert.Contains(t, get(t, server, "/dashboard").Body.String(), "title: &lt;b&gt;Brewery&lt;/b&gt;")
	}
	assert.Equal(t, 1, made, "once for all who ask within a second")
	now = now.Add(renderEvery)
	server.Show(snapshot("title: another\n"))
	file := get(t, server, "/dashboard.yaml")
	assert.Equal(t, "title: another\n", file.Body.String())
	assert.Equal(t, `attachment; filename="dashboard.yaml"`, file.Header().Get("Content-Disposition"))
}

func TestTheAnonymousFileIsShownBeforeItIsSaved(t *testing.T) {
	now, asked := noon, 0
	file := []byte(`{"devices":"<7>"}`)
	server := New(Options{Now: func() time.Time { return now }, Diagnosis: func(context.Context) ([]byte, error) {
		asked++
		return file, nil
	}})
	for range 50 {
		page := get(t, server, "/diagnose").Body.String()
		assert.Contains(t, page, "{&#34;devices&#34;:&#34;&lt;7&gt;&#34;}")
		assert.Contains(t, page, `href="diagnose.json?shown"`)
	}
	assert.Equal(t, 1, asked, "once for all who ask within a second")
	shown := file
	file = []byte(`{"devices":8}`)
	now = now.Add(time.Hour)
	saved := get(t, server, "/diagnose.json?shown")
	assert.Equal(t, string(shown), saved.Body.String(), "what is saved is what was shown")
	assert.Equal(t, `attachment; filename="rapt-diagnose.json"`, saved.Header().Get("Content-Disposition"))
	assert.Contains(t, get(t, server, "/diagnose.json").Body.String(), "8", "or what is so now")
	assert.Contains(t, get(t, server, "/diagnose").Body.String(), "8")

	server = New(Options{Now: at(noon), Diagnosis: func(context.Context) ([]byte, error) { return nil, context.DeadlineExceeded }})
	assert.Contains(t, get(t, server, "/diagnose").Body.String(), "does not answer now")
	assert.Equal(t, http.StatusServiceUnavailable, ask(server, "GET", "/diagnose.json").Code)
	assert.NotContains(t, get(t, New(Options{Now: at(noon)}), "/").Body.String(), "Diagnose")
}

// Every page works under a prefix, takes its times, its style and its script from the program and links back.
func TestThePagesBesideTheFirstOne(t *testing.T) {
	server := New(Options{Now: at(noon), Diagnosis: func(context.Context) ([]byte, error) { return []byte("{}"), nil }})
	server.Show(brewing())
	for _, tool := range server.tools() {
		page := get(t, server, "/"+tool.Path).Body.String()
		assert.Contains(t, page, `href="page.css"`)
		assert.Contains(t, page, `href="./"`)
		assert.Equal(t, 1, strings.Count(page, "<script"))
		assert.NotContains(t, page, "style=")
		assert.Contains(t, get(t, server, "/").Body.String(), `<a href="`+tool.Path+`">`+tool.Name+`</a>`)
	}
}
