package e2e

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A home in °F: what Home Assistant shows is in its unit, what the RAPT Cloud gets is in °C, and so are the inputs of the
// blueprints.
func TestAHomeInFahrenheit(t *testing.T) {
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{fahrenheit: true})
	b := blueprints{brewery: startBrewery(t, t, h, raptsim.Options{CommandDelay: -1, ReportLagMax: -1}), fahrenheit: true}
	b.watcher = b.watch(t)
	mirrored(t, b.watcher, "rapt", len(b.cloud.devices(t)))
	mark := h.assistant.mark(t)

	t.Run("temperatures are shown in °F", func(t *testing.T) {
		for _, name := range []string{"Fermentation Fridge", "Sparge Water"} {
			device := b.device(t, name)
			d := announced{family: discovery.Family(device.Family), id: device.ID, name: device.Name}
			sensor, climate := h.assistant.entityID(t, d.uniqueID("temperature")), h.assistant.entityID(t, d.uniqueID("climate"))
			within(t, patience, name, func() error {
				document, states := document(t, b.watcher, d), h.assistant.states(t)
				var shown float64
				_, _ = fmt.Sscan(states[sensor].State, &shown)
				return errors.Join(
					differs(fmt.Sprint(states[sensor].Attributes["unit_of_measurement"]), "°F"),
					fahrenheitWrong(shown, document["temperature"]),
					fahrenheitWrong(states[climate].Attributes["current_temperature"], document["temperature"]),
					fahrenheitWrong(states[climate].Attributes["temperature"], document["target_temperature"]),
					fahrenheitWrong(states[climate].Attributes["max_temp"], document["max_target_temperature"]),
				)
			})
		}
	})
	t.Run("a target in °F reaches the cloud in °C", func(t *testing.T) {
		fridge := b.device(t, "Fermentation Fridge")
		old := b.cloud.actual(t, fridge.ID, "targetTemperature")
		entity := h.assistant.entityID(t, "rapt_"+fridge.ID+"_climate")
		h.assistant.callService(t, "climate", "set_temperature", map[string]any{"entity_id": entity, "temperature": 66})
		within(t, patience, "the call", func() error {
			sent, err := b.sentTargets(t)
			if err == nil && (len(sent) != 1 || math.Round(sent[0]*100) != 1889) {
				return fmt.Errorf("sent: %v °C", sent)
			}
			return err
		})
		h.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.Attributes["temperature"] == 66.0 })

		// 67 °F are no tenths of a degree Celsius.
		h.assistant.callService(t, "climate", "set_temperature", map[string]any{"entity_id": entity, "temperature": 67})
		h.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.Attributes["temperature"] == 67.0 })
		sensor := h.assistant.entityID(t, "rapt_"+fridge.ID+"_target_temperature")
		h.assistant.waitForState(t, patience, sensor, func(s entityState) bool {
			shown, err := strconv.ParseFloat(s.State, 64)
			return err == nil && math.Abs(shown-67) < 0.02
		})

		// What was set is shown for 90 s, as the cloud is slow to show what it takes.
		b.cloud.set(t, fridge.ID, "targetTemperature", old)
		h.assistant.waitForState(t, 90*time.Second+patience, entity, func(s entityState) bool { return s.Attributes["temperature"] == 65.3 })
	})
	t.Run("a percentage stays one", func(t *testing.T) {
		kettle := b.device(t, "Sparge Water")
		entity := h.assistant.entityID(t, "rapt_"+kettle.ID+"_heating_utilisation")
		h.assistant.callService(t, "number", "set_value", map[string]any{"entity_id": entity, "value": 66})
		within(t, patience, "the kettle", func() error {
			if got := b.cloud.actual(t, kettle.ID, "heatingUtilisation"); got != 66.0 {
				return fmt.Errorf("it is %v", got)
			}
			return nil
		})
		h.assistant.waitForState(t, patience, entity, state("66"))
	})
	t.Run("the dashboard shows °F alone", func(t *testing.T) {
		content := exampleDashboard(t)
		allThere(t, h, content)
		h.assistant.addDashboard(t, "example-brewery", content)
		tab := startChromium(t, t, h.network).tab(t, desktop)
		h.assistant.signIn(t, tab)
		assert.Empty(t, h.assistant.shownWhole(t, tab, "/example-brewery/fermentation", cardCount(t, content)["fermentation"]))
		text, err := visibleText(tab)
		require.NoError(t, err)
		assert.Contains(t, text, "°F")
		assert.NotContains(t, text, "°C")
		require.NoError(t, chromedp.Cancel(tab))
	})

	b.install(t)
	watching := b.watching(t)
	tests := slices.Concat(temperatureBlueprints(t, b), batchBlueprints(t, b), watching)
	b.run(t, tests)
	t.Run("what was told is not told again after a restart of Home Assistant", func(t *testing.T) {
		before := map[string]any{}
		for i, test := range tests {
			entity := fmt.Sprintf("automation.test_%d_of_%s", i, strings.ReplaceAll(test.blueprint, "-", "_"))
			before[entity] = h.assistant.states(t)[entity].Attributes["last_triggered"]
		}
		control := fmt.Sprintf("automation.test_%d_of_temperature_out_of_range", len(tests)-1)
		require.NotNil(t, before[control])
		h.assistant.restart(t)
		// It may tell the same at once, so it shows when the others had their chance.
		within(t, look, "the automation that may tell again", func() error {
			if now := h.assistant.states(t)[control].Attributes["last_triggered"]; now == nil || now == before[control] {
				return fmt.Errorf("it ran at %v", now)
			}
			return nil
		})
		states := h.assistant.states(t)
		for entity, triggered := range before {
			if entity != control {
				assert.Equal(t, triggered, states[entity].Attributes["last_triggered"], entity)
			}
		}
	})
	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}

