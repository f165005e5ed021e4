package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTopicsAreThoseOfTheDesign(t *testing.T) {
	plain, moved := Topics{}, Topics{Prefix: "home/rapt", DiscoveryPrefix: "ha"}
	for _, c := range []struct{ want, got string }{
		{"rapt/bridge/availability", plain.BridgeAvailability()},
		{"rapt/bridge/state", plain.BridgeState()},
		{"rapt/bridge/marker", plain.BridgeMarker()},
		{"rapt/bridge/refresh/set", plain.BridgeCommand("refresh")},
		{"rapt/still/x/state", plain.State(Still, "x")},
		{"rapt/still/x/availability", plain.Availability(Still, "x")},
		{"rapt/still/x/pump_enabled/set", plain.Command(Still, "x", "pump_enabled")},
		{"rapt/still/x/result", plain.Result(Still, "x")},
		{"rapt/still/x/telemetry", plain.Telemetry(Still, "x")},
		{"rapt/still/x/history", plain.History(Still, "x")},
		{"rapt/hydrometer/x/batch", plain.Batch(Hydrometer, "x")},
		{"rapt/hydrometer/x/batch/event", plain.BatchEvent(Hydrometer, "x")},
		{"rapt/hydrometer/x/batch/7", plain.EndedBatch(Hydrometer, "x", 7)},
		{"homeassistant/device/rapt_x/config", plain.Config("x")},
		{"homeassistant/device/rapt_bridge/config", plain.BridgeConfig()},
		{"homeassistant/device/+/config", plain.ConfigFilter()},
		{"homeassistant/status", plain.HAStatus()},
		{"home/rapt/bridge/state", moved.BridgeState()},
		{"home/rapt/still/x/pump_enabled/set", moved.Command(Still, "x", "pump_enabled")},
		{"ha/device/rapt_x/config", moved.Config("x")},
		{"ha/status", moved.HAStatus()},
	} {
		assert.Equal(t, c.want, c.got)
	}
	assert.Equal(t, []string{"home/rapt/+/+/+/set", "home/rapt/bridge/+/set"}, moved.CommandFilters())
}

func TestEveryCommandTopicIsReadBack(t *testing.T) {
	for _, topics := range []Topics{{}, {Prefix: "home/rapt"}, {Prefix: "bridge"}} {
		for _, f := range Families() {
			for _, e := range Commands(f) {
				family, device, key, ok := topics.ParseCommand(topics.Command(f, id, e.Key))
				assert.True(t, ok)
				assert.Equal(t, []string{string(f), id, e.Key}, []string{string(family), device, key})
			}
		}
		family, device, key, ok := topics.ParseCommand(topics.BridgeCommand("refresh"))
		assert.True(t, ok)
		assert.Equal(t, []string{"bridge", "", "refresh"}, []string{string(family), device, key})
	}
}

func TestOtherTopicsAreNoCommands(t *testing.T) {
	for _, topic := range []string{
		"", "/", "set", "rapt", "rapt/", "rapt/set", "rapt//set", "rapt/bridge/set", "rapt/bridge//set",
		"rapt/still/x/set", "rapt/still//pump_enabled/set", "rapt/still/x//set", "rapt/still/x/pump_enabled",
		"rapt/still/x/pump_enabled/set/", "/rapt/still/x/pump_enabled/set", "rapt/still/x/y/pump_enabled/set",
		"rapt/kettle/x/pump_enabled/set", "rapt/bridge/x/refresh/set", "rapt/still/+/pump_enabled/set",
		"rapt/still/x/#/set", "rapt/Still/x/pump_enabled/set", "raptor/still/x/pump_enabled/set",
		"rapt/still/x/state", "rapt/still/x/result", "rapt/still/\xff/pump_enabled/set", "home/rapt/still/x/pump_enabled/set",
	} {
		_, _, _, ok := Topics{}.ParseCommand(topic)
		assert.False(t, ok, topic)
	}
}

