package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// byDiscovery is a device that is announced without a bridge, so that a test says what its document has.
type byDiscovery struct {
	announced
	*mqttClient
	topics  discovery.Topics
	options discovery.Options
	device  discovery.Device
}

// announce publishes a device as a bridge would, and takes it away when the test ends.
func announce(t *testing.T, h *home, o discovery.Options, d discovery.Device) byDiscovery {
	t.Helper()
	a := byDiscovery{announced{d.Family, d.ID, d.Name}, h.watch(t), o.Topics, o, d}
	a.publish(t, a.topics.BridgeAvailability(), "online", true)
	a.publish(t, a.topics.Availability(d.Family, d.ID), "online", true)
	a.config(t)
	t.Cleanup(func() {
		for _, topic := range []string{a.topics.Config(d.ID), a.topics.State(d.Family, d.ID), a.topics.Availability(d.Family, d.ID)} {
			a.publish(t, topic, "", true)
		}
	})
	return a
}

func (a byDiscovery) config(t *testing.T) {
	t.Helper()
	a.publish(t, a.topics.Config(a.id), string(discovery.Config(a.options, a.device)), true)
}

func (a byDiscovery) state(t *testing.T, document string) {
	t.Helper()
	a.publish(t, a.topics.State(a.family, a.id), document, true)
}

// A mode that can't be set is refused aloud, off among them. One that changes is announced anew, and none while it is
// unknown.
func TestHomeAssistantRefusesAModeThatCannotBeSet(t *testing.T) {
	h := sharedHome(t)
	mark := h.assistant.mark(t)
	fridge := announce(t, h, discovery.Options{}, discovery.Device{
		Family: discovery.FermentationChamber, ID: "00000000-0000-4000-8000-00000000f001", Name: "Mode fridge",
	})
	const entity = "climate.mode_fridge"
	h.assistant.entityID(t, fridge.uniqueID("climate"))
	fridge.state(t, `{"hvac_mode":null,"hvac_action":null,"temperature":18.5,"target_temperature":18}`)
	h.assistant.waitForState(t, patience, entity, state("unknown"))
	assert.Equal(t, []any{}, h.assistant.states(t)[entity].Attributes["hvac_modes"])

	fridge.device.HVACMode = "heat_cool"
	fridge.config(t)
	within(t, patience, "the mode that was announced", func() error {
		return differs(fmt.Sprint(h.assistant.states(t)[entity].Attributes["hvac_modes"]), "[heat_cool]")
	})
	fridge.state(t, `{"hvac_mode":"heat_cool","hvac_action":"idle","temperature":18.5,"target_temperature":18}`)
	h.assistant.waitForState(t, patience, entity, state("heat_cool"))
	call := func(service string, data map[string]any) error {
		return h.assistant.request(http.MethodPost, "/api/services/climate/"+service, data, nil)
	}
	assert.Error(t, call("set_hvac_mode", map[string]any{"entity_id": entity, "hvac_mode": "cool"}))
	assert.Error(t, call("set_hvac_mode", map[string]any{"entity_id": entity, "hvac_mode": "off"}))

	fridge.device.HVACMode = "cool"
	fridge.config(t)
	fridge.state(t, `{"hvac_mode":"cool","hvac_action":"cooling","temperature":18.5,"target_temperature":18}`)
	within(t, patience, "the mode that was announced", func() error {
		s := h.assistant.states(t)[entity]
		return errors.Join(differs(fmt.Sprint(s.Attributes["hvac_modes"]), "[cool]"), differs(fmt.Sprint(s.Attributes["temperature"]), "18"))
	})
	// Home Assistant needs a moment for an announcement; the bridge sends the state again after it.
	fridge.state(t, `{"hvac_mode":"cool","hvac_action":"cooling","temperature":18.4,"target_temperature":18}`)
	h.assistant.waitForState(t, patience, entity, state("cool"))
	assert.Empty(t, h.assistant.complaints(t, mark))
	// Home Assistant writes this one into its log, in its own time: the next test is not to find it there.
	assert.Error(t, call("turn_off", map[string]any{"entity_id": entity}))
	within(t, patience, "the complaint", func() error {
		if all := h.assistant.complaints(t, mark); len(all) != 1 || !strings.HasSuffix(all[0], "NotImplementedError") {
			return fmt.Errorf("%q", all)
		}
		return nil
	})
}

