package e2e

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// How long the bridge may take for what it does at once, or after the minute at most that its ceiling makes it wait.
const patience = 90 * time.Second

// accessRules are all that the bridge needs of a broker, as the README states them.
const accessRules = `user rapt-bridge
topic readwrite rapt/#
topic readwrite homeassistant/device/+/config
topic read homeassistant/status

user watcher
topic read #
`

func TestTheBridgeSpeaksEveryTransport(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	ca := authority.caFile(t)
	broker := startMosquitto(t, t, mosquittoOptions{authority: authority, webSocket: true})
	strict := startMosquitto(t, t, mosquittoOptions{authority: authority, clientCert: true})
	cert, key := authority.issue(t, "rapt-bridge")
	certFile, keyFile := writeFile(t, "client.pem", cert), writeFile(t, "client.key", key)

	for _, c := range []struct {
		name   string
		broker *mosquitto
		set    settings
	}{
		{"mqtt", broker, settings{"MQTT_URL": broker.url()}},
		{"mqtts", broker, settings{"MQTT_URL": fmt.Sprintf("mqtts://127.0.0.1:%d", broker.tls), "MQTT_CA_FILE": ca}},
		{"mqtts with any certificate", broker, settings{"MQTT_URL": fmt.Sprintf("mqtts://127.0.0.1:%d", broker.tls), "MQTT_INSECURE_SKIP_VERIFY": "true"}},
		{"mqtts with a certificate of its own", strict, settings{"MQTT_URL": fmt.Sprintf("mqtts://127.0.0.1:%d", strict.tls),
			"MQTT_CA_FILE": ca, "MQTT_CERT_FILE": certFile, "MQTT_KEY_FILE": keyFile}},
		{"ws", broker, settings{"MQTT_URL": fmt.Sprintf("ws://127.0.0.1:%d", broker.webSocket)}},
		{"wss", broker, settings{"MQTT_URL": fmt.Sprintf("wss://127.0.0.1:%d", broker.secureWebSocket), "MQTT_CA_FILE": ca}},
	} {
		t.Run(c.name, func(t *testing.T) {
			prefix := strings.ReplaceAll(t.Name(), "/", "-")
			cloud := startCloud(t, t, raptsim.Options{})
			startBridge(t, t, cloud.account().with(c.set).with(settings{
				"MQTT_TOPIC_PREFIX": prefix, "HOMEASSISTANT_DISCOVERY_PREFIX": prefix + "-ha",
			}))
			watcher := newMQTTClient(t, t, c.broker, "", "")
			watcher.waitFor(t, patience, prefix+"/bridge/availability", equal("online"))
			mirrored(t, watcher, prefix, len(cloud.devices(t)))
		})
	}
}

func TestAnUntrustedCertificateIsToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{authority: newAuthority(t)})
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": fmt.Sprintf("mqtts://127.0.0.1:%d", broker.tls)}))
	b.waitForLog(t, patience, "certificate is not trusted", "mqtt.ca_file")
	assert.True(t, b.running())
}

func TestAWrongPasswordIsToldOnceAndNothingIsAskedUntilItIsRight(t *testing.T) {
	t.Parallel()
	const password = "correct-horse"
	broker := startMosquitto(t, t, mosquittoOptions{users: map[string]string{"rapt-bridge": "another", "watcher": "watcher"}})
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{
		"MQTT_URL": broker.url(), "MQTT_USERNAME": "rapt-bridge", "MQTT_PASSWORD": password,
	}))
	b.waitForLog(t, patience, "refuses the user name or password", "mqtt.password")
	within(t, patience, "three attempts", func() error {
		if n := strings.Count(broker.logText(t), "not authorised"); n < 3 {
			return fmt.Errorf("%d so far", n)
		}
		return nil
	})
	assert.Equal(t, 1, strings.Count(b.log(), "refuses the user name or password"), "the reason is told once:\n%s", b.log())
	assert.Empty(t, cloud.requests(t), "requests while nobody could be told of the answers")

	// The owner sets the password that the bridge has; nobody touches the bridge.
	require.NoError(t, broker.CopyToContainer(t.Context(),
		[]byte(passwordFile(t, map[string]string{"rapt-bridge": password, "watcher": "watcher"})), "/mosquitto/config/passwords", 0o644))
	broker.restart(t)
	watcher := newMQTTClient(t, t, broker, "watcher", "watcher")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))

	assert.NotContains(t, b.log(), password)
	assert.NotContains(t, b.log(), "demo-secret")
	for _, m := range watcher.all() {
		assert.NotContains(t, m.payload, password, m.topic)
		assert.NotContains(t, m.payload, "demo-secret", m.topic)
	}
}

