package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// withoutOne is the longest that an account may be without an active bridge: one and a half keepalives and ten seconds.
const withoutOne = 55 * time.Second

// twin is one bridge of a pair, with a cloud of its own that shows when this one asks.
type twin struct {
	*bridge
	cloud *cloud
	set   settings
}

func startTwin(t *testing.T, broker *mosquitto) *twin {
	t.Helper()
	w := &twin{cloud: startCloud(t, t, raptsim.Options{Speed: 60})}
	w.set = w.cloud.account().with(settings{"MQTT_URL": broker.url()})
	w.bridge = startBridge(t, t, w.set)
	return w
}

// asked counts the requests of the twin's bridge.
func (w *twin) asked(t *testing.T) int { t.Helper(); return len(w.cloud.requests(t)) }

// takesOver waits until the twin asks the cloud again and returns how long that took.
func (w *twin) takesOver(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	before := w.asked(t)
	within(t, 2*time.Minute, "the other bridge is active", func() error {
		if n := w.asked(t); n <= before {
			return errors.New("no request")
		}
		return nil
	})
	return time.Since(since)
}

// alone checks that one of two asks the cloud and the other doesn't.
func alone(t *testing.T, active, standby *twin) {
	t.Helper()
	time.Sleep(time.Second) // what was under way
	before, idle := active.asked(t), standby.asked(t)
	time.Sleep(8 * time.Second)
	assert.Greater(t, active.asked(t), before)
	assert.Equal(t, idle, standby.asked(t), "never two at once")
}

func TestTwoBridgesOfOneAccountArePair(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{persistence: true})
	one := startTwin(t, broker)
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(one.cloud.devices(t)))
	two := startTwin(t, broker)
	two.waitForLog(t, patience, "another bridge of the account is active; standing by")
	alone(t, one, two)

	at := time.Now()
	one.kill(t)
	assert.Less(t, two.takesOver(t, at), 15*time.Second, "the broker sees at once that a killed program is gone")
	one.bridge = startBridge(t, t, one.set)
	one.waitForLog(t, patience, "another bridge of the account is active; standing by")
	alone(t, two, one)

	broker.restart(t)
	both := one.asked(t) + two.asked(t)
	within(t, withoutOne, "one of them goes on", func() error {
		if one.asked(t)+two.asked(t) == both {
			return errors.New("no request")
		}
		return nil
	})
	time.Sleep(3 * time.Second)
	if before := one.asked(t); func() bool { time.Sleep(6 * time.Second); return one.asked(t) > before }() {
		one, two = two, one // the other one was first
	}
	alone(t, two, one)

	const standingBy = "another bridge of the account is active; standing by"
	at = time.Now()
	stoodBy := strings.Count(two.log(), standingBy)
	require.NoError(t, two.process.Process.Signal(syscall.SIGSTOP))
	took := one.takesOver(t, at)
	assert.Less(t, took, withoutOne, "a frozen one is dead to the broker after one and a half keepalives")
	require.NoError(t, two.process.Process.Signal(syscall.SIGCONT))
	alone(t, one, two)
	within(t, patience, "the frozen one stands by", func() error {
		if n := strings.Count(two.log(), standingBy); n == stoodBy {
			return fmt.Errorf("%d lines", n)
		}
		return nil
	})
	assert.LessOrEqual(t, strings.Count(one.log(), "connected to the MQTT broker")+strings.Count(two.log(), "connected to the MQTT broker"), 6, "no flapping")
	t.Logf("a frozen bridge was replaced after %s", took.Round(time.Second))
}

