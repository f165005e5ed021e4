package discovery

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Home Assistant 2026.11 accepts, read from its schemas. An unknown key at the root, in device or in origin
// rejects the whole device; one in a component is dropped without a word.
const (
	rootKeys   = "availability availability_mode availability_template availability_topic command_topic components device encoding message_expiry_interval origin payload_available payload_not_available qos state_topic"
	deviceKeys = "configuration_url connections hw_version identifiers manufacturer model model_id name serial_number suggested_area sw_version via_device"
	originKeys = "name support_url sw_version"
	commonKeys = "platform availability availability_mode availability_template availability_topic default_entity_id device enabled_by_default encoding entity_category entity_picture icon json_attributes_template json_attributes_topic message_expiry_interval name origin payload_available payload_not_available qos unique_id visible_by_default"
)

// ownKeys are those of a platform beside the common ones.
var ownKeys = map[string]string{
	Sensor:       "device_class expire_after force_update last_reset_value_template options state_class state_topic suggested_display_precision unit_of_measurement value_template",
	BinarySensor: "device_class expire_after force_update off_delay payload_off payload_on state_topic value_template",
	Switch:       "command_template command_topic device_class optimistic payload_off payload_on retain state_off state_on state_topic value_template",
	Number:       "command_template command_topic device_class max min mode optimistic payload_reset retain state_topic step unit_of_measurement value_template",
	Climate: "action_template action_topic current_humidity_template current_humidity_topic current_temperature_template current_temperature_topic initial max_temp min_temp " +
		"mode_command_template mode_command_topic mode_state_template mode_state_topic modes optimistic payload_off payload_on power_command_template power_command_topic precision retain " +
		"temp_step temperature_command_template temperature_command_topic temperature_state_template temperature_state_topic temperature_unit value_template",
	Event:  "device_class event_types state_topic value_template",
	Text:   "command_template command_topic max min mode pattern retain state_topic value_template",
	Button: "command_template command_topic device_class payload_press retain",
}

// requiredKeys are those that a platform can't be without; the state topic may come from the root.
var requiredKeys = map[string]string{
	Sensor:       "state_topic value_template",
	BinarySensor: "state_topic value_template",
	Switch:       "state_topic value_template command_topic",
	Number:       "state_topic value_template command_topic min max step mode",
	Climate: "modes mode_state_topic mode_state_template action_topic action_template current_temperature_topic current_temperature_template " +
		"temperature_state_topic temperature_state_template min_temp max_temp temp_step precision temperature_unit",
	Event:  "state_topic value_template event_types",
	Text:   "state_topic value_template command_topic min max",
	Button: "command_topic payload_press",
}

// class is a device class of Home Assistant's sensors: the units and state classes that go with it.
type class struct{ units, stateClasses string }

var sensorClasses = map[string]class{
	"battery":           {"%", "measurement"},
	"duration":          {"d h min s ms μs", "measurement total total_increasing"},
	"enum":              {},
	"power":             {"mW W kW MW GW TW", "measurement"},
	"signal_strength":   {"dB dBm", "measurement"},
	"temperature":       {"°C °F K", "measurement"},
	"temperature_delta": {"°C °F K", "measurement"},
	"timestamp":         {},
}

var binarySensorClasses = []string{"connectivity", "running", "update", "problem", "power", "heat", "cold"}

// everyPayload calls check with each payload that the package can make: families, bridge, read-only or not.
func everyPayload(t *testing.T, check func(t *testing.T, f Family, payload []byte)) {
	for _, readOnly := range []bool{false, true} {
		o := options
		o.ReadOnly = readOnly
		for _, f := range append(Families(), Bridge) {
			name := string(f)
			if readOnly {
				name += " read only"
			}
			t.Run(name, func(t *testing.T) {
				if f == Bridge {
					check(t, f, BridgeConfig(o))
				} else {
					check(t, f, Config(o, example(f)))
				}
			})
		}
	}
}

