package bridge

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestADeviceThatMovesToAnotherFamily keeps its announcement, and leaves nothing behind.
func TestADeviceThatMovesToAnotherFamily(t *testing.T) {
	for name, meanwhileInBoth := range map[string]bool{"from one moment to the next": false, "listed by both for a while": true} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
				pass(ready)
				id, old := w.deviceOf(raptsim.TemperatureController)
				now, config := "rapt/fermentation_chamber/"+id, "homeassistant/device/rapt_"+id+"/config"
				if meanwhileInBoth {
					w.cloud.Inject(raptsim.Fault{Path: "/api/FermentationChambers/GetFermentationChambers", Body: `[{"id":"` + id + `","name":"In both"}]`, Times: 2})
					for range 2 {
						w.untilAsked(t, "GetFermentationChambers")
					}
					assert.NotEmpty(t, w.broker.last(old+"/state"), "its own family still has it")
					assert.Empty(t, w.broker.last(now+"/state"))
				}
				w.broker.forget()
				w.cloud.Remove(id)
				w.cloud.Add(raptsim.DeviceSpec{Family: raptsim.FermentationChamber, ID: id, Name: "Moved"})
				pass(2 * time.Hour)
				assert.Empty(t, w.broker.last(old+"/state"))
				assert.Empty(t, w.broker.last(old+"/availability"))
				assert.Equal(t, "Moved", w.broker.document(t, now+"/state")["name"])
				assert.Equal(t, "online", w.broker.last(now+"/availability"))
				assert.Contains(t, w.broker.last(config), now+"/state")
				for _, payload := range w.broker.on(config) {
					assert.NotEmpty(t, payload, "the announcement was never erased")
				}
				assert.Len(t, w.lines("a device has moved to another family"), 1)
				assert.EqualValues(t, len(w.cloud.Devices()), w.broker.document(t, "rapt/bridge/state")["devices"])
			})
		})
	}
}

// TestAMoveWhileTheBridgeWasDown: what the old family retained is cleared, and not what the new one announces.
func TestAMoveWhileTheBridgeWasDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withoutCeiling)
		w.start(t)
		pass(ready)
		id, old := w.deviceOf(raptsim.TemperatureController)
		w.halt()
		w.cloud.Remove(id)
		w.cloud.Add(raptsim.DeviceSpec{Family: raptsim.BrewZilla, ID: id, Name: "Moved"})
		w.start(t)
		defer w.halt()
		pass(3 * time.Hour)
		assert.Empty(t, w.broker.last(old+"/state"))
		assert.Contains(t, w.broker.last("homeassistant/device/rapt_"+id+"/config"), "rapt/brewzilla/"+id+"/state")
		assert.NotEmpty(t, w.broker.last("rapt/brewzilla/"+id+"/state"))
	})
}

func TestACommandBeforeTheFirstListWaitsForIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withoutCeiling)
		w.cloud.Inject(raptsim.Fault{Method: "GET", Delay: 20 * time.Second, Times: 1}) // the hydrometers come first
		w.start(t)
		defer w.halt()
		pass(100 * time.Millisecond)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		stranger := "rapt/brewzilla/00000000-0000-4000-8000-0000000000ff"
		w.publish(kettle+"/pump_utilisation/set", "37")
		w.publish(stranger+"/pump_utilisation/set", "37")
		w.publish(kettle+"/heating_utilisation/set", "500")
		pass(5 * time.Second)
		assert.Empty(t, w.results(t, kettle+"/result"), "nobody can tell yet")
		pass(35 * time.Second)
		results := w.results(t, kettle+"/result")
		require.NotEmpty(t, results)
		assert.Equal(t, "rejected", results[0].Outcome)
		assert.Contains(t, *results[0].Error, "outside 0 to 100")
		assert.Contains(t, outcomes(results), "applied")
		refused := w.results(t, stranger+"/result")
		require.Len(t, refused, 1)
		assert.Contains(t, *refused[0].Error, "there is no brewzilla")
		require.Len(t, w.writes(), 1)
	})
}

