package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestAWrongSecretIsToldWithWhatToDoAndNotRepeated(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{})
	cloud.setSecret(t, "another")
	watcher := newMQTTClient(t, t, broker, "", "")
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	apiStatus(t, watcher, "rejected")
	b.waitForLog(t, patience, "refuses the user name or the API secret", "make a new secret")
	assert.Len(t, cloud.requests(t), 1, "sign-ins with a secret that was refused")
	assert.NotContains(t, b.log(), "demo-secret")
	_, online := watcher.get(discovery.Topics{}.BridgeAvailability())
	assert.True(t, online)
}

func TestRevokedTokensAreRenewedUnseen(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{ReportLagMax: -1})
	watcher := newMQTTClient(t, t, broker, "", "")
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	cloud.revokeTokens(t)
	batteryArrives(t, cloud, watcher, 63)
	apiStatus(t, watcher, "ok")
	assert.NotContains(t, b.log(), "WARN")
}

func TestAnOutageOfTheCloudClearsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		fault  raptsim.Fault
		status string
	}{
		{"a captive portal", raptsim.Fault{HTML: true}, "unreachable"},
		{"bodies that are cut", raptsim.Fault{CutBody: true}, "unreachable"},
		{"connections that break", raptsim.Fault{Reset: true}, "unreachable"},
		{"errors of the server", raptsim.Fault{Status: 502}, "unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			broker := startMosquitto(t, t, mosquittoOptions{})
			cloud := startCloud(t, t, raptsim.Options{ReportLagMax: -1})
			watcher := newMQTTClient(t, t, broker, "", "")
			b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
			devices := len(cloud.devices(t))
			mirrored(t, watcher, "rapt", devices)

			c.fault.Path = "/api/"
			end := cloud.inject(t, c.fault)
			apiStatus(t, watcher, c.status)
			end()
			apiStatus(t, watcher, "ok")
			batteryArrives(t, cloud, watcher, 64)
			for _, m := range watcher.all() {
				assert.NotEmpty(t, m.payload, "%s was cleared", m.topic)
				assert.False(t, strings.HasSuffix(m.topic, "/availability") && m.payload == "offline", m.topic)
			}
			assert.True(t, b.running())
		})
	}
}

// apiStatus waits until the bridge says what the API is like.
func apiStatus(t testing.TB, watcher *mqttClient, status string) {
	t.Helper()
	watcher.waitFor(t, patience, discovery.Topics{}.BridgeState(),
		func(p string) bool { return strings.Contains(p, `"api_status":"`+status+`"`) })
}

// batteryArrives changes a hydrometer's battery in the cloud and waits for it on the broker.
func batteryArrives(t testing.TB, cloud *cloud, watcher *mqttClient, percent float64) {
	t.Helper()
	pill := cloud.device(t, raptsim.Hydrometer)
	cloud.set(t, pill.ID, "battery", percent)
	want, _ := json.Marshal(percent)
	watcher.waitFor(t, patience, discovery.Topics{}.State(discovery.Hydrometer, pill.ID),
		func(p string) bool { return strings.Contains(p, `"battery":`+string(want)+",") })
}