func TestTheDocumentedAccessRulesAreEnough(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{
		users: map[string]string{"rapt-bridge": "secret", "watcher": "watcher"}, acl: accessRules,
	})
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{
		"MQTT_URL": broker.url(), "MQTT_USERNAME": "rapt-bridge", "MQTT_PASSWORD": "secret",
	}))
	watcher := newMQTTClient(t, t, broker, "watcher", "watcher")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	assert.NotContains(t, b.log(), "access rules")
	assert.NotContains(t, broker.logText(t), "Denied PUBLISH from rapt-bridge")
}

func TestDeniedTopicsAreToldAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{
		users: map[string]string{"rapt-bridge": "secret", "watcher": "watcher"},
		acl:   strings.ReplaceAll(accessRules, "readwrite homeassistant", "read homeassistant"),
	})
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{
		"MQTT_URL": broker.url(), "MQTT_USERNAME": "rapt-bridge", "MQTT_PASSWORD": "secret",
	}))
	b.waitForLog(t, patience, "doesn't let user", "homeassistant/device/", "access rules")
	watcher := newMQTTClient(t, t, broker, "watcher", "watcher")
	within(t, patience, "all states", func() error { return states(watcher, "rapt", len(cloud.devices(t))) })
	assert.Empty(t, watcher.topics("homeassistant/device/"))
}

// A broker of MQTT 3.1.1 refuses the protocol level of MQTT 5, as its standard has it. Mosquitto can't be made to.
func TestABrokerWithoutMQTT5IsToldWithWhatToDo(t *testing.T) {
	t.Parallel()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listen.Close() })
	go func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte("\x20\x02\x00\x01")) // CONNACK: unacceptable protocol version
			_ = conn.Close()
		}
	}()
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": "mqtt://" + listen.Addr().String()}))
	b.waitForLog(t, patience, "must speak MQTT 5")
	assert.True(t, b.running())
	assert.Empty(t, cloud.requests(t))
}

func TestABrokerThatComesLaterGetsEverything(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	broker.stop(t)
	cloud := startCloud(t, t, raptsim.Options{})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	b.waitForLog(t, patience, "check mqtt.url")
	broker.start(t)
	mirrored(t, newMQTTClient(t, t, broker, "", ""), "rapt", len(cloud.devices(t)))
}

func TestARestartedBrokerGetsEverythingAgain(t *testing.T) {
	t.Parallel()
	for _, persistence := range []bool{false, true} {
		t.Run(fmt.Sprintf("persistence %t", persistence), func(t *testing.T) {
			t.Parallel()
			broker := startMosquitto(t, t, mosquittoOptions{persistence: persistence})
			cloud := startCloud(t, t, raptsim.Options{})
			b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
			mirrored(t, newMQTTClient(t, t, broker, "", ""), "rapt", len(cloud.devices(t)))

			broker.restart(t)
			watcher := newMQTTClient(t, t, broker, "", "")
			watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
			mirrored(t, watcher, "rapt", len(cloud.devices(t)))
			assert.True(t, b.running())
		})
	}
}

func TestABrokerThatStallsIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{ReportLagMax: -1})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))

	// For a moment, and until the connection is given up.
	broker.pause(t)
	broker.unpause(t)
	batteryArrives(t, cloud, watcher, 42)
	broker.pause(t)
	b.waitForLog(t, 3*time.Minute, "the MQTT broker can't be used")
	broker.unpause(t)
	batteryArrives(t, cloud, watcher, 41)
	assert.Equal(t, 1, strings.Count(b.log(), "can't be used"), b.log())
	b.waitForLog(t, patience, "connected to the MQTT broker", "again=true")
	assert.True(t, b.running())
}

func TestTheWillAndACleanStopBothTellThatTheBridgeIsGone(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{})
	set := cloud.account().with(settings{"MQTT_URL": broker.url()})
	watcher := newMQTTClient(t, t, broker, "", "")

	b := startBridge(t, t, set)
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
	b.kill(t)
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("offline"))

	b = startBridge(t, t, set)
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("online"))
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	// It stops at once in the middle of a request that hangs, too.
	asked := len(cloud.requests(t))
	cloud.inject(t, raptsim.Fault{Path: "/api/", Delay: time.Minute})
	within(t, patience, "a request that hangs", func() error {
		if len(cloud.requests(t)) == asked {
			return errors.New("none")
		}
		return nil
	})
	status, took := b.stop(t)
	assert.Zero(t, status, b.log())
	t.Logf("stopped in %s", took)
	watcher.waitFor(t, patience, "rapt/bridge/availability", equal("offline"))
}

func TestDevicesThatWentWhileTheBridgeWasAwayAreCleared(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{})
	set := cloud.account().with(settings{"MQTT_URL": broker.url()})
	watcher := newMQTTClient(t, t, broker, "", "")
	const foreign = "homeassistant/device/rapt_not_ours/config"
	watcher.publish(t, foreign, `{"device":{"identifiers":["x"]},"origin":{"name":"somebody else"},"components":{}}`, true)
	b := startBridge(t, t, set)
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	b.stop(t)

	gone := cloud.device(t, raptsim.Hydrometer)
	cloud.remove(t, gone.ID)
	startBridge(t, t, set)
	within(t, patience, "its topics are cleared", func() error {
		for _, prefix := range []string{"rapt/hydrometer/" + gone.ID, "homeassistant/device/rapt_" + gone.ID} {
			if left := watcher.topics(prefix); len(left) > 0 {
				return fmt.Errorf("left: %v", left)
			}
		}
		return nil
	})
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	_, there := watcher.get(foreign)
	assert.True(t, there, "somebody else's config")
}

// mirrored waits until a watcher has seen the state and the availability of so many devices, their configs and the
// bridge's, and checks that all of it was published to be retained.
func mirrored(t testing.TB, watcher *mqttClient, prefix string, devices int) {
	t.Helper()
	within(t, patience, fmt.Sprintf("%d devices under %s", devices, prefix), func() error { return mirror(watcher, prefix, devices) })
	for _, topic := range watcher.topics(prefix + "/") {
		if strings.HasSuffix(topic, "/state") || strings.HasSuffix(topic, "/availability") {
			m, _ := watcher.get(topic)
			assert.True(t, m.retained, topic)
		}
	}
}

// mirror tells what is missing of so many devices.
func mirror(watcher *mqttClient, prefix string, devices int) error {
	if err := states(watcher, prefix, devices); err != nil {
		return err
	}
	discovery := "homeassistant"
	if prefix != "rapt" {
		discovery = prefix + "-ha"
	}
	if n := len(watcher.topics(discovery + "/device/rapt_")); n < devices+1 {
		return fmt.Errorf("%d configs", n)
	}
	return nil
}

// states tells what is missing of the states and availabilities of so many devices.
func states(watcher *mqttClient, prefix string, devices int) error {
	count := map[string]int{}
	for _, topic := range watcher.topics(prefix + "/") {
		if part := strings.Split(topic, "/"); len(part) == 4 {
			count[part[3]]++
		}
	}
	if count["state"] != devices || count["availability"] != devices {
		return fmt.Errorf("%d states and %d availabilities", count["state"], count["availability"])
	}
	return nil
}
