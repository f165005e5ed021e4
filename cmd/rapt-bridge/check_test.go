package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestCheckGoesThroughEverything(t *testing.T) {
	cloud, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	o := ran(t, settings(url, broker.address), "check")
	assert.Equal(t, exitOK, o.status, o.stdout)
	assert.Empty(t, o.stderr)
	assert.NotContains(t, o.stdout, "✗")
	var steps []string
	for _, line := range strings.Split(o.stdout, "\n") {
		if rest, ok := strings.CutPrefix(line, "✓ "); ok {
			steps = append(steps, strings.TrimSpace(rest[:14]))
		}
	}
	assert.Equal(t, []string{"configuration", "sign-in", "broker", "discovery", "device list"}, steps)
	for _, d := range cloud.Devices() {
		assert.Regexp(t, `(?m)^  `+d.Family+` +`+d.Name+` +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, o.stdout)
	}
	assert.Contains(t, o.stdout, "nothing is announced under homeassistant/ yet")
	assert.Zero(t, broker.count("rapt/", "")+broker.count("homeassistant/", ""), "it publishes nothing")
	for _, r := range cloud.Requests() {
		assert.True(t, r.SignIn || r.Method == http.MethodGet, r.Path)
	}

	require.NoError(t, broker.Publish("homeassistant/device/rapt_x/config", []byte(`{"origin":{"name":"rapt-bridge"}}`), true, 1))
	assert.Contains(t, ran(t, settings(url, broker.address), "check").stdout, "announced under homeassistant/")
	assert.Contains(t, ran(t, settings(url, broker.address), "check", "--homeassistant-discovery=false").stdout, "turned off")
}

func TestCheckEndsAtTheFirstStepThatFails(t *testing.T) {
	_, url := served(t, raptsim.Options{})
	limited, limitedURL := served(t, raptsim.Options{})
	limited.Inject(raptsim.Fault{Path: "/api/BrewZillas", HTML: true})
	broker := startBroker(t, true)
	good := settings(url, broker.address)
	for _, c := range []struct {
		name    string
		environ []string
		status  int
		passed  int
		failed  string
		says    string
	}{
		{"configuration", nil, exitConfig, 0, "configuration", "rapt.username"},
		{"certificate", append(good, "RAPT_BRIDGE_MQTT_URL=mqtts://127.0.0.1:1", "RAPT_BRIDGE_MQTT_CA_FILE=/nowhere/ca.pem"), exitConfig, 0, "configuration", "mqtt.ca_file"},
		{"webhook certificate", append(good, "RAPT_BRIDGE_WEBHOOK_LISTEN=127.0.0.1:0", "RAPT_BRIDGE_WEBHOOK_SECRET="+hookSecret,
			"RAPT_BRIDGE_WEBHOOK_CERT_FILE=/nowhere/hook.pem", "RAPT_BRIDGE_WEBHOOK_KEY_FILE=/nowhere/hook.key"), exitConfig, 0, "configuration", "/nowhere/hook.pem"},
		{"wrong secret", append(good, "RAPT_BRIDGE_RAPT_API_SECRET=wrong"), exitFailed, 1, "sign-in", "the RAPT Cloud refuses the username or the API secret"},
		{"cloud away", settings("http://"+closedPort(t), broker.address), exitFailed, 1, "sign-in", "refused"},
		{"web page in place of a list", settings(limitedURL, broker.address), exitFailed, 4, "device list", "brewzilla"},
		{"broker away", settings(url, closedPort(t)), exitFailed, 2, "broker", "mqtt.url"},
		{"Home Assistant away", append(good, "RAPT_BRIDGE_HOMEASSISTANT_URL=http://"+closedPort(t), "RAPT_BRIDGE_HOMEASSISTANT_TOKEN="+token), exitFailed, 5, "Home Assistant", "refused"},
		{"wrong token", append(good, "RAPT_BRIDGE_HOMEASSISTANT_URL="+homeAssistant(t, "another"), "RAPT_BRIDGE_HOMEASSISTANT_TOKEN="+token), exitFailed, 5, "Home Assistant", "the token is refused"},
		{"wrong password", append(good, "RAPT_BRIDGE_MQTT_PASSWORD=wrong"), exitFailed, 2, "broker", "mqtt.password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := ran(t, c.environ, "check")
			assert.Equal(t, c.status, o.status)
			assert.Equal(t, c.passed, strings.Count(o.stdout, "✓"), o.stdout)
			assert.Equal(t, 1, strings.Count(o.stdout, "✗"), o.stdout)
			_, failure, _ := strings.Cut(o.stdout, "✗ ")
			assert.True(t, strings.HasPrefix(failure, c.failed), o.stdout)
			assert.Contains(t, failure, c.says)
			assert.NotContains(t, failure, "{", "nobody reads JSON")
			assert.Empty(t, o.stderr, "it is said once")

			var r report
			asJSON := ran(t, c.environ, "check", "--json")
			assert.Equal(t, c.status, asJSON.status)
			require.NoError(t, json.Unmarshal([]byte(asJSON.stdout), &r), asJSON.stdout)
			assert.False(t, r.OK)
			require.Len(t, r.Steps, c.passed+1)
			assert.Equal(t, c.failed, r.Steps[c.passed].Step)
		})
	}
}

func TestCheckAsJSON(t *testing.T) {
	cloud, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	o := ran(t, settings(url, broker.address), "check", "--json")
	assert.Equal(t, exitOK, o.status)
	var r report
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r), o.stdout)
	assert.True(t, r.OK)
	assert.Len(t, r.Steps, 5)
	require.Len(t, r.Devices, len(cloud.Devices()))
	for _, d := range r.Devices {
		assert.NotEmpty(t, d.Family)
		assert.NotEmpty(t, d.ID)
		assert.NotNil(t, d.LastActivity)
	}

	empty, url := served(t, raptsim.Options{Devices: []raptsim.DeviceSpec{}})
	o = ran(t, settings(url, broker.address), "check", "--json")
	assert.Equal(t, exitOK, o.status)
	assert.Contains(t, o.stdout, `"devices": []`)
	assert.Empty(t, empty.Devices())
}

// homeAssistant is a server that takes one token as Home Assistant does.
func homeAssistant(t *testing.T, token string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		var auth struct {
			Token string `json:"access_token"`
		}
		if conn.WriteJSON(map[string]string{"type": "auth_required"}) != nil || conn.ReadJSON(&auth) != nil {
			return
		}
		answer := "auth_invalid"
		if auth.Token == token {
			answer = "auth_ok"
		}
		_ = conn.WriteJSON(map[string]string{"type": answer})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCheckTriesHomeAssistantAndTellsWarnings(t *testing.T) {
	_, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token), 0o644))
	environ := append(settings(url, broker.address), "RAPT_BRIDGE_HOMEASSISTANT_URL="+homeAssistant(t, token), "RAPT_BRIDGE_HOMEASSISTANT_TOKEN_FILE="+file)
	o := ran(t, environ, "check")
	assert.Equal(t, exitOK, o.status, o.stdout)
	assert.Regexp(t, `(?m)^✓ Home Assistant .*accepts the token$`, o.stdout)
	assert.Regexp(t, `(?m)^! warning +homeassistant.token_file: .*chmod 600$`, o.stdout)

	var r report
	o = ran(t, environ, "check", "--json")
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r), o.stdout)
	assert.True(t, r.OK)
	require.Len(t, r.Warnings, 1)
}