func TestEntitiesAreNamedInTheChosenLanguage(t *testing.T) {
	h := sharedHome(t)
	mark := h.assistant.mark(t)
	pill := announce(t, h, discovery.Options{Language: "de"}, discovery.Device{
		Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-00000000f002", Name: "Deutsche Pille",
	})
	h.assistant.entityID(t, pill.uniqueID("profile"))
	registry := h.assistant.entities(t)
	for key, want := range map[string]string{"gravity": "Dichte", "apparent_attenuation": "Scheinbarer Vergärungsgrad", "last_activity": "Letzte Aktivität", "temperature": "Temperature", "battery": "Battery"} {
		row := registry[pill.uniqueID(key)]
		require.NotNil(t, row.OriginalName, key)
		assert.Equal(t, want, *row.OriginalName, "%s: what a device class names is in Home Assistant's language", key)
		assert.Equal(t, "sensor.deutsche_pille_"+key, row.EntityID)
	}
	pill.state(t, `{"active_profile":"Pale Ale","active_profile_step":"Hauptgärung","profile_step_number":1,"profile_step_count":3,"error":null}`)
	h.assistant.waitForState(t, patience, "sensor.deutsche_pille_profile", state("Hauptgärung, Schritt 1 von 3"))
	h.assistant.waitForState(t, patience, "sensor.deutsche_pille_error", state("keiner"))
	pill.state(t, `{"active_profile":null,"error":"E1"}`)
	h.assistant.waitForState(t, patience, "sensor.deutsche_pille_profile", state("inaktiv"))
	h.assistant.waitForState(t, patience, "sensor.deutsche_pille_error", state("E1"))
	assert.Empty(t, h.assistant.complaints(t, mark))
}

func TestTheProfileTellsTheRestInItsAttributes(t *testing.T) {
	h := sharedHome(t)
	mark := h.assistant.mark(t)
	pill := announce(t, h, discovery.Options{}, discovery.Device{
		Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-00000000f003", Name: "Profile pill",
	})
	const entity = "sensor.profile_pill_profile"
	h.assistant.entityID(t, pill.uniqueID("profile"))
	pill.state(t, `{"active_profile":"Pale Ale","active_profile_step":"Primary","profile_step_number":1,"profile_step_count":3,"profile_step_target":18.5,
		"profile_next_step":"Diacetyl rest","profile_estimated_end":"2026-11-29T12:00:51Z","profile_progress":30.7}`)
	h.assistant.waitForState(t, patience, entity, state("Primary, step 1 of 3"))
	attributes := h.assistant.states(t)[entity].Attributes
	for name, want := range map[string]any{
		"name": "Pale Ale", "step": "Primary", "step_number": 1.0, "step_count": 3.0, "target_temperature": 18.5, "next_step": "Diacetyl rest", "progress": 31.0,
	} {
		assert.Equal(t, want, attributes[name], name)
	}
	assert.NoError(t, differsTime(fmt.Sprint(attributes["end"]), "2026-11-29T12:00:00Z"))

	// What isn't known is left out of the sentence.
	pill.state(t, `{"active_profile":"Pale Ale","active_profile_step":"Primary"}`)
	h.assistant.waitForState(t, patience, entity, state("Primary"))
	pill.state(t, `{"active_profile":"Pale Ale"}`)
	h.assistant.waitForState(t, patience, entity, state("Pale Ale"))
	pill.state(t, `{}`)
	h.assistant.waitForState(t, patience, entity, state("idle"))
	assert.Empty(t, h.assistant.complaints(t, mark))
}

