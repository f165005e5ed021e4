package limit

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// TestWhatAPersonReadsOfAnError holds that each error is told in one sentence with at most one advice, and without what
// belongs into the log.
func TestWhatAPersonReadsOfAnError(t *testing.T) {
	const page, endpoint = "<html><body>nginx</body></html>", "TemperatureControllers/GetTemperatureControllers"
	api := func(status int, excerpt string) error {
		return fmt.Errorf("wrapped: %w", &raptclient.APIError{Endpoint: endpoint, Status: status, Excerpt: excerpt})
	}
	for _, c := range []struct {
		err      error
		what, do string
	}{
		{api(503, page), "The RAPT Cloud answers with errors (503)", ""},
		{api(503, "Down for maintenance"), "The RAPT Cloud says that it is being maintained", ""},
		{api(500, page), "The RAPT Cloud answers with errors (500)", ""},
		{api(429, ""), "The RAPT Cloud asks for fewer requests", ""},
		{api(401, ""), "The RAPT Cloud refuses its own fresh token (401)", "Check in the RAPT app that the account may use the API."},
		{api(403, ""), "The RAPT Cloud refuses the temperature controllers (403)", ""},
		{api(404, ""), "The RAPT Cloud does not know the temperature controllers (404)", ""},
		{&raptclient.APIError{Endpoint: "BrewZillas/GetBrewZillas", Status: 400}, "The RAPT Cloud refuses the BrewZillas (400)", ""},
		{&raptclient.APIError{Status: 400}, "The RAPT Cloud refuses a request (400)", ""},
		{api(302, ""), "Something else answers in place of the RAPT Cloud (302)", doPortal},
		{&raptclient.SignInError{Rejected: true, Status: 400, Excerpt: page}, "The RAPT Cloud refuses the user name or the API secret",
			"Make a new secret in the RAPT app (My Account, Api Secrets), enter it and restart."},
		{&raptclient.SignInError{Status: 502, Excerpt: page}, "The RAPT Cloud answers with errors (502)", ""},
		{&raptclient.SignInError{Status: 403}, "The RAPT Cloud refuses the account (403)", ""},
		{&raptclient.TransportError{Endpoint: endpoint, Timeout: true}, "The RAPT Cloud does not answer in time", doConnection},
		{&raptclient.TransportError{Endpoint: endpoint}, "The RAPT Cloud can't be reached", doConnection},
		{&raptclient.BodyError{Endpoint: endpoint, Problem: raptclient.BodyHTML, Excerpt: page}, "A web page answers in place of the RAPT Cloud", doPortal},
		{&raptclient.BodyError{Endpoint: endpoint, Problem: raptclient.BodyHTML, Excerpt: "<h1>Maintenance"}, "The RAPT Cloud says that it is being maintained", ""},
		{&raptclient.BodyError{Endpoint: endpoint, Problem: raptclient.BodyCut}, "The answers of the RAPT Cloud are cut off", doConnection},
		{&raptclient.BodyError{Endpoint: endpoint, Problem: raptclient.BodyNotJSON, Detail: "at byte 7"}, "The RAPT Cloud can't be understood: the answer is not JSON", ""},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			got, ok := Describe(c.err)
			assert.True(t, ok)
			assert.Equal(t, Explanation{c.what, c.do}, got)
			h := NewHealth()
			h.OnError(noon, noon, c.err)
			for _, technical := range []string{"<", "Get", "nginx", "byte"} {
				assert.NotContains(t, h.Explanation.String(), technical)
			}
			assert.NotEmpty(t, h.Explanation.What)
			h.OnSuccess()
			assert.Equal(t, Explanation{}, h.Explanation)
		})
	}
	for _, err := range []error{errors.New("99 is above 40"), context.Canceled, nil} {
		_, ok := Describe(err)
		assert.False(t, ok, err)
	}
}

func TestWhatIsWrongWithAllOfTheAPIIsToldAsOne(t *testing.T) {
	h := NewHealth()
	h.lists.listAnswered("Stills/GetStills")
	for _, endpoint := range []string{"Stills/GetStills", "BrewZillas/GetBrewZillas"} {
		h.OnError(noon, noon, answeredOn(endpoint, 403))
	}
	assert.Equal(t, forbidden(), h.Explanation)
	h = NewHealth()
	for _, endpoint := range []string{"Stills/GetStills", "BrewZillas/GetBrewZillas"} {
		h.OnError(noon, noon, answeredOn(endpoint, 404))
	}
	assert.Equal(t, Explanation{"The RAPT Cloud answers 404 to whatever it is asked", "It may have changed: look for a newer version of rapt-bridge."}, h.Explanation)
}
