package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// What discovery makes of every family, announced without a bridge: Home Assistant takes each entity and says nothing
// about it in its log, whether all is known of a device or nothing.
func TestHomeAssistantTakesEveryEntityOfTheCatalogue(t *testing.T) {
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	c := h.watch(t)
	mark := h.assistant.mark(t)
	topics, options := discovery.Topics{}, discovery.Options{Version: "1.2.3"}
	c.publish(t, topics.BridgeAvailability(), "online", true)
	c.publish(t, topics.BridgeConfig(), string(discovery.BridgeConfig(options)), true)
	all := []announced{{family: discovery.Bridge, id: "bridge"}}
	for i, family := range discovery.Families() {
		d := announced{family: family, id: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), name: "Test " + family.Model()}
		all = append(all, d)
		c.publish(t, topics.Config(d.id), string(discovery.Config(options, discovery.Device{
			Family: family, ID: d.id, Name: d.name, Firmware: "1.0", SerialNumber: "123", MAC: "AA:BB:CC:00:00:0" + fmt.Sprint(i),
			HVACMode: "off",
		})), true)
		c.publish(t, topics.Availability(family, d.id), "online", true)
	}
	within(t, patience, "the registry", func() error {
		registry := h.assistant.entities(t)
		var missing []error
		for _, d := range all {
			for _, e := range d.entities() {
				if _, there := registry[d.uniqueID(e.Key)]; !there {
					missing = append(missing, fmt.Errorf("%s: no %s", d, e.Key))
				}
			}
		}
		return errors.Join(missing...)
	})
	h.assistant.enable(t, h.mqttEntry)

	for _, c2 := range []struct {
		name  string
		value func(discovery.Entity) any
	}{
		{"all known", plausible},
		{"nothing known", func(discovery.Entity) any { return nil }},
		{"all known again", plausible},
	} {
		t.Run(c2.name, func(t *testing.T) {
			documents := map[string]map[string]any{}
			for _, d := range all {
				document := map[string]any{}
				for _, e := range d.entities() {
					document[e.DocumentKey()] = c2.value(e)
					if e.Platform == discovery.Climate {
						document["hvac_mode"], document["hvac_action"] = "off", "off"
						document["min_target_temperature"], document["max_target_temperature"] = nil, nil
					}
				}
				documents[d.id] = document
				payload, err := json.Marshal(document)
				require.NoError(t, err)
				c.publish(t, d.topic(), string(payload), true)
				if d.hasBatch() {
					c.publish(t, topics.Batch(d.family, d.id), string(payload), true)
				}
			}
			within(t, patience, "the states", func() error {
				registry, states := h.assistant.entities(t), h.assistant.states(t)
				var wrong []error
				for _, d := range all {
					for _, e := range d.entities() {
						row := registry[d.uniqueID(e.Key)]
						if state, there := states[row.EntityID]; !there {
							wrong = append(wrong, fmt.Errorf("%s: %s has no state", d, e.Key))
						} else if err := shownWrong(e, state, documents[d.id]); err != nil {
							wrong = append(wrong, fmt.Errorf("%s: %s: %w", d, e.Key, err))
						}
					}
				}
				return errors.Join(wrong...)
			})
		})
	}
	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}

// plausible is a value that a document could have for an entity.
func plausible(e discovery.Entity) any {
	switch {
	case e.Platform == discovery.Climate, e.Platform == discovery.Event, e.Platform == discovery.Button:
		return nil
	case e.On != "":
		return e.On
	case e.Platform == discovery.BinarySensor, e.Platform == discovery.Switch:
		return true
	case e.DeviceClass == "timestamp":
		return "2026-11-22T04:40:00Z"
	case len(e.Options) > 0:
		return e.Options[0]
	case e.Unit != "" || e.StateClass != "" || e.Precision != nil || e.Platform == discovery.Number:
		if e.Platform == discovery.Number && e.Unit == "SG" {
			return 1.052
		}
		return 21.5
	}
	return "some text"
}
