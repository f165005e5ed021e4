package e2e

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

const byHand = `{"device":{"identifiers":["by_hand"],"name":"By hand","manufacturer":"Nobody"},"origin":{"name":"test"},
	"components":{"gravity":{"platform":"sensor","unique_id":"by_hand_gravity","name":"Gravity",
	"default_entity_id":"sensor.by_hand_gravity","state_class":"measurement","unit_of_measurement":"SG",
	"suggested_display_precision":4,"state_topic":"by_hand/state","value_template":"{{ value_json.gravity }}"}}}`

// What these tests conclude from Home Assistant holds for a device that was announced by hand: it is there, its value is
// right, a mistake in a config is complained about, and it leaves when its config does.
func TestHomeAssistantTellsWhatWasAnnounced(t *testing.T) {
	h := sharedHome(t)
	c := h.watch(t)
	mark := h.assistant.mark(t)
	c.publish(t, "homeassistant/device/by_hand/config", byHand, true)
	c.publish(t, "by_hand/state", `{"gravity":1.0485}`, true)
	h.assistant.waitForState(t, patience, "sensor.by_hand_gravity", func(s entityState) bool { return s.State == "1.0485" })
	assert.Contains(t, h.assistant.entities(t), "by_hand_gravity")
	assert.Equal(t, "Nobody", h.assistant.devices(t)["by_hand"].Manufacturer)
	assert.Empty(t, h.assistant.complaints(t, mark))

	c.publish(t, "homeassistant/device/wrong/config", `{"device":{"identifiers":["wrong"],"colour":"amber"},
		"origin":{"name":"test"},"components":{"x":{"platform":"sensor","unique_id":"x","state_topic":"x"}}}`, true)
	within(t, patience, "a complaint about a config with an unknown key", func() error {
		if len(h.assistant.complaints(t, mark)) == 0 {
			return errors.New("none")
		}
		return nil
	})

	c.publish(t, "homeassistant/device/wrong/config", "", true)
	c.publish(t, "homeassistant/device/by_hand/config", "", true)
	within(t, patience, "the device leaves", func() error {
		if _, there := h.assistant.devices(t)["by_hand"]; there {
			return errors.New("it is still there")
		}
		return nil
	})
}
