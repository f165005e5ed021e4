package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// retain puts a message on the broker as if it had been there before the bridge.
func (m *memoryBroker) retain(topic string, payload []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retained[topic] = payload
}

// lines returns the lines of the log that contain a text.
func (w *world) lines(containing string) []string {
	var out []string
	for _, line := range strings.Split(w.logged(), "\n") {
		if strings.Contains(line, containing) {
			out = append(out, line)
		}
	}
	return out
}

func TestARestartTakesOverWhatTheBrokerRetains(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		w.start(t)
		pass(3 * time.Hour)
		_, topic := w.deviceOf(raptsim.TemperatureController)
		before := w.broker.document(t, "rapt/bridge/state")
		interval := w.broker.document(t, topic+"/state")["reporting_interval"]
		require.NotNil(t, interval)
		w.halt()
		w.broker.forget()

		w.start(t)
		defer w.halt()
		pass(5 * time.Minute) // the hour is used up but for what falls out of it
		after := w.broker.document(t, "rapt/bridge/state")
		assert.InDelta(t, before["requests_last_hour"], after["requests_last_hour"], 10, "the ceiling goes on where it was")
		states := w.broker.on(topic + "/state")
		require.NotEmpty(t, states)
		assert.Contains(t, states[0], fmt.Sprintf(`"reporting_interval":%v,`, interval), "learned once is known for ever")
		assert.NotContains(t, states[0], `"next_reading_expected":null`)
		assert.Len(t, w.lines("took over from an earlier run"), 1)
		assert.Empty(t, w.lines("level=WARN"))
	})
}

func TestTheFirstStartHasAQuarterOfTheHour(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(55 * time.Minute)
		assert.LessOrEqual(t, len(w.cloud.Requests()), 60)
		assert.Greater(t, len(w.cloud.Requests()), 30)
		assert.Len(t, w.lines("starting with a quarter of the hour's requests"), 1)
		pass(20 * time.Minute)
		assert.Greater(t, w.broker.document(t, "rapt/bridge/state")["requests_remaining"], 60.0, "after an hour all of it")
	})
}

// lostPill are the topics of a device that an earlier run announced.
func lostPill(w *world) (id string, topics []string) {
	id = "00000000-0000-4000-8000-0000000000aa"
	names := discovery.Topics{}
	o := discovery.Options{Version: "0.9.0"}
	w.broker.retain(names.Config(id), discovery.Config(o, discovery.Device{Family: discovery.Hydrometer, ID: id, Name: "Lost"}))
	w.broker.retain(names.State(discovery.Hydrometer, id), []byte(`{"last_activity":"2026-11-20T00:00:00Z","reporting_interval":900}`))
	w.broker.retain(names.Availability(discovery.Hydrometer, id), []byte("offline"))
	return id, []string{names.Config(id), names.State(discovery.Hydrometer, id), names.Availability(discovery.Hydrometer, id)}
}

func TestWhatAnEarlierRunLeftBehindIsClearedAfterTwoCompleteLists(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		_, topics := lostPill(w)
		stale := "rapt/still/00000000-0000-4000-8000-0000000000bb/state" // a state alone, without a config
		w.broker.retain(stale, []byte(`{}`))
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers", Status: 500})
		w.start(t)
		defer w.halt()
		pass(2 * time.Hour)
		for _, topic := range topics {
			assert.NotEmpty(t, w.broker.last(topic), "no list, no verdict")
		}
		remove()
		skipped := w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers", Body: `[{"name":"without an id"}]`})
		pass(2 * time.Hour)
		for _, topic := range topics {
			assert.NotEmpty(t, w.broker.last(topic), "it may be the one that can't be told")
		}
		skipped()
		pass(2 * time.Hour)
		for _, topic := range append(topics, stale) {
			assert.Empty(t, w.broker.last(topic), topic)
		}
		sent := w.broker.on(topics[0])
		require.NotEmpty(t, sent)
		assert.Empty(t, sent[len(sent)-1])
		assert.NotEmpty(t, w.lines("an earlier run left behind"))
	})
}

func TestOneListWithoutItClearsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		_, topics := lostPill(w)
		w.start(t)
		defer w.halt()
		pass(20 * time.Second)
		lists := 0
		for _, r := range w.cloud.Requests() {
			if strings.Contains(r.Path, "GetHydrometers") {
				lists++
			}
		}
		require.Equal(t, 1, lists)
		for _, topic := range topics {
			assert.NotEmpty(t, w.broker.last(topic))
		}
	})
}

