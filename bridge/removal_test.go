package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// asked counts the lists of an endpoint that were answered.
func (w *world) asked(endpoint string) int {
	n := 0
	for _, r := range w.cloud.Requests() {
		if strings.HasSuffix(r.Path, endpoint) && r.Status == 200 {
			n++
		}
	}
	return n
}

// untilAsked lets time pass until an endpoint has been asked once more.
func (w *world) untilAsked(t *testing.T, endpoint string) {
	t.Helper()
	for before, n := w.asked(endpoint), 0; w.asked(endpoint) == before; n++ {
		require.Less(t, n, 24*60*6)
		pass(10 * time.Second)
	}
}

func TestADeviceIsGoneAfterTwoListsWithoutIt(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.Hydrometer)
		topics := []string{"homeassistant/device/rapt_" + id + "/config", topic + "/state", topic + "/availability", topic + "/history", topic + "/batch"}
		w.cloud.Remove(id)
		w.untilAsked(t, "GetHydrometers")
		for _, topic := range topics[:3] {
			assert.NotEmpty(t, w.broker.last(topic), "once may be a mistake")
		}
		w.broker.forget()
		w.untilAsked(t, "GetHydrometers")
		var cleared []string
		for _, p := range w.broker.sent {
			if p.Retain && len(p.Payload) == 0 {
				cleared = append(cleared, p.Topic)
			}
		}
		assert.Equal(t, topics, cleared, "the config first: an entity must not read an empty state")
		assert.Len(t, w.lines("a device is no longer in the RAPT account"), 1)
		assert.EqualValues(t, 11, w.broker.document(t, "rapt/bridge/state")["devices"])
		w.publish(topic+"/gravity/set", "1")
		pass(time.Hour)
		assert.Empty(t, w.broker.last(topics[0]))

		w.cloud.Add(raptsim.DeviceSpec{Family: raptsim.Hydrometer, ID: id, Name: "Back again"})
		pass(time.Hour)
		assert.Equal(t, "Back again", w.broker.document(t, topic+"/state")["name"])
		assert.Equal(t, "online", w.broker.last(topic+"/availability"))
	})
}

func TestAListThatShrinksToNothingOnceChangesNothing(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		before := len(w.broker.topics(""))
		for _, path := range []string{"Hydrometers", "TemperatureControllers", "FermentationChambers", "BrewZillas", "Stills", "CanFillers", "BondedDevices", "ExternalDevices"} {
			w.cloud.Inject(raptsim.Fault{Path: "/api/" + path, EmptyList: true, Times: 1})
		}
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(time.Hour)
		assert.Len(t, w.broker.topics(""), before)
		assert.Empty(t, w.lines("no longer in the RAPT account"))
		assert.Empty(t, w.warnings())
	})
}

func TestAListWithSkippedItemsRemovesNobody(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.TemperatureController)
		w.cloud.Set(id, "id", "who knows")
		for range 4 {
			w.untilAsked(t, "GetTemperatureControllers")
		}
		assert.NotEmpty(t, w.broker.last(topic+"/state"))
		assert.Len(t, w.warnings(), 1, "said once")
		w.cloud.Remove(id)
		for range 2 {
			w.untilAsked(t, "GetTemperatureControllers")
		}
		pass(10 * time.Second) // it is asked for by itself
		assert.Empty(t, w.broker.last(topic+"/state"))
	})
}

func TestADeletedDeviceCountsAsAbsent(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		id, topic := w.deviceOf(raptsim.Still)
		w.cloud.Set(id, "deleted", true)
		pass(ready)
		assert.Empty(t, w.broker.last(topic+"/state"))
		w.cloud.Set(id, "deleted", false)
		pass(20 * time.Minute)
		assert.NotEmpty(t, w.broker.last(topic+"/state"))
		w.cloud.Set(id, "deleted", true)
		pass(time.Hour)
		assert.Empty(t, w.broker.last(topic+"/state"))
	})
}

func TestACommandThatWaitsForARemovedDeviceIsRefused(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.ExternalDevice)
		w.publish(topic+"/telemetry/set", `{"gravity":1.05}`)
		pass(2 * time.Second)
		w.cloud.Remove(id)
		w.publish(topic+"/telemetry/set", `{"gravity":1.04}`) // waits for its minute
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(10 * time.Second)
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(10 * time.Second)
		results := w.results(t, topic+"/result")
		require.Len(t, results, 2)
		assert.Equal(t, "rejected", results[1].Outcome)
		assert.Contains(t, *results[1].Error, "no longer in the RAPT account")
		assert.Empty(t, w.broker.last(topic+"/state"), "the refusal doesn't bring it back")
		assert.Len(t, w.writes(), 1)
	})
}
