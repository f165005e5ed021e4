package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// What a person sets in Home Assistant ends in the cloud's device, and comes back to the entity.
func TestHomeAssistantSetsDevices(t *testing.T) { // not parallel: others set the same devices
	b := sharedBrewery(t)
	for _, c := range []struct {
		name, family, key, domain, service string
		data                               map[string]any
		field                              string
		want                               any // in the cloud
		shown                              func(entityState) bool
	}{
		{"a chamber's target", raptsim.FermentationChamber, "climate", "climate", "set_temperature", map[string]any{"temperature": 17.3},
			"targetTemperature", 17.3, func(s entityState) bool { return s.Attributes["temperature"] == 17.3 }},
		{"a kettle's mode, heat", raptsim.BrewZilla, "climate", "climate", "set_hvac_mode", map[string]any{"hvac_mode": "heat"},
			"heatingEnabled", true, state("heat")},
		{"a kettle's mode, off", raptsim.BrewZilla, "climate", "climate", "set_hvac_mode", map[string]any{"hvac_mode": "off"},
			"heatingEnabled", false, state("off")},
		{"a pump on", raptsim.BrewZilla, "pump_enabled", "switch", "turn_on", nil, "pumpEnabled", true, state("on")},
		{"a pump off", raptsim.BrewZilla, "pump_enabled", "switch", "turn_off", nil, "pumpEnabled", false, state("off")},
		{"heating utilisation", raptsim.BrewZilla, "heating_utilisation", "number", "set_value", map[string]any{"value": 37},
			"heatingUtilisation", 37.0, state("37")},
		{"PID on", raptsim.TemperatureController, "pid_enabled", "switch", "turn_on", nil, "pidEnabled", true, state("on")},
	} {
		t.Run(c.name, func(t *testing.T) {
			device := b.cloud.device(t, c.family)
			entity := b.assistant.entityID(t, "rapt_"+device.ID+"_"+c.key)
			// Home Assistant drops what is asked of an entity that is not available.
			b.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.State != "unavailable" && s.State != "unknown" })
			data := map[string]any{"entity_id": entity}
			for key, value := range c.data {
				data[key] = value
			}
			b.assistant.callService(t, c.domain, c.service, data)
			within(t, patience, "the device", func() error {
				if got := b.cloud.actual(t, device.ID, c.field); got != c.want {
					return fmt.Errorf("%s is %v", c.field, got)
				}
				return nil
			})
			b.assistant.waitForState(t, patience, entity, c.shown)
		})
	}
}

func state(want string) func(entityState) bool {
	return func(s entityState) bool { return s.State == want }
}

func TestARefusedOrFailedCommandLeavesTheOldValueInHomeAssistant(t *testing.T) {
	t.Parallel()
	b := sharedBrewery(t)
	watcher := b.watch(t)
	device := b.cloud.device(t, raptsim.Still)
	topics := discovery.Topics{}
	result := topics.Result(discovery.Still, device.ID)
	before := b.cloud.actual(t, device.ID, "targetTemperature").(float64)
	entity := b.assistant.entityID(t, "rapt_"+device.ID+"_climate")
	old := func(s entityState) bool { got, _ := s.Attributes["temperature"].(float64); return got == before }
	b.assistant.waitForState(t, patience, entity, old)

	for _, payload := range []string{"18,5", "NaN", "5000", "", strings.Repeat("1", 1100)} {
		watcher.publish(t, topics.Command(discovery.Still, device.ID, "target_temperature"), payload, false)
		within(t, patience, fmt.Sprintf("%.10q is refused", payload), func() error { return lastResult(watcher, result, "rejected") })
		watcher.publish(t, result, "", false) // so that the next one is not taken for this one
	}

	remove := b.cloud.inject(t, raptsim.Fault{Path: "/api/Stills/SetTargetTemperature", Status: 400})
	defer remove()
	b.assistant.callService(t, "climate", "set_temperature", map[string]any{"entity_id": entity, "temperature": 33})
	within(t, patience, "it fails", func() error { return lastResult(watcher, result, "failed") })
	b.assistant.waitForState(t, patience, entity, old)
	assert.Equal(t, before, b.cloud.actual(t, device.ID, "targetTemperature"))
}