func TestAnotherAccountsBridgeEndsWithTheReason(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	one := startTwin(t, broker)
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(one.cloud.devices(t)))
	retained := len(watcher.topics("homeassistant/device/"))
	neighbour := startBridge(t, t, one.set.with(settings{"RAPT_USERNAME": "neighbour@example.com"}))
	assert.Equal(t, 1, neighbour.wait(t, patience))
	assert.Contains(t, neighbour.log(), "mqtt.topic_prefix")
	assert.True(t, one.running())
	assert.Len(t, watcher.topics("homeassistant/device/"), retained)
	m, _ := watcher.get("rapt/bridge/availability")
	assert.Equal(t, "online", m.payload)
	m, _ = watcher.get("rapt/bridge/state")
	assert.NotContains(t, m.payload, "brewer@")
}

func TestTheAccessFileOfTheExamplesIsEnough(t *testing.T) {
	t.Parallel()
	acl, err := os.ReadFile("../../../examples/mosquitto.acl")
	require.NoError(t, err)
	broker := startMosquitto(t, t, mosquittoOptions{
		users: map[string]string{"rapt-bridge": "secret", "homeassistant": "secret", "watcher": "watcher"},
		acl:   string(acl) + "\nuser watcher\ntopic readwrite #\n",
	})
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1, ReportLagMax: -1})
	set := cloud.account().with(settings{"MQTT_URL": broker.url(), "MQTT_USERNAME": "rapt-bridge", "MQTT_PASSWORD": "secret"})
	b := startBridge(t, t, set)
	watcher := newMQTTClient(t, t, broker, "watcher", "watcher")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	home := newMQTTClient(t, t, broker, "homeassistant", "secret")
	kettle := "rapt/brewzilla/" + cloud.device(t, raptsim.BrewZilla).ID
	home.publish(t, kettle+"/pump_utilisation/set", "31", false)
	watcher.waitFor(t, patience, kettle+"/result", taken)
	id := cloud.device(t, raptsim.Still).ID
	cloud.remove(t, id)
	for _, topic := range []string{"homeassistant/device/rapt_" + id + "/config", "rapt/still/" + id + "/state", "rapt/still/" + id + "/availability"} {
		watcher.waitFor(t, patience, topic, equal("")) // in this order
	}
	b.stop(t)
	second := startBridge(t, t, set)
	second.waitForLog(t, patience, "took over from an earlier run")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	for _, log := range []string{b.log(), second.log()} {
		assert.NotContains(t, log, "access rules")
		assert.NotContains(t, log, "level=WARN")
	}
	assert.NotContains(t, broker.logText(t), "Denied PUBLISH from rapt-bridge")
}

// No message of any size takes the program above 64 MiB.
func TestLargeMessagesTakeLittleMemory(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	watcher := newMQTTClient(t, t, broker, "", "")
	large := strings.Repeat("\U0001f37a", 15_000) // 60,000 bytes
	huge := strings.Repeat(large, 50)
	for i := range 40 {
		watcher.publish(t, fmt.Sprintf("rapt/hydrometer/%036d/state", i), large, true)
		watcher.publish(t, fmt.Sprintf("homeassistant/device/%d/config", i), huge, true)
	}
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1, ReportLagMax: -1})
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	kettle := "rapt/brewzilla/" + cloud.device(t, raptsim.BrewZilla).ID
	b.waitForLog(t, patience, "found a device", "external_device")
	for range 200 {
		watcher.publish(t, kettle+"/pump_utilisation/set", large, false)
	}
	for range 25 {
		watcher.publish(t, kettle+"/pump_utilisation/set", huge, false)
	}
	watcher.publish(t, kettle+"/pump_utilisation/set", "31", false)
	watcher.waitFor(t, patience, kettle+"/result", taken)
	out, err := exec.Command("grep", "VmHWM", fmt.Sprintf("/proc/%d/status", b.process.Process.Pid)).Output()
	require.NoError(t, err)
	var peak int
	_, err = fmt.Sscanf(string(out), "VmHWM: %d kB", &peak)
	require.NoError(t, err)
	assert.Less(t, peak, 64<<10)
	t.Logf("peak of memory: %d MiB", peak>>10)
	assert.Less(t, len(b.log()), 20_000)
}