func TestACommandWhoseListNeverComesIsToldWhy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withoutCeiling)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", Status: 500})
		w.start(t)
		defer w.halt()
		pass(time.Second)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/pump_utilisation/set", "37")
		pass(time.Minute + 2*time.Second)
		results := w.results(t, topic+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "rejected", results[0].Outcome)
		assert.Contains(t, *results[0].Error, "500")
		assert.NotContains(t, *results[0].Error, "there is no")
		assert.Empty(t, w.writes())
	})
}

func TestASignInThatTheCeilingHoldsBackIsToldAsThat(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{TokenLifetime: 2 * time.Minute}, func(o *Options) { o.MaxRequestsPerHour = 20 })
		w.broker.retain("rapt/bridge/state", unusedHour(t))
		w.start(t)
		defer w.halt()
		pass(40 * time.Minute)
		for _, line := range append(w.warnings(), w.broker.on("rapt/bridge/state")...) {
			assert.NotContains(t, line, "sign-ins of this hour are used up")
			assert.NotContains(t, line, `"signed_out"`+`,"last_successful_poll":"`)
		}
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/pump_utilisation/set", "37")
		pass(10 * time.Second)
		assert.Len(t, w.writes(), 1, "the commands' reserve is there for it, sign-in included")
	})
}

func TestADeviceWithoutOneOfItsLimitsIsAnnouncedOnce(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		id, _ := w.deviceOf(raptsim.TemperatureController)
		w.cloud.Set(id, "minTargetTemperature", nil)
		w.cloud.Set(id, "maxTargetTemperature", 31.0)
		pass(3 * time.Hour)
		assert.Len(t, w.broker.on("homeassistant/device/rapt_"+id+"/config"), 1)
	})
}

// TestANameThatIsTakenOrGivenUpChangesEntityIDs of both devices, whichever of them was renamed.
func TestANameThatIsTakenOrGivenUpChangesEntityIDs(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		kettle, _ := w.deviceOf(raptsim.BrewZilla)
		still, _ := w.deviceOf(raptsim.Still)
		ids := func(id string) string {
			return discovery.AnnouncedEntityIDs([]byte(w.broker.last("homeassistant/device/rapt_" + id + "/config")))["rapt_"+id+"_pump_utilisation"]
		}
		require.NotEmpty(t, ids(kettle))
		apart := ids(kettle)
		w.cloud.Set(kettle, "name", "Same")
		pass(time.Hour)
		plain := ids(kettle)
		assert.NotEqual(t, apart, plain)
		w.cloud.Set(still, "name", "Same")
		pass(time.Hour)
		assert.NotEqual(t, ids(kettle), ids(still))
		assert.NotEqual(t, plain, ids(kettle), "the one that had the name first has a suffix now")
		w.cloud.Set(still, "name", "Other")
		pass(time.Hour)
		assert.Equal(t, plain, ids(kettle), "and none when the name is its own again")
		assert.Contains(t, ids(still), "other")
	})
}

// TestAnUnansweredWriteIsNeverSentAgainWithoutALook: the read-back fails as well.
func TestAnUnansweredWriteIsNeverSentAgainWithoutALook(t *testing.T) {
	for name, c := range map[string]struct {
		readbackFails int
		writes        int
		end           string
	}{
		"for the whole minute: it has failed":        {1000, 1, "failed"},
		"twice: then it is seen that it was lost":    {2, 2, "applied"},
		"not: it is seen at once that it was lost":   {0, 2, "applied"},
		"for most of the minute: there is time left": {6, 2, "applied"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{CommandDelay: -1, Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
				pass(ready)
				_, topic := w.deviceOf(raptsim.BrewZilla)
				w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Reset: true, Times: 1})
				if c.readbackFails > 0 {
					w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZilla", Reset: true, Times: c.readbackFails})
				}
				w.publish(topic+"/pump_utilisation/set", "37")
				pass(70 * time.Second)
				results := w.results(t, topic+"/result")
				require.NotEmpty(t, results)
				assert.Equal(t, c.end, results[0].Outcome)
				assert.Len(t, w.writes(), c.writes)
				if c.end == "failed" {
					assert.Contains(t, *results[0].Error, "may have been carried out")
				}
			})
		})
	}
}