func TestConfigTopicsAreReadBack(t *testing.T) {
	for _, topics := range []Topics{{}, {DiscoveryPrefix: "a/b"}} {
		object, ok := topics.ParseConfig(topics.Config(id))
		assert.True(t, ok)
		assert.Equal(t, "rapt_"+id, object)
	}
	for _, topic := range []string{
		"", "homeassistant/device/config", "homeassistant/device//config", "homeassistant/device/a/b/config",
		"homeassistant/sensor/a/config", "homeassistant/device/a", "homeassistant/device/a b/config", "homeassistant/status",
	} {
		_, ok := Topics{}.ParseConfig(topic)
		assert.False(t, ok, topic)
	}
}

func TestIdsStayLegalForHomeAssistant(t *testing.T) {
	for _, device := range []string{id, "A/b+c#d", "ü", "", " "} {
		object, ok := Topics{}.ParseConfig(Topics{}.Config(device))
		assert.True(t, ok, device)
		assert.Regexp(t, `^[a-zA-Z0-9_-]+$`, object)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add("rapt", "rapt/still/"+id+"/pump_enabled/set")
	f.Add("rapt", "rapt/bridge/refresh/set")
	f.Add("home/rapt", "home/rapt/brewzilla/x/target_temperature/set")
	f.Add("", "rapt//x//set")
	f.Fuzz(func(t *testing.T, prefix, topic string) {
		topics := Topics{Prefix: prefix}
		family, device, key, ok := topics.ParseCommand(topic)
		switch {
		case !ok:
			assert.Empty(t, string(family)+device+key)
		case family == Bridge:
			assert.Equal(t, topic, topics.BridgeCommand(key))
		default:
			assert.Equal(t, topic, topics.Command(family, device, key))
			assert.False(t, strings.ContainsAny(device+key, "/+#"))
			assert.Contains(t, Families(), family)
		}
	})
}

func TestParseStateIsTheReverseOfState(t *testing.T) {
	for _, topics := range []Topics{{}, {Prefix: "home/rapt"}} {
		for _, f := range Families() {
			family, id, ok := topics.ParseState(topics.State(f, "abc-1"))
			assert.True(t, ok)
			assert.Equal(t, f, family)
			assert.Equal(t, "abc-1", id)
		}
		for _, topic := range []string{"", "rapt", "rapt/bridge/state", "rapt/still//state", "rapt/still/a/b/state", "rapt/fridge/a/state", "other/still/a/state", "rapt/still/a/states", "rapt/still/a/availability"} {
			_, _, ok := topics.ParseState(topic)
			assert.False(t, ok, topic)
		}
	}
}

func TestTopicsOfBatchesAreReadBack(t *testing.T) {
	for _, topics := range []Topics{{}, {Prefix: "home/rapt"}} {
		family, device, ok := topics.ParseBatch(topics.Batch(ExternalDevice, id))
		assert.True(t, ok)
		assert.Equal(t, []string{"external_device", id}, []string{string(family), device})
		family, device, number, ok := topics.ParseEndedBatch(topics.EndedBatch(Hydrometer, id, 12))
		assert.True(t, ok)
		assert.Equal(t, []string{"hydrometer", id}, []string{string(family), device})
		assert.Equal(t, 12, number)
	}
	for _, topic := range []string{
		"", "/", "7", "rapt/hydrometer/x/batch", "rapt/hydrometer/x/batch/", "rapt/hydrometer/x/batch/event", "rapt/hydrometer/x/batch/0", "rapt/hydrometer/x/batch/-1",
		"rapt/hydrometer/x/batch/+1", "rapt/hydrometer/x/batch/01", "rapt/hydrometer/x/batch/1.5", "rapt/hydrometer/x/batch/99999999999999999999", "rapt/hydrometer/x/state/7",
		"rapt/fridge/x/batch/7", "rapt/hydrometer//batch/7", "rapt/hydrometer/x/y/batch/7", "other/hydrometer/x/batch/7",
	} {
		_, _, _, ok := Topics{}.ParseEndedBatch(topic)
		assert.False(t, ok, topic)
	}
}
