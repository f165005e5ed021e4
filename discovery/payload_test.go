package discovery

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSameFactsGiveTheSameBytes(t *testing.T) {
	for _, f := range Families() {
		want := Config(options, example(f))
		for range 20 {
			assert.True(t, bytes.Equal(want, Config(options, example(f))), f)
		}
	}
	assert.Equal(t, BridgeConfig(options), BridgeConfig(options))
}

func TestDevicesHangOnTheBridge(t *testing.T) {
	bridge := parse(t, BridgeConfig(options))
	for _, f := range Families() {
		m := parse(t, Config(options, example(f)))
		assert.Contains(t, bridge.Device["identifiers"], m.Device["via_device"], f)
		assert.Equal(t, []any{"rapt_" + id}, m.Device["identifiers"])
		assert.Equal(t, []map[string]any{{"topic": options.BridgeAvailability()}, {"topic": options.Availability(f, id)}}, m.Availability)
		assert.Equal(t, options.State(f, id), m.StateTopic)
	}
	assert.Equal(t, []any{"rapt_bridge"}, bridge.Device["identifiers"])
	assert.Equal(t, []map[string]any{{"topic": options.BridgeAvailability()}}, bridge.Availability)
	assert.Equal(t, options.BridgeState(), bridge.StateTopic)
}

func TestEachPrefixHasABridgeOfItsOwn(t *testing.T) {
	seen := map[string][]string{}
	for prefix, want := range map[string]string{"": "bridge", "rapt": "bridge", "cellar": "bridge_cellar", "home/rapt": "", "home-rapt": "", "home_rapt": "", "keller/ü": ""} {
		o := options
		o.Prefix = prefix
		if want != "" {
			assert.Equal(t, want, o.BridgeID())
		}
		config := BridgeConfig(o)
		bridge := parse(t, config)
		assert.Equal(t, []any{"rapt_" + o.BridgeID()}, bridge.Device["identifiers"])
		assert.Equal(t, "rapt_"+o.BridgeID(), parse(t, Config(o, example(Still))).Device["via_device"])
		object, ok := o.ParseConfig(o.BridgeConfig())
		assert.True(t, ok, prefix)
		assert.Equal(t, "rapt_"+o.BridgeID(), object)
		for unique := range AnnouncedEntityIDs(config) {
			assert.True(t, strings.HasPrefix(unique, "rapt_"+o.BridgeID()+"_"), unique)
		}
		seen[o.BridgeID()] = append(seen[o.BridgeID()], prefix)
	}
	for id, prefixes := range seen {
		assert.True(t, len(prefixes) == 1 || id == "bridge", "%s is the bridge of %v", id, prefixes)
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	m := parse(t, Config(Options{}, Device{Family: Hydrometer, ID: id, Firmware: " ", SerialNumber: "\n"}))
	for _, key := range []string{"sw_version", "serial_number", "connections"} {
		assert.NotContains(t, m.Device, key)
	}
	assert.Equal(t, map[string]any{"name": "rapt-bridge"}, m.Origin)
}

func TestPrefixesAreUsedThroughout(t *testing.T) {
	o := Options{Topics: Topics{Prefix: "home/brew", DiscoveryPrefix: "ha"}}
	for _, f := range Families() {
		assert.NotContains(t, string(Config(o, example(f))), `"rapt/`, f)
	}
	assert.NotContains(t, string(BridgeConfig(o)), `"rapt/`)
}

func TestOwnPayloadsAreKnownAgain(t *testing.T) {
	everyPayload(t, func(t *testing.T, _ Family, payload []byte) { assert.True(t, Own(payload)) })
	assert.True(t, Own([]byte(`{"origin":{"name":"rapt-bridge"}}`)), "whatever else a version of it said")
}

func TestForeignPayloadsAreNotOurs(t *testing.T) {
	for _, payload := range []string{
		"", " ", "null", "true", "7", `"rapt-bridge"`, "[]", "{}", "not JSON", "{", `{"origin":null}`, `{"origin":"rapt-bridge"}`,
		`{"origin":["rapt-bridge"]}`, `{"origin":{}}`, `{"origin":{"name":null}}`, `{"origin":{"name":["rapt-bridge"]}}`,
		`{"origin":{"name":"Zigbee2MQTT"}}`, `{"origin":{"name":"RAPT-Bridge"}}`, `{"origin":{"name":"rapt-bridge "}}`,
		`{"origin":{"Name":"rapt-bridge"}}`, `{"Origin":{"name":"rapt-bridge"}}`, `{"device":{"name":"rapt-bridge"},"o":{"name":"x"}}`,
		`{"origin":{"name":"rapt-bridge"}} trailing`, `{"origin":{"name":"rapt-bridge"}`, "\xff\xfe",
		strings.Repeat("[", 100000),
	} {
		assert.False(t, Own([]byte(payload)), "%.60s", payload)
	}
	assert.False(t, Own(nil))
}

func BenchmarkConfig(b *testing.B) {
	for _, f := range []Family{BondedDevice, FermentationChamber} {
		b.Run(string(f), func(b *testing.B) {
			d := example(f)
			b.ReportAllocs()
			for b.Loop() {
				Config(options, d)
			}
		})
	}
}