func assertKeys(t *testing.T, object map[string]any, allowed, what string) {
	t.Helper()
	assert.Subset(t, strings.Fields(allowed), slices.Sorted(maps.Keys(object)), what)
}

func TestHomeAssistantTakesEveryKey(t *testing.T) {
	everyPayload(t, func(t *testing.T, _ Family, payload []byte) {
		root := expanded(t, payload)
		assertKeys(t, root, rootKeys, "root")
		assertKeys(t, root["device"].(map[string]any), deviceKeys, "device")
		assertKeys(t, root["origin"].(map[string]any), originKeys, "origin")
		for _, a := range root["availability"].([]any) {
			assertKeys(t, a.(map[string]any), "topic payload_available payload_not_available value_template", "availability")
		}
		assert.Equal(t, "all", root["availability_mode"])
		for key, c := range parse(t, payload).Components {
			platform := c["platform"].(string)
			require.Contains(t, ownKeys, platform)
			assert.Regexp(t, `^[a-zA-Z0-9_-]+$`, key)
			assertKeys(t, c, commonKeys+" "+ownKeys[platform], key)
			if len(c) == 1 {
				continue // a component that goes away
			}
			if _, its := c["state_topic"]; !its {
				c["state_topic"] = root["state_topic"]
			}
			_, classed := c["device_class"]
			_, named := c["name"]
			assert.True(t, classed || named, "%s is named by its class or by us", key)
			for _, required := range strings.Fields("unique_id default_entity_id " + requiredKeys[platform]) {
				assert.Contains(t, c, required, key)
			}
		}
	})
}

func TestHomeAssistantTakesEveryValue(t *testing.T) {
	everyPayload(t, func(t *testing.T, f Family, payload []byte) {
		for key, c := range parse(t, payload).Components {
			text := func(k string) string { s, _ := c[k].(string); return s }
			deviceClass, unit, stateClass := text("device_class"), text("unit_of_measurement"), text("state_class")
			switch c["platform"] {
			case Sensor:
				rules, classed := sensorClasses[deviceClass]
				require.True(t, classed || deviceClass == "", "%s: device class %s", key, deviceClass)
				if classed && len(c) > 1 {
					assert.Equal(t, rules.units != "", slices.Contains(strings.Fields(rules.units), unit), "%s: %s in %q", key, deviceClass, unit)
				}
				if classed && stateClass != "" {
					assert.Contains(t, strings.Fields(rules.stateClasses), stateClass, key)
				}
				assert.Equal(t, deviceClass == "enum", c["options"] != nil, key)
				assert.NotEqual(t, Setting, c["entity_category"], key)
			case BinarySensor:
				if deviceClass != "" {
					assert.Contains(t, binarySensorClasses, deviceClass, key)
				}
				assert.NotEqual(t, Setting, c["entity_category"], key)
			case Number:
				if len(c) > 1 {
					assert.Less(t, c["min"], c["max"], key)
					assert.GreaterOrEqual(t, c["step"], 0.001, key)
					assert.Contains(t, []string{"box", "slider", "auto"}, c["mode"], key)
				}
			case Climate:
				assert.Nil(t, c["name"], "the main entity goes by the device's name")
				assert.Less(t, c["min_temp"], c["max_temp"])
				assert.Equal(t, []any{0.1, 0.1, "C"}, []any{c["temp_step"], c["precision"], c["temperature_unit"]})
				assert.IsType(t, []any{}, c["modes"])
				assert.Subset(t, []any{"heat_cool", "heat", "cool", "off"}, c["modes"])
			}
			if icon := text("icon"); icon != "" {
				assert.Regexp(t, `^mdi:[a-z0-9-]+$`, icon, key)
			}
			if category := text("entity_category"); category != "" {
				assert.Contains(t, []string{Diagnostic, Setting}, category, key)
			}
			if len(c) == 1 {
				continue
			}
			domain, object, _ := strings.Cut(c["default_entity_id"].(string), ".")
			assert.Equal(t, c["platform"], domain, key)
			assert.Regexp(t, `^[a-z0-9]+(_[a-z0-9]+)*$`, object, key)
		}
		assert.Less(t, len(payload), 24<<10, "a payload that a broker with small limits still takes")
	})
}