// TestAReadBackWithoutTheValueIsNoLook: every answer has values of wrong types, that to the write among them. What switches
// something off is sent again all the same.
func TestAReadBackWithoutTheValueIsNoLook(t *testing.T) {
	for key, c := range map[string]struct {
		payload, path string
		writes        int
	}{
		"pump_utilisation": {"37", "/api/BrewZillas/SetPumpUtilisation", 1},
		"pump_enabled":     {"OFF", "/api/BrewZillas/SetPumpEnabled", 2},
	} {
		t.Run(key, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{CommandDelay: -1, Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
				pass(ready)
				_, topic := w.deviceOf(raptsim.BrewZilla)
				w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas", WrongTypes: true})
				w.publish(topic+"/"+key+"/set", c.payload)
				pass(70 * time.Second)
				results := w.results(t, topic+"/result")
				require.NotEmpty(t, results)
				assert.Equal(t, "failed", results[0].Outcome)
				assert.Contains(t, *results[0].Error, "may have been carried out")
				executed := 0
				for _, r := range w.cloud.Requests() {
					if r.Executed && r.Path == c.path {
						executed++
					}
				}
				assert.Equal(t, c.writes, executed)
			})
		})
	}
}

func TestARefreshSaysWhatHappensAndWhen(t *testing.T) {
	note := func(t *testing.T, w *world) string {
		t.Helper()
		w.broker.forget()
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(time.Millisecond)
		results := w.results(t, "rapt/bridge//result")
		require.Len(t, results, 1)
		require.NotNil(t, results[0].Note)
		return *results[0].Note
	}
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		assert.Contains(t, note(t, w), "asks for fresh readings now; they show within some seconds")
		pass(time.Minute)
		w.cloud.Inject(raptsim.Fault{Path: "/api/Stills", Status: 400})
		pass(30 * time.Minute)
		assert.Contains(t, note(t, w), "but for lists that failed: still at ")
		w.cloud.SetSecret("another")
		w.cloud.RevokeTokens()
		pass(5 * time.Minute)
		assert.Contains(t, note(t, w), "Nothing is asked before ")
		assert.Contains(t, note(t, w), "API secret")
	})
}

// TestOneBackOffForOneTrouble: after an outage of the whole API every family is asked as soon as it answers again; a list
// that fails by itself is asked ever more rarely, and holds up no other.
func TestOneBackOffForOneTrouble(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/", Status: 502})
		pass(5 * time.Hour)
		remove()
		end := time.Now()
		pass(16 * time.Minute) // the longest pause of the API's own back-off, and some
		first := map[string]time.Time{}
		for _, r := range w.cloud.Requests() {
			if _, family := path.Split(r.Path); r.Status == 200 && !r.SignIn && !r.At.Before(end) && first[family].IsZero() {
				first[family] = r.At
			}
		}
		require.Subset(t, slices.Collect(maps.Keys(first)), []string{"GetHydrometers", "GetTemperatureControllers", "GetStills", "GetBrewZillas"})
		answers := slices.SortedFunc(maps.Values(first), time.Time.Compare)
		assert.Less(t, answers[len(answers)-1].Sub(answers[0]), 20*time.Second, "each family as soon as the API answers: %v", first)

		before := w.asked("GetHydrometers")
		w.cloud.Inject(raptsim.Fault{Path: "/api/Stills", Status: 500})
		count := len(w.cloud.Requests())
		pass(5 * time.Hour)
		stills := 0
		for _, r := range w.cloud.Requests()[count:] {
			if strings.HasSuffix(r.Path, "GetStills") {
				stills++
			}
		}
		assert.LessOrEqual(t, stills, 30, "a minute, two, four … a quarter of an hour")
		assert.GreaterOrEqual(t, w.asked("GetHydrometers")-before, 15, "the others go on")
	})
}

