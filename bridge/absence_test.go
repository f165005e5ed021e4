package bridge

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// emptyLists has the lists of a family answered without a device.
func (w *world) emptyLists(path string) (remove func()) {
	return w.cloud.Inject(raptsim.Fault{Path: "/api/" + path + "/Get" + path, EmptyList: true})
}

func TestAnEmptyListForMinutesTakesNoDeviceOut(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.Hydrometer)
		before := w.broker.topics("")
		end := w.emptyLists("Hydrometers")
		for range 3 {
			w.untilAsked(t, "GetHydrometers")
		}
		asked := w.asked("GetHydrometers")
		pass(time.Hour)
		assert.GreaterOrEqual(t, w.asked("GetHydrometers")-asked, 4, "asked as before, not as one without devices")
		assert.ElementsMatch(t, before, w.broker.topics(""))
		assert.Equal(t, "online", w.broker.last(topic+"/availability"))
		assert.Empty(t, w.lines("no longer in the RAPT account"))
		assert.Len(t, w.lines("that the cloud itself still has"), 1, "told once")
		end()
		pass(48 * time.Hour)
		assert.ElementsMatch(t, before, w.broker.topics(""))
	})
}

func TestWhatCannotBeLearnedTakesADay(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.Hydrometer)
		w.emptyLists("Hydrometers")
		w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometer", Status: 500})
		for range 2 {
			w.untilAsked(t, "GetHydrometers")
		}
		pass(5 * time.Minute)
		assert.Equal(t, "offline", w.broker.last(topic+"/availability"), "nobody knows whether it is there")
		pass(22 * time.Hour)
		assert.NotEmpty(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"))
		pass(4 * time.Hour)
		assert.Empty(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"))
		assert.Empty(t, w.broker.last(topic+"/state"))
	})
}

func TestADeletedDeviceThatListsLackIsTakenOutAtOnce(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.Still)
		w.cloud.Set(id, "deleted", true)
		w.emptyLists("Stills")
		for range 2 {
			w.untilAsked(t, "GetStills")
		}
		pass(10 * time.Second)
		assert.Empty(t, w.broker.last(topic+"/state"))
		asked := w.asked("GetStills")
		pass(2 * time.Hour)
		assert.Greater(t, w.asked("GetStills")-asked, 3, "a family that was full may be full again")
	})
}

func TestARestartWithinAnEmptyListTakesNoDeviceOut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withoutCeiling)
		w.start(t)
		pass(ready)
		before := w.broker.topics("homeassistant/")
		w.halt()
		end := w.emptyLists("Hydrometers")
		w.start(t)
		defer w.halt()
		pass(3 * time.Hour)
		assert.ElementsMatch(t, before, w.broker.topics("homeassistant/"))
		end()
		pass(time.Hour)
		_, topic := w.deviceOf(raptsim.Hydrometer)
		assert.Equal(t, "online", w.broker.last(topic+"/availability"))
	})
}

func TestALostFamilyDoesNotUseUpTheHour(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		for i := range 500 {
			id := "00000000-0000-4000-8000-000000000" + string(rune('a'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
			w.broker.retain(discovery.Topics{}.State(discovery.Hydrometer, id), []byte(`{}`))
		}
		w.start(t)
		defer w.halt()
		pass(3 * time.Hour)
		looks := 0
		for _, r := range w.cloud.Requests() {
			if r.Path == "/api/Hydrometers/GetHydrometer" {
				looks++
			}
		}
		assert.Less(t, looks, 200)
		assert.Greater(t, looks, 20)
		assert.Equal(t, "online", w.broker.last("rapt/bridge/availability"))
		assert.Greater(t, w.asked("GetTemperatureControllers"), 20, "lists go first")
	})
}

func TestWhatNoListHasCanBeForgotten(t *testing.T) {
	var newest atomic.Pointer[web.Snapshot]
	inVirtualTime(t, raptsim.Options{}, func(o *Options) {
		withoutCeiling(o)
		o.OnSnapshot = newest.Store
	}, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.Hydrometer)
		forget := func(payload string) resultDocument {
			w.broker.forget()
			w.publish("rapt/bridge/forget/set", payload)
			pass(time.Second)
			results := w.results(t, "rapt/bridge//result")
			require.Len(t, results, 1)
			return results[0]
		}
		refused := forget(id)
		assert.Equal(t, "rejected", refused.Outcome)
		assert.Contains(t, *refused.Error, "list of the family hydrometer has this device")
		assert.Equal(t, "rejected", forget("nobody").Outcome)

		w.emptyLists("Hydrometers")
		w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometer", Status: 400})
		for range 2 {
			w.untilAsked(t, "GetHydrometers")
		}
		pass(2 * time.Second)
		missing := 0
		for _, d := range newest.Load().Devices {
			if d.Missing {
				assert.Equal(t, discovery.Hydrometer, d.Family)
				missing++
			}
		}
		assert.Equal(t, 2, missing)
		assert.NotEmpty(t, w.broker.last(topic+"/state"))
		assert.Equal(t, "applied", forget(id).Outcome)
		assert.Empty(t, w.broker.last(topic+"/state"))
		assert.Empty(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"))
	})
}

func TestAJunkStateNeverClearsSomebodyElsesConfig(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withoutCeiling)
		theirs := `{"origin":{"name":"another program"},"state_topic":"a/b"}`
		w.broker.retain("homeassistant/device/rapt_x/config", []byte(theirs))
		w.broker.retain("rapt/hydrometer/x/state", []byte("junk"))
		// One of our own origin that stands under an id of somebody else's.
		w.broker.retain("homeassistant/device/rapt_y/config", []byte(theirs))
		odd := discovery.Config(discovery.Options{Version: "1"}, discovery.Device{Family: discovery.Hydrometer, ID: "y", Name: "Y"})
		w.broker.retain("homeassistant/device/odd/config", odd)
		w.start(t)
		defer w.halt()
		pass(time.Hour)
		assert.Empty(t, w.broker.last("rapt/hydrometer/x/state"))
		assert.Empty(t, w.broker.last("homeassistant/device/odd/config"))
		for _, topic := range []string{"homeassistant/device/rapt_x/config", "homeassistant/device/rapt_y/config"} {
			assert.Equal(t, theirs, w.broker.last(topic))
			assert.Empty(t, w.broker.on(topic))
		}
	})
}

// TestAnOutageIsNoDayOfLists has lists that lack a device before and after a day without any.
func TestAnOutageIsNoDayOfLists(t *testing.T) {
	for name, lists := range map[string]func(w *world, t *testing.T){
		"one at either end": func(w *world, t *testing.T) { w.untilAsked(t, "GetHydrometers") },
		"hours of them":     func(_ *world, _ *testing.T) { pass(6 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
				pass(ready)
				id, _ := w.deviceOf(raptsim.Hydrometer)
				full := w.emptyLists("Hydrometers")
				lists(w, t)
				end := w.cloud.Inject(raptsim.Fault{Status: 503})
				pass(25 * time.Hour)
				end()
				w.untilAsked(t, "GetHydrometers")
				pass(time.Minute)
				full()
				assert.NotEmpty(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"))
				assert.Empty(t, w.lines("no longer in the RAPT account"))
			})
		})
	}
}