func TestTemplatesReadTheMemberOfTheirKey(t *testing.T) {
	members := regexp.MustCompile(`\.get\('([a-z_]+)'\)`)
	everyPayload(t, func(t *testing.T, f Family, payload []byte) {
		key := map[string]string{}
		for _, e := range Entities(f) {
			key[e.Key] = e.DocumentKey()
		}
		for id, c := range parse(t, payload).Components {
			for k, v := range c {
				template, _ := v.(string)
				if !strings.HasSuffix(k, "_template") || strings.Contains(k, "command") || c["platform"] == Event {
					continue
				}
				assert.Equal(t, strings.Count(template, "{"), strings.Count(template, "}"), template)
				found := members.FindStringSubmatch(template)
				require.Len(t, found, 2, template)
				if k == "value_template" {
					assert.Equal(t, key[strings.TrimSuffix(id, "_read_only")], found[1])
				}
			}
		}
	})
}

func TestReadOnlyHasNoCommandTopic(t *testing.T) {
	o := options
	o.ReadOnly = true
	for _, f := range Families() {
		payload := Config(o, example(f))
		assert.NotContains(t, string(payload), "command_topic", f)
		assert.NotContains(t, string(payload), "/set", f)
		assert.NotContains(t, string(payload), "/result", f)

		components, normal := parse(t, payload).Components, parse(t, Config(options, example(f))).Components
		for _, e := range Entities(f) {
			stand := components[e.Key+"_read_only"]
			switch e.Platform {
			case Switch:
				assert.Equal(t, BinarySensor, stand["platform"], e.Key)
			case Number:
				assert.Equal(t, Sensor, stand["platform"], e.Key)
			case Text:
				assert.Equal(t, Sensor, stand["platform"], e.Key)
			case Button:
				assert.Equal(t, map[string]any{"platform": Button}, components[e.Key])
				continue
			case Event:
				if e.Document == BatchDocument {
					assert.Equal(t, normal[e.Key], components[e.Key], "it tells of no command")
					continue
				}
				assert.Equal(t, map[string]any{"platform": Event}, components[e.Key])
				continue
			default:
				assert.Nil(t, stand, e.Key)
				for _, c := range []map[string]any{normal[e.Key], components[e.Key]} { // a kettle's modes are fewer
					maps.DeleteFunc(c, func(k string, _ any) bool {
						return strings.Contains(k, "command_") || k == "modes" || k == "mode_state_template"
					})
				}
				assert.Equal(t, normal[e.Key], components[e.Key], "what does not command is as it was")
				continue
			}
			assert.Equal(t, map[string]any{"platform": e.Platform}, components[e.Key], "Home Assistant forgets the one that commands")
			assert.Equal(t, map[string]any{"platform": stand["platform"]}, normal[e.Key+"_read_only"], "and the one that shows when commands are back")
			assert.Equal(t, "rapt_"+id+"_"+e.Key, stand["unique_id"])
		}
	}
	assert.NotContains(t, string(BridgeConfig(o)), "command_topic")
}

func TestEveryCommandTopicInAPayloadIsACommand(t *testing.T) {
	everyPayload(t, func(t *testing.T, f Family, payload []byte) {
		commands := map[string]bool{}
		for _, e := range Commands(f) {
			commands[e.Key] = true
		}
		for _, c := range parse(t, payload).Components {
			for k, v := range c {
				if !strings.HasSuffix(k, "command_topic") {
					continue
				}
				family, device, key, ok := options.ParseCommand(v.(string))
				assert.True(t, ok, v)
				assert.Equal(t, f, family)
				assert.True(t, commands[key], key)
				if f != Bridge {
					assert.Equal(t, id, device)
				}
			}
		}
	})
}