// TestResultsDoNotPileUpTowardsASlowBroker: the broker takes nothing while commands to many devices are refused.
func TestResultsDoNotPileUpTowardsASlowBroker(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Devices: raptsim.LargeBrewery(200)}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.broker.stall(true)
		for i := range 15 {
			for _, d := range w.cloud.Devices() {
				w.publish("rapt/"+d.Family+"/"+d.ID+"/nothing/set", fmt.Sprint(i))
			}
		}
		pass(time.Second)
		assert.Len(t, w.lines("takes messages too slowly"), 1)
		w.broker.forget()
		w.broker.stall(false)
		pass(time.Minute)
		results := 0
		for _, p := range w.broker.sent {
			if strings.HasSuffix(p.Topic, "/result") {
				results++
			}
		}
		assert.LessOrEqual(t, results, 1001)
		assert.Greater(t, results, 500, "the latest are there")
	})
}

// TestReadingsAreMetrics: Prometheus sees the numbers and flags of the state documents.
func TestReadingsAreMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { withoutCeiling(o); o.Metrics = registry }, func(t *testing.T, w *world) {
		pass(ready)
		gauges := func() map[string]float64 {
			out := map[string]float64{}
			families, err := registry.Gather()
			require.NoError(t, err)
			for _, f := range families {
				if f.GetName() != "rapt_bridge_reading" {
					continue
				}
				for _, m := range f.GetMetric() {
					label := map[string]string{}
					for _, l := range m.GetLabel() {
						label[l.GetName()] = l.GetValue()
					}
					assert.NotEmpty(t, label["name"])
					out["rapt/"+label["family"]+"/"+label["id"]+" "+label["key"]] = m.GetGauge().GetValue()
				}
			}
			return out
		}
		shown := gauges()
		for _, d := range w.cloud.Devices() {
			topic := "rapt/" + d.Family + "/" + d.ID
			for key, v := range w.broker.document(t, topic+"/state") {
				got, ok := shown[topic+" "+key]
				switch v := v.(type) {
				case float64:
					assert.True(t, ok, "%s %s", topic, key)
					assert.InDelta(t, v, got, 1e-9, "%s %s", topic, key)
				case bool:
					assert.Equal(t, map[bool]float64{true: 1}[v], got, "%s %s", topic, key)
				default:
					assert.False(t, ok, "%s %s is no number", topic, key)
				}
			}
		}
		id, topic := w.deviceOf(raptsim.Still)
		w.cloud.Remove(id)
		for range 3 {
			w.untilAsked(t, "GetStills")
		}
		_, there := gauges()[topic+" temperature"]
		assert.False(t, there, "a device that has gone is no metric any more")
	})
}

var errGone = errors.New("gone")

// TestTheRestoreIsReadAgainWhereTheBrokerWentAwayDuringIt: half of what was retained is not all.
func TestTheRestoreIsReadAgainWhereTheBrokerWentAwayDuringIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		w.broker.mute.Store(true)
		w.start(t)
		defer w.halt()
		pass(2 * time.Second)
		w.broker.lose(errGone.Error())
		pass(time.Minute)
		assert.Empty(t, w.cloud.Requests(), "the restore has not ended, and nobody to publish for")
		w.broker.mute.Store(false)
		w.broker.back()
		pass(10 * time.Second)
		assert.NotEmpty(t, w.cloud.Requests())
		assert.Empty(t, w.lines("didn't return a message"))
	})
}
