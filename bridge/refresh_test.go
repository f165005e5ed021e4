package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// askedSince is how many requests each family's list got since a request.
func (w *world) askedSince(since int) map[string]int {
	out := map[string]int{}
	for _, r := range w.cloud.Requests()[since:] {
		family, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/"), "/")
		out[family]++
	}
	return out
}

func TestRefreshTakesADevicesID(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(20 * time.Minute)
		id, _ := w.deviceOf(raptsim.ExternalDevice)
		before := len(w.cloud.Requests())
		w.publish("rapt/bridge/refresh/set", strings.ToUpper(id))
		pass(5 * time.Second)
		assert.Equal(t, 1, w.askedSince(before)["ExternalDevices"])
		assert.Zero(t, w.askedSince(before)["CanFillers"], "only its family")
		w.publish("rapt/bridge/refresh/set", "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1cffff")
		pass(time.Second)
	})
}

func TestAWebhookOnTheBridgesTopicAsksForTheFamily(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(20 * time.Minute)
		id, topic := w.deviceOf(raptsim.ExternalDevice)
		w.cloud.Set(id, "temperature", 7.5)
		before := len(w.cloud.Requests())
		w.publish("rapt/bridge/webhook/set", `{"device_id":"`+id+`","temperature":99}`)
		pass(time.Minute + 5*time.Second) // the least interval may have to pass
		assert.Equal(t, 1, w.askedSince(before)["ExternalDevices"])
		assert.Equal(t, 7.5, w.broker.document(t, topic+"/state")["temperature"], "the cloud's value, not the webhook's")
		assert.Equal(t, 1.0, w.broker.document(t, "rapt/bridge/state")["pushed_devices"])
		w.publish("rapt/bridge/webhook/set", `nonsense`)
		w.publish("rapt/bridge/webhook/set", `{"device_id":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1cffff"}`)
		pass(time.Second)
		assert.Len(t, w.lines("names no device"), 1)
	})
}

// TestARefreshInTheFirstHourPromisesNoMoreThanItDoes: a new installation has but a quarter of the hour, most of which is kept
// to learn the devices' rhythms.
func TestARefreshInTheFirstHourPromisesNoMoreThanItDoes(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(2 * time.Minute)
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(time.Second)
		assert.Regexp(t, `The bridge asks for fresh readings from \S+ UTC on, to stay below the limits\.`, w.broker.on("rapt/bridge//result"))
		pass(time.Hour)
		last := w.cloud.Requests()[0].At
		for _, r := range w.cloud.Requests() {
			assert.Less(t, r.At.Sub(last), 10*time.Minute, "it holds up nobody who is still to be learned")
			last = r.At
		}
	})
}