func TestWhatBelongsToOthersIsNeverTouched(t *testing.T) {
	for name, withDiscovery := range map[string]bool{"with discovery": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{}, func(o *Options) { o.Discovery = withDiscovery })
				neighbour := discovery.Options{Topics: discovery.Topics{Prefix: "cellar"}, Version: "1.0.0"}
				id := "00000000-0000-4000-8000-0000000000cc"
				others := map[string][]byte{
					"homeassistant/device/rapt_" + id + "/config":                                   discovery.Config(neighbour, discovery.Device{Family: discovery.Still, ID: id, Name: "Neighbour"}),
					"homeassistant/device/rapt_00000000-0000-4000-8000-0000000000dd/config":         []byte(`{"origin":{"name":"another program"},"state_topic":"rapt/hydrometer/00000000-0000-4000-8000-0000000000dd/state"}`),
					"homeassistant/device/lamp/config":                                              []byte(`{"origin":{"name":"zigbee2mqtt"}}`),
					"homeassistant/device/broken/config":                                            []byte(`{{{`),
					"homeassistant/sensor/lamp/config":                                              []byte(`{}`),
					"cellar/hydrometer/" + id + "/state":                                            []byte(`{}`),
					"cellar/bridge/state":                                                           []byte(`{}`),
					"rapt/hydrometer/" + id + "/notes":                                              []byte(`the owner's own`),
					"rapt/fridge/" + id + "/state":                                                  []byte(`not a family`),
					"homeassistant/device/rapt_00000000-0000-4000-8000-0000000000ee/something/else": []byte(`x`),
				}
				for topic, payload := range others {
					w.broker.retain(topic, payload)
				}
				w.start(t)
				defer w.halt()
				pass(5 * time.Hour)
				for topic, payload := range others {
					assert.Equal(t, string(payload), w.broker.last(topic), topic)
					assert.Empty(t, w.broker.on(topic), topic)
				}
			})
		})
	}
}

func TestDiscoveryTurnedOffClearsWhatWasAnnounced(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		on := true
		w := newWorld(raptsim.Options{}, func(o *Options) { o.Discovery = on })
		w.start(t)
		pass(3 * time.Minute)
		w.halt()
		require.Len(t, w.broker.topics("homeassistant/"), 13)
		states := len(w.broker.topics("rapt/"))
		on = false
		w.start(t)
		defer w.halt()
		pass(10 * time.Minute)
		assert.Empty(t, w.broker.topics("homeassistant/"))
		assert.Len(t, w.broker.topics("rapt/"), states, "states go on")
	})
}

func TestWithoutTheEchoItStartsAfterTenSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		w.broker.mute.Store(true)
		w.start(t)
		defer w.halt()
		pass(9 * time.Second)
		assert.Empty(t, w.cloud.Requests(), "what was retained may still come")
		pass(2 * time.Second)
		assert.NotEmpty(t, w.cloud.Requests())
		warned := w.lines("didn't return a message of the bridge's own")
		require.Len(t, warned, 1)
		assert.Contains(t, warned[0], "access rules")
		assert.Contains(t, warned[0], "rapt/bridge/marker")
		pass(time.Hour)
		assert.Contains(t, []any{"ok", "slowed"}, w.broker.document(t, "rapt/bridge/state")["api_status"])
	})
}

func TestGarbageOnTheBrokerIsPassedOver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		id, topic := w.deviceOf(raptsim.Hydrometer)
		w.broker.retain("rapt/bridge/state", []byte(`{"ledger":{"at":"yesterday","polls":7}}`))
		w.broker.retain(topic+"/state", []byte(`{"last_activity":5,"reporting_interval":-1e300,"next_reading_expected":"x"}`))
		w.broker.retain("rapt/still/not-an-id/state", []byte("\xff\x00"))
		w.broker.retain("homeassistant/device/rapt_"+id+"/config", []byte(`"rapt-bridge"`))
		w.start(t)
		defer w.halt()
		pass(3 * time.Hour)
		assert.Contains(t, []any{"ok", "slowed"}, w.broker.document(t, "rapt/bridge/state")["api_status"])
		assert.NotNil(t, w.broker.document(t, topic+"/state")["reporting_interval"])
		assert.Contains(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"), `"components"`, "its own topic is its own to write to")
		assert.Empty(t, w.broker.last("rapt/still/not-an-id/state"), "a state below the bridge's prefix without a device")
	})
}

// TestAnotherAccountsStateEndsTheBridge: it clears nothing of what it has read by then, also where no standby's connection
// has looked before.
func TestAnotherAccountsStateEndsTheBridge(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, func(o *Options) { o.Account = "one" })
		const (
			theirs     = "rapt/hydrometer/00000000-0000-4000-8000-000000000001/state"
			theirState = `{"instance":"x","account":"another","ledger":{}}`
		)
		w.broker.retained["rapt/bridge/state"] = []byte(theirState)
		w.broker.retained[theirs] = []byte(`{"name":"Theirs"}`)
		w.start(t)
		pass(ready)
		select {
		case <-w.done:
		default:
			t.Error("it has not ended")
			w.halt()
		}
		assert.NotEmpty(t, w.broker.last(theirs))
		assert.Equal(t, theirState, w.broker.last("rapt/bridge/state"))
		assert.Empty(t, w.cloud.Requests())
	})
}

// TestARestartAllowsNoMoreChanges: an automation gone wild wears out no relay because the bridge is restarted meanwhile.
func TestARestartAllowsNoMoreChanges(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling)
		w.start(t)
		defer func() { w.halt() }()
		pass(ready)
		_, topic := w.deviceOf(raptsim.FermentationChamber)
		for range 3 {
			for i := range 40 {
				w.publish(topic+"/target_temperature/set", fmt.Sprint(15+i%2))
				pass(2 * time.Second)
			}
			w.halt()
			w.start(t)
			pass(ready)
		}
		assert.Len(t, w.writes(), 30)
		assert.Contains(t, strings.Join(w.broker.on(topic+"/result"), " "), "control.max_changes_per_hour")
	})
}
