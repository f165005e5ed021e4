package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// temperatureBlueprints are tests of all blueprints that have to do with a temperature. Their inputs are in °C, whatever
// the home's unit is, and their messages in the home's.
func temperatureBlueprints(t *testing.T, b blueprints) []blueprintTest {
	soon := map[string]string{"date": dateTime}
	shows := func(entity string, accept func(entityState) bool) func(*testing.T) {
		return func(t *testing.T) { b.assistant.waitForState(t, patience, entity, accept) }
	}
	second := map[string]int{"seconds": 1}
	pill, stageless := b.announcePill(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf4", "Bitter Pill"), b.announceStageless(t, "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0bf5", "Mild Pill")
	tests := []blueprintTest{
		{
			blueprint: "temperature-out-of-range", title: "Cellar Thermometer is too warm",
			says:    b.either("is at 35.0 °C; it should be between 4 and 28 °C", "is at 95.0 °F; it should be between 39.2 and 82.4 °F"),
			input:   map[string]any{"thermometer": b.registered(t, "Cellar Thermometer"), "hold": second, "lowest": 4, "highest": 28},
			before:  shows("sensor.cellar_thermometer_temperature", isNumber),
			provoke: func(t *testing.T) { b.set(t, "Cellar Thermometer", "temperature", 35.0) },
		},
		{
			name: "what is out of range already", blueprint: "temperature-out-of-range", title: "Still is too warm",
			says:  b.either("between 4 and 28 °C", "between 39.2 and 82.4 °F"),
			input: map[string]any{"thermometer": b.registered(t, "Still"), "hold": second, "lowest": 4, "highest": 28},
			before: shows("climate.still", func(s entityState) bool {
				v, ok := s.Attributes["current_temperature"].(float64)
				return ok && v > b.degrees(28)
			}),
		},
		{
			// 18.9 °C are 66 °F: out of range for who mistakes one unit for the other.
			name: "what is in range", blueprint: "temperature-out-of-range", never: true,
			input:  map[string]any{"thermometer": b.registered(t, "Fermentation Fridge"), "hold": second, "lowest": 2, "highest": 35},
			before: shows("climate.fermentation_fridge", func(s entityState) bool { _, ok := s.Attributes["current_temperature"].(float64); return ok }),
		},
		{
			blueprint: "mash-step-reached", title: b.either("Sparge Water has reached 78.0 °C", "Sparge Water has reached 172.4 °F"),
			input: map[string]any{"kettle": b.registered(t, "Sparge Water"), "tolerance": 1.0},
			before: func(t *testing.T) {
				b.set(t, "Sparge Water", "temperature", 60.0)
				shows("climate.sparge_water", func(s entityState) bool {
					return s.State == "heat" && near(s.Attributes["current_temperature"], b.degrees(60))
				})(t)
			},
			// 1.8 °F below.
			provoke: func(t *testing.T) { b.cloud.set(t, b.device(t, "Sparge Water").ID, "temperature", 77.05) },
			done: func(t *testing.T) {
				title := b.either("Sparge Water has reached 78.0 °C", "Sparge Water has reached 172.4 °F")
				for _, swing := range []float64{75, 78.2} {
					b.cloud.set(t, b.device(t, "Sparge Water").ID, "temperature", swing)
					shows("climate.sparge_water", func(s entityState) bool { return near(s.Attributes["current_temperature"], b.degrees(swing)) })(t)
				}
				assert.Equal(t, 1, b.assistant.notifications(t, title), "it is told once for each target")
			},
		},
		{
			blueprint: "command-failed", title: "BrewZilla: target temperature was not changed",
			says:  b.either("refused 500 °C.", "refused 500 °C (932.0 °F)."),
			input: map[string]any{"commanded": []string{b.registered(t, "BrewZilla")}},
			provoke: func(t *testing.T) {
				b.watcher.publish(t, discovery.Topics{}.Command(discovery.BrewZilla, b.device(t, "BrewZilla").ID, "target_temperature"), "500", false)
			},
		},
		{
			name: "a refresh that was refused", blueprint: "command-failed", never: true,
			input: map[string]any{"prefix": pill.topics.Prefix},
			provoke: func(t *testing.T) {
				b.watcher.publish(t, pill.topics.Result(discovery.Bridge, ""), `{"key":"refresh","value":"PRESS","outcome":"rejected","error":null}`, false)
			},
		},
		{
			blueprint: "diacetyl-rest", title: "Bitter Pill: diacetyl rest",
			says: b.either("the RAPT Cloud has set Fermentation Fridge to 20.5 °C, which", "to 68.9 °F, which the device takes over when it reports next. It was set to 65.3 °F"),
			input: map[string]any{
				"hydrometer": b.registeredAs(t, "rapt_"+pill.device.ID), "controller": b.registered(t, "Fermentation Fridge"),
				"gravity": 1.016, "temperature": 20.5, "hold": second,
			},
			before: func(t *testing.T) {
				pill.batch(t, b, map[string]any{"stage": "active", "began": time.Now().Add(-72 * time.Hour).UTC().Format(time.RFC3339)})
				shows(pill.entity("sensor", "stage"), state("active"))(t)
			},
			provoke: func(t *testing.T) { pill.gravity(t, b, 1.0142) },
			done:    b.target(t, "Fermentation Fridge", 20.5),
		},
		{
			name: "a diacetyl rest in °F", blueprint: "diacetyl-rest", title: "Bitter Pill: no diacetyl rest", says: "68 and 8",
			input: map[string]any{
				"hydrometer": b.registeredAs(t, "rapt_"+pill.device.ID), "controller": b.registered(t, "Kegerator"),
				"gravity": 1.016, "temperature": 68, "hold": second,
			},
		},
		{
			blueprint: "cold-crash", title: "Stout Heat Belt: cold crash",
			says: b.either("to 2 °C, which the device takes over when it reports next. It was set to 22.5 °C", "the RAPT Cloud has set Stout Heat Belt to 35.6 °F, which"),
			input: map[string]any{
				"hydrometer": b.registeredAs(t, "rapt_"+stageless.device.ID), "controller": b.registered(t, "Stout Heat Belt"),
				"gravity": 1.015, "temperature": 2, "hold": second,
			},
			provoke: func(t *testing.T) { stageless.gravity(t, b, 1.0142) },
			done:    b.target(t, "Stout Heat Belt", 2),
		},
		{
			name: "a cold crash at a date", blueprint: "cold-crash", title: "Kegerator: cold crash",
			says:  b.either("has set Kegerator to 1.5 °C", "has set Kegerator to 34.7 °F"),
			input: map[string]any{"controller": b.registered(t, "Kegerator"), "temperature": 1.5},
			soon:  soon,
			done:  b.target(t, "Kegerator", 1.5),
		},
		{
			blueprint: "submit-readings",
			input: map[string]any{
				"external": b.registered(t, "Cider iSpindel"), "gravity": "sensor.tilt_gravity", "temperature": "sensor.tilt_temperature", "pause": second,
			},
			before: func(t *testing.T) {
				b.assistant.setState(t, "sensor.tilt_gravity", "1050", nil)
				b.assistant.setState(t, "sensor.tilt_temperature", b.either("20", "68"), map[string]any{"unit_of_measurement": b.either("°C", "°F")})
			},
			provoke: func(t *testing.T) { b.assistant.setState(t, "sensor.tilt_gravity", "1047", nil) },
			done:    func(t *testing.T) { b.submitted(t) },
		},
	}
	// What would freeze the beer, what was meant as °F and what is no number is refused.
	for typed, shown := range map[any]string{-2.5: "-2.5", 35.6: "35.6", "cold": "cold", true: "True"} {
		tests = append(tests, blueprintTest{
			name: "a cold crash to " + shown, blueprint: "cold-crash",
			title: "Kegerator: no cold crash", says: ", " + shown + ", is not between -2 and 15 °C",
			input: map[string]any{"controller": b.registered(t, "Kegerator"), "temperature": typed},
			soon:  soon,
			done: func(t *testing.T) {
				for _, r := range b.cloud.requests(t) {
					if r.Method == http.MethodPost && strings.Contains(r.Query, fmt.Sprintf("target=%v", typed)) {
						t.Fatal("it was sent: " + r.Query)
					}
				}
			},
		})
	}
	return tests
}

// submitted waits until the cloud has the readings of a Tilt, and then has them again although they are the same.
func (b blueprints) submitted(t *testing.T) {
	id := b.device(t, "Cider iSpindel").ID
	arrive := func() {
		within(t, look, "the readings in the cloud", func() error {
			g, c := b.cloud.value(t, id, "gravity"), b.cloud.value(t, id, "temperature")
			if !near(g, 1047) || !near(c, 20) {
				return fmt.Errorf("gravity %v, temperature %v", g, c)
			}
			return nil
		})
	}
	arrive()
	b.cloud.set(t, id, "gravity", 1030.0)
	b.assistant.setState(t, "sensor.tilt_gravity", "1047", nil)
	arrive()
}

// quietBlueprints are tests of those that watch for something that should not be, and tell of it once.
func quietBlueprints(t *testing.T, b blueprints, attic, loft raptsim.DeviceSpec) []blueprintTest {
	second := map[string]int{"seconds": 1}
	notified := func(t *testing.T, title, words string) {
		t.Helper()
		within(t, look, title, func() error { return b.assistant.notifiedOf(t, title, words) })
	}
	registered := func(names ...string) (ids []string) {
		for _, name := range names {
			ids = append(ids, b.registered(t, name))
		}
		return ids
	}
	return []blueprintTest{
		{
			name: "a device that is silent already, and then a second", blueprint: "device-silent",
			title: "Loft Thermometer has gone silent", says: "no longer reports",
			input: map[string]any{"hold": second},
			before: func(t *testing.T) {
				b.assistant.waitForState(t, patience, "sensor.attic_thermometer_temperature", isNumber)
				b.silence(t, loft.ID)
				b.assistant.waitForState(t, patience, "sensor.loft_thermometer_temperature", state("unavailable"))
			},
			done: func(t *testing.T) {
				b.silence(t, attic.ID)
				notified(t, "2 devices have gone silent", "Attic Thermometer")
			},
		},
		{
			name: "a second battery", blueprint: "battery-low", title: "Stout Pill: battery is low", says: "Stout Pill is at 12 %",
			input:   map[string]any{"exceptions": registered("Cellar Thermometer")},
			before:  func(t *testing.T) { b.assistant.waitForState(t, patience, "sensor.stout_pill_battery", isNumber) },
			provoke: func(t *testing.T) { b.set(t, "Stout Pill", "battery", 12.0) },
			done: func(t *testing.T) {
				b.set(t, "Mash Thermometer", "battery", 9.0)
				notified(t, "2 devices: battery is low", "Mash Thermometer is at 9 %")
			},
		},
		{
			name: "a battery that is low already", blueprint: "battery-low",
			title: "Cellar Thermometer: battery is low", says: "Cellar Thermometer is at 2",
			input: map[string]any{"exceptions": registered("Stout Pill", "Mash Thermometer"), "level": 30},
			before: func(t *testing.T) {
				b.assistant.waitForState(t, patience, "sensor.cellar_thermometer_battery", isNumber)
			},
		},
		{
			name: "batteries that are left out", blueprint: "battery-low", never: true,
			input: map[string]any{"exceptions": registered("Stout Pill", "Mash Thermometer", "Cellar Thermometer")},
		},
		{
			name: "devices that are left out", blueprint: "device-silent", never: true,
			input: map[string]any{"hold": second, "exceptions": registered("Attic Thermometer", "Loft Thermometer")},
		},
		{
			blueprint: "heating-unseen", title: "A kettle heats unseen", says: "It is: Old Kettle.",
			input: map[string]any{"unseen": "binary_sensor.by_hand_heating_unseen"},
			before: func(t *testing.T) {
				b.watcher.publish(t, "homeassistant/device/unseen_by_hand/config", unseenByHand, true)
				t.Cleanup(func() { b.watcher.publish(t, "homeassistant/device/unseen_by_hand/config", "", true) })
				within(t, patience, "the problem", func() error {
					b.watcher.publish(t, "unseen_by_hand/state", "OFF", false)
					if got := b.assistant.states(t)["binary_sensor.by_hand_heating_unseen"].State; got != "off" {
						return errors.New(got)
					}
					return nil
				})
			},
			provoke: func(t *testing.T) {
				b.watcher.publish(t, "unseen_by_hand/attributes", `{"devices":["Old Kettle"]}`, false)
				b.watcher.publish(t, "unseen_by_hand/state", "ON", false)
			},
		},
	}
}

const unseenByHand = `{"device":{"identifiers":["unseen_by_hand"],"name":"By hand"},"origin":{"name":"test"},"components":{"heating_unseen":{
	"platform":"binary_sensor","unique_id":"by_hand_heating_unseen","default_entity_id":"binary_sensor.by_hand_heating_unseen",
	"device_class":"problem","state_topic":"unseen_by_hand/state","json_attributes_topic":"unseen_by_hand/attributes"}}}`
