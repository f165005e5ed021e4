package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// description is the published contract as the API's own description.
func description(t testing.TB) []byte {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../raptclient/testdata/openapi.yaml")
	require.NoError(t, err)
	out, err := doc.MarshalJSON()
	require.NoError(t, err)
	return out
}

func TestCheckComparesTheContract(t *testing.T) {
	same := description(t)
	changed := func(old, now string) []byte {
		require.True(t, bytes.Contains(same, []byte(old)), old)
		return bytes.ReplaceAll(same, []byte(old), []byte(now))
	}
	var many strings.Builder
	for i := range 150 {
		fmt.Fprintf(&many, `"/api/Kettles/Get%d":{"get":{"responses":{}}},`, i)
	}
	for name, c := range map[string]struct {
		description []byte
		fault       raptsim.Fault
		status      int
		says        []string
	}{
		"as it is known":      {same, raptsim.Fault{}, exitOK, []string{"✓ contract", "describes itself as this version knows it: 49 endpoints"}},
		"nothing there":       {nil, raptsim.Fault{}, exitOK, []string{"✓ contract", "doesn't describe itself (404)"}},
		"nothing for us":      {same, raptsim.Fault{Path: "/swagger", Status: 403}, exitOK, []string{"✓ contract", "doesn't describe itself (403)"}},
		"a web page":          {same, raptsim.Fault{Path: "/swagger", HTML: true}, exitOK, []string{"✓ contract", "a web page"}},
		"something else":      {[]byte(`{"hello":"world"}`), raptsim.Fault{}, exitOK, []string{"✓ contract", "no OpenAPI document"}},
		"a huge one":          {append(bytes.Clone(same), make([]byte, 9<<20)...), raptsim.Fault{}, exitOK, []string{"✓ contract", "longer than"}},
		"the cloud has a day": {same, raptsim.Fault{Path: "/swagger", Status: 500}, exitFailed, []string{"✗ contract", "answered 500"}},
		"a field of another name": {changed(`"gravityVelocity"`, `"velocity"`), raptsim.Fault{}, exitFailed, []string{
			"✗ contract", "has changed in 4 places", "\n  gone: Hydrometers/GetHydrometers gravityVelocity (number)\n",
			"\n  new: Hydrometers/GetHydrometers telemetry[].velocity (number)\n",
		}},
		"more than before": {changed(`"paths":{`, `"paths":{`+many.String()), raptsim.Fault{}, exitOK, []string{"✓ contract", "150 things", "new: Kettles/Get3 (GET)", "and 50 more"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, url := served(t, raptsim.Options{Description: c.description})
			if c.fault.Path != "" {
				cloud.Inject(c.fault)
			}
			environ := withoutBroker(url)
			o := ran(t, environ, "check", "--contract")
			assert.Equal(t, c.status, o.status, o.stdout+o.stderr)
			for _, words := range c.says {
				assert.Contains(t, o.stdout, words)
			}
			assert.Empty(t, o.stderr)
			assert.Len(t, cloud.Requests(), 2, "a sign-in and one request")

			asJSON := ran(t, environ, "check", "--contract", "--json")
			var r report
			require.NoError(t, json.Unmarshal([]byte(asJSON.stdout), &r), asJSON.stdout)
			assert.Equal(t, c.status == exitOK, r.OK)
			assert.Equal(t, strings.Contains(o.stdout, "\n  "), len(r.Contract) > 0)
		})
	}
}

// withoutBroker are the settings of a program that has an account alone.
func withoutBroker(cloud string) []string {
	return slices.DeleteFunc(settings(cloud, ""), func(v string) bool { return strings.Contains(v, "_MQTT_") })
}

func TestTheComparisonsRequestsCount(t *testing.T) {
	cloud, url := served(t, raptsim.Options{Description: description(t)})
	broker := startBroker(t, true)
	fresh(t, broker)
	o := ran(t, settings(url, broker.address), "check", "--contract")
	assert.Equal(t, exitOK, o.status, o.stdout+o.stderr)
	assert.Len(t, cloud.Requests(), 2)
	eventually(t, "the log of requests", func() bool { return counted(t, broker) == 2 })
}

// counted is how many polls the log of requests has that the broker retains.
func counted(t *testing.T, broker *testBroker) (n int) {
	var state struct {
		Ledger limit.SavedLog `json:"ledger"`
	}
	require.NoError(t, json.Unmarshal([]byte(broker.retained("rapt/bridge/state")), &state))
	for _, entry := range state.Ledger.Polls {
		n += entry[1]
	}
	return n
}

func TestTheComparisonSaysThatTheSecretIsWrong(t *testing.T) {
	_, url := served(t, raptsim.Options{})
	o := ran(t, append(withoutBroker(url), "RAPT_BRIDGE_RAPT_API_SECRET=wrong"), "check", "--contract")
	assert.Equal(t, exitFailed, o.status)
	assert.Contains(t, o.stdout, "✗ sign-in")
	assert.Contains(t, o.stdout, "the RAPT Cloud refuses the username or the API secret")
}