// A reading in which nothing happened changes nothing: the noise behind the decimals that are shown, the seconds of the
// last activity.
func TestNoiseIsNoChange(t *testing.T) {
	h := sharedHome(t)
	pill := announce(t, h, discovery.Options{}, discovery.Device{
		Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-00000000f004", Name: "Quiet pill",
	})
	h.assistant.entityID(t, pill.uniqueID("gravity"))
	pill.state(t, `{"gravity":1.0301,"plato":7.56,"temperature":18.61,"battery":95.9,"last_activity":"2026-11-22T13:45:51Z","rssi":-66}`)
	h.assistant.waitForState(t, patience, "sensor.quiet_pill_gravity", state("1.0301"))
	before := h.assistant.states(t)
	pill.state(t, `{"gravity":1.0301,"plato":7.58,"temperature":18.64,"battery":95.7,"last_activity":"2026-11-22T13:49:51Z","rssi":-61}`)
	pill.state(t, `{"gravity":1.0302,"plato":7.61,"temperature":18.64,"battery":95.7,"last_activity":"2026-11-22T13:49:51Z","rssi":-61}`)
	h.assistant.waitForState(t, patience, "sensor.quiet_pill_gravity", state("1.0302"))
	after := h.assistant.states(t)
	for _, key := range []string{"plato", "temperature", "battery", "last_activity"} {
		id := "sensor.quiet_pill_" + key
		assert.Equal(t, before[id].State, after[id].State, key)
		assert.NotContains(t, []string{"", "unknown", "unavailable"}, after[id].State, key)
	}
	_, there := after["sensor.quiet_pill_rssi"]
	assert.False(t, there, "it is disabled")
}

func TestASilentDeviceKeepsSayingWhyInHomeAssistant(t *testing.T) {
	h := sharedHome(t)
	pill := announce(t, h, discovery.Options{}, discovery.Device{
		Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-00000000f005", Name: "Silent pill",
	})
	h.assistant.entityID(t, pill.uniqueID("battery"))
	pill.state(t, `{"gravity":1.03,"battery":3,"last_activity":"2026-11-22T13:45:51Z"}`)
	h.assistant.waitForState(t, patience, "sensor.silent_pill_gravity", state("1.03"))
	pill.publish(t, pill.topics.Availability(pill.family, pill.id), "offline", true)
	h.assistant.waitForState(t, patience, "sensor.silent_pill_gravity", state("unavailable"))
	h.assistant.waitForState(t, patience, "sensor.silent_pill_battery", state("3"))
	h.assistant.waitForState(t, patience, "sensor.silent_pill_last_activity", state("2026-11-22T13:45:00+00:00"))
}

// A device of which nothing is known has no error and no profile; everything else is unknown, and Home Assistant takes it
// without a complaint.
func TestADeviceOfWhichNothingIsKnown(t *testing.T) {
	h := sharedHome(t)
	mark := h.assistant.mark(t)
	for i, family := range discovery.Families() {
		d := announce(t, h, discovery.Options{}, discovery.Device{
			Family: family, ID: fmt.Sprintf("00000000-0000-4000-8000-00000000e%03d", i), Name: "Null " + string(family),
		})
		document := map[string]any{}
		for _, e := range d.entities() {
			document[e.Key] = nil
		}
		payload, err := json.Marshal(document)
		require.NoError(t, err)
		h.assistant.entityID(t, d.uniqueID("error"))
		d.state(t, string(payload))
		if d.hasBatch() {
			d.publish(t, d.topics.Batch(d.family, d.id), string(payload), true)
			t.Cleanup(func() { d.publish(t, d.topics.Batch(d.family, d.id), "", true) })
		}
		registry := h.assistant.entities(t)
		h.assistant.waitForState(t, patience, registry[d.uniqueID("error")].EntityID, state("none"))
		unknown, known := 0, map[string]string{}
		states := h.assistant.states(t)
		for _, e := range d.entities() {
			row, there := registry[d.uniqueID(e.Key)]
			if s := states[row.EntityID]; there && row.DisabledBy == nil && s.State == "unknown" {
				unknown++
			} else if there && row.DisabledBy == nil {
				known[e.Key] = s.State
			}
		}
		t.Logf("%s: %d of its enabled entities are unknown; known: %v", family, unknown, known)
		for key, s := range known {
			assert.Contains(t, []string{"none", "idle", ""}, s, "%s of %s", key, family) // a text to enter is empty
		}
	}
	assert.Empty(t, h.assistant.complaints(t, mark))
}