// watching are blueprints that watch for something that is so already, and the last of them tells it as often as it can.
func (b blueprints) watching(t *testing.T) []blueprintTest {
	second := map[string]int{"seconds": 1}
	return []blueprintTest{
		{
			name: "a battery that is low", blueprint: "battery-low", title: "Cellar Thermometer: battery is low",
			input: map[string]any{"level": 30},
			before: func(t *testing.T) {
				b.assistant.waitForState(t, patience, "sensor.cellar_thermometer_battery", isNumber)
			},
		},
		{
			// Its last activity is known although it is silent.
			name: "a device that is silent", blueprint: "device-silent", title: "Barn Thermometer has gone silent",
			input: map[string]any{"hold": second},
			before: func(t *testing.T) {
				b.watcher.publish(t, "barn/availability", "offline", true)
				b.watcher.publish(t, "barn/last_activity", time.Now().Add(-5*time.Hour).UTC().Format(time.RFC3339), true)
				b.watcher.publish(t, "homeassistant/device/barn/config", barnByHand, true)
				b.assistant.waitForState(t, patience, "sensor.barn_thermometer_temperature", state("unavailable"))
			},
		},
		{
			name: "one that tells it as often as it can", blueprint: "temperature-out-of-range", title: "Mash Thermometer is too warm",
			input: map[string]any{"thermometer": b.registered(t, "Mash Thermometer"), "hold": second, "lowest": 4, "highest": 28, "quiet": 0},
			before: func(t *testing.T) {
				b.assistant.waitForState(t, patience, "sensor.mash_thermometer_temperature", isNumber)
			},
		},
	}
}

const barnByHand = `{"device":{"identifiers":["barn"],"name":"Barn Thermometer","manufacturer":"KegLand","model":"RAPT Bonded Device",
	"via_device":"rapt_bridge"},"origin":{"name":"test"},"components":{
	"temperature":{"platform":"sensor","unique_id":"barn_temperature","default_entity_id":"sensor.barn_thermometer_temperature",
		"device_class":"temperature","unit_of_measurement":"°C","state_topic":"barn/temperature","availability_topic":"barn/availability"},
	"last_activity":{"platform":"sensor","unique_id":"barn_last_activity","name":"Last activity",
		"default_entity_id":"sensor.barn_thermometer_last_activity","device_class":"timestamp","state_topic":"barn/last_activity"}}}`

// sentTargets are the targets of the fermentation chambers that the cloud was sent, °C.
func (b blueprints) sentTargets(t testing.TB) (targets []float64, err error) {
	t.Helper()
	for _, r := range b.cloud.requests(t) {
		if r.Method == http.MethodPost && r.Path == "/api/FermentationChambers/SetTargetTemperature" {
			query, err := url.ParseQuery(r.Query)
			if err != nil {
				return nil, err
			}
			var target float64
			if _, err := fmt.Sscan(query.Get("target"), &target); err != nil {
				return nil, err
			}
			targets = append(targets, target)
		}
	}
	if len(targets) == 0 {
		return nil, errors.New("none")
	}
	return targets, nil
}

// fahrenheitWrong says in what a value that Home Assistant shows differs from a document's, which is in °C. Home Assistant
// rounds to a tenth of a degree. What the document doesn't have counts as right.
func fahrenheitWrong(shown, document any) error {
	celsius, known := document.(float64)
	if !known {
		return nil
	}
	if f, ok := shown.(float64); !ok || math.Abs(f-(celsius*1.8+32)) > 0.06 {
		return fmt.Errorf("%v °F instead of %v °C", shown, celsius)
	}
	return nil
}