// lastResult says whether the last result on a topic is an outcome.
func lastResult(watcher *mqttClient, topic, outcome string) error {
	m, ok := watcher.get(topic)
	if !ok {
		return errors.New("no result")
	}
	var got struct{ Outcome, Error string }
	if err := json.Unmarshal([]byte(m.payload), &got); err != nil {
		return err
	}
	if got.Outcome != outcome {
		return fmt.Errorf("it is %s", m.payload)
	}
	return nil
}

// On a broker of their own: whatever a publisher does, the last word counts and no more is sent than needed.
func TestCommandsOverMosquitto(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	watcher := newMQTTClient(t, t, broker, "", "")
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1})
	device := cloud.device(t, raptsim.TemperatureController)
	topics := discovery.Topics{}
	set := topics.Command(discovery.TemperatureController, device.ID, "target_temperature")
	targetIs := func(t *testing.T, want float64) {
		t.Helper()
		within(t, patience, fmt.Sprintf("target %v", want), func() error {
			if got := cloud.actual(t, device.ID, "targetTemperature"); got != want {
				return fmt.Errorf("it is %v", got)
			}
			return nil
		})
	}
	calls := func(t *testing.T) (n int) {
		t.Helper()
		for _, r := range cloud.requests(t) {
			if r.Method == "POST" && !r.SignIn {
				n++
			}
		}
		return n
	}

	watcher.publish(t, set, "11", true)
	b := startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	t.Run("a retained command that waits on the broker is not carried out", func(t *testing.T) {
		assert.Zero(t, calls(t))
		watcher.publish(t, set, "", true)
	})
	for qos := range byte(3) {
		t.Run(fmt.Sprintf("QoS %d with a response topic", qos), func(t *testing.T) {
			want := 12 + float64(qos)
			watcher.send(t, &paho.Publish{Topic: set, Payload: []byte(fmt.Sprint(want)), QoS: qos, Properties: &paho.PublishProperties{
				ResponseTopic: "answers/here", CorrelationData: []byte(fmt.Sprint("request ", qos)),
			}})
			targetIs(t, want)
			within(t, patience, "the answer", func() error {
				m, ok := watcher.get("answers/here")
				if !ok || string(m.reply) != fmt.Sprint("request ", qos) {
					return fmt.Errorf("the last is %q for %q", m.payload, m.reply)
				}
				if !taken(m.payload) {
					return fmt.Errorf("it is %s", m.payload)
				}
				return nil
			})
		})
	}
	t.Run("two hundred in a burst are few calls, and the last counts", func(t *testing.T) {
		before := calls(t)
		for i := range 200 {
			watcher.send(t, &paho.Publish{Topic: set, Payload: []byte(fmt.Sprintf("%.1f", float64(i+1)/10))})
		}
		targetIs(t, 20)
		assert.Less(t, calls(t)-before, 200)
		t.Logf("%d calls", calls(t)-before)
	})
	t.Run("a broker that restarts between a command and its outcome", func(t *testing.T) {
		// The call takes longer than the broker's restart.
		defer cloud.inject(t, raptsim.Fault{Path: "/api/TemperatureControllers/SetTargetTemperature", Delay: 3 * time.Second})()
		watcher.publish(t, set, "9.5", false)
		broker.restart(t)
		targetIs(t, 9.5)
		watcher.waitFor(t, patience, topics.State(discovery.TemperatureController, device.ID),
			func(p string) bool { return strings.Contains(p, `"target_temperature":9.5,`) })
	})
	require.True(t, b.running())
}
