package bridge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var testKey = limit.NewKey("brewer@example.com", "demo-secret")

// unusedHour is the state that a run without requests has left with the broker.
func unusedHour(t testing.TB) []byte {
	t.Helper()
	state, err := json.Marshal(map[string]any{"ledger": testKey.Unused(time.Now())})
	require.NoError(t, err)
	return state
}

// withoutChanges lifts the limit of changes.
func withoutChanges(o *Options) { o.MaxChangesPerHour = 10_000 }

// flood has so many target changes of a controller sent, as an automation gone wild does.
func (w *world) flood(n int, apart time.Duration) {
	_, controller := w.deviceOf(raptsim.TemperatureController)
	for i := range n {
		w.broker.deliver(message(controller+"/target_temperature/set", fmt.Sprint(10+float64(i%100)/10)))
		pass(apart)
	}
}

// TestAfterAFloodOfCommandsAHeaterCanBeSwitchedOff uses the hour up with changes of another device. What follows is in
// the safe direction, and leaves at once.
func TestAfterAFloodOfCommandsAHeaterCanBeSwitchedOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{CommandDelay: time.Hour, Latency: &raptsim.Latency{}}, withoutChanges)
		w.broker.retain("rapt/bridge/state", unusedHour(t))
		w.start(t)
		defer w.halt()
		pass(ready)
		_, controller := w.deviceOf(raptsim.TemperatureController)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		_, still := w.deviceOf(raptsim.Still)
		w.flood(400, 3*time.Second)
		results := w.results(t, controller+"/result")
		last := results[len(results)-1]
		require.Equal(t, "rejected", last.Outcome)
		assert.Regexp(t, `used up until \d\d:\d\d:\d\d \S+; what switches something off is still sent, but not over and over`, *last.Error)
		assert.Less(t, last.TookMS, 1000, "refused at once")

		target := w.broker.document(t, kettle+"/state")["target_temperature"].(float64)
		before := len(w.writes())
		for _, c := range []struct{ topic, payload string }{
			{kettle + "/heating_enabled/set", "OFF"}, {kettle + "/pump_enabled/set", "OFF"}, {kettle + "/pid_enabled/set", "OFF"},
			{kettle + "/heating_utilisation/set", "0"}, {kettle + "/target_temperature/set", fmt.Sprint(target - 5)},
			{still + "/heating_enabled/set", "off"}, {still + "/pump_enabled/set", "OFF"}, {still + "/heating_utilisation/set", "0"},
			{controller + "/pid_enabled/set", "OFF"}, {still + "/pid_enabled/set", "OFF"},
		} {
			w.publish(c.topic, c.payload)
			pass(time.Second)
		}
		require.Len(t, w.writes(), before+10, "each left, within a second")
		w.publish(kettle+"/heating_enabled/set", "ON")
		w.publish(kettle+"/target_temperature/set", fmt.Sprint(target))
		pass(time.Second)
		assert.Len(t, w.writes(), before+10, "not the other direction")
		pass(30 * time.Minute)
		obeys(t, w, 240)
	})
}

// TestAfterAFloodOfOffAnotherHeaterCanBeSwitchedOff has an automation gone wild switch off what is off, or turn a kettle down
// ever more: what is kept for switching off is not for it alone.
func TestAfterAFloodOfOffAnotherHeaterCanBeSwitchedOff(t *testing.T) {
	lower := func(i int) string { return fmt.Sprint(60 - float64(i)/100) }
	always := func(int) string { return "OFF" }
	for name, flood := range map[string]map[string]func(int) string{
		"the pump":            {"pump_enabled": always},
		"the pump and heater": {"pump_enabled": always, "heating_enabled": always},
		"the target":          {"target_temperature": lower},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{}, nil)
				w.broker.retain("rapt/bridge/state", unusedHour(t))
				w.start(t)
				defer w.halt()
				pass(ready)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				_, still := w.deviceOf(raptsim.Still)
				for i := range 52 * 30 {
					for key, payload := range flood {
						w.publish(kettle+"/"+key+"/set", payload(i))
					}
					pass(2 * time.Second)
				}
				results := w.results(t, kettle+"/result")
				last := results[len(results)-1]
				require.Equal(t, "rejected", last.Outcome)
				assert.Contains(t, *last.Error, "used up until")
				before := len(w.writes())
				w.publish(still+"/heating_enabled/set", "OFF")
				w.publish(kettle+"/heating_utilisation/set", "0")
				pass(5 * time.Second)
				assert.Equal(t, before+2, len(w.writes()))
				obeys(t, w, 240)
			})
		})
	}
}

// TestWhereNobodyMayLookAHeaterIsSwitchedOffAgainAtOnce loses the answer to an OFF while the hour is used up but for what is
// kept for switching off.
func TestWhereNobodyMayLookAHeaterIsSwitchedOffAgainAtOnce(t *testing.T) {
	for _, phase := range []time.Duration{0, 15 * time.Second, 35 * time.Second, 55 * time.Second} {
		t.Run(phase.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{CommandDelay: time.Hour, Latency: &raptsim.Latency{}}, withoutChanges)
				w.broker.retain("rapt/bridge/state", unusedHour(t))
				w.start(t)
				defer w.halt()
				pass(ready)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				w.flood(400, 3*time.Second)
				pass(phase)
				before := len(w.writes())
				w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetHeatingEnabled", Reset: true, Times: 1})
				w.publish(kettle+"/heating_enabled/set", "OFF")
				pass(time.Second)
				require.Len(t, w.writes(), before+1)
				pass(4 * time.Second)
				assert.Len(t, w.writes(), before+2, "three seconds later")
				assert.Equal(t, []string{"applied"}, outcomes(w.results(t, kettle+"/result")))
			})
		})
	}
}

// TestReadbacksGiveWayToCommands changes targets until the hour is full: the last changes are not looked back at.
func TestReadbacksGiveWayToCommands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{CommandDelay: time.Hour, Latency: &raptsim.Latency{}}, withoutChanges)
		w.broker.retain("rapt/bridge/state", unusedHour(t))
		w.start(t)
		defer w.halt()
		pass(ready)
		w.flood(200, 15*time.Second)
		var writes, readbacks, since int
		for _, r := range w.cloud.Requests() {
			switch {
			case r.Method == "POST" && !r.SignIn:
				writes++
				since++
			case strings.HasSuffix(r.Path, "/GetTemperatureController"):
				readbacks++
				since = 0
			}
		}
		assert.GreaterOrEqual(t, since, 8, "the last writes, of %d with %d readbacks", writes, readbacks)
		assert.Greater(t, readbacks, 20)
		obeys(t, w, 240)
	})
}

// TestWhatSwitchesOffGoesBeforeWhatWaits holds a call up while commands gather.
func TestWhatSwitchesOffGoesBeforeWhatWaits(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, controller := w.deviceOf(raptsim.TemperatureController)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		_, chamber := w.deviceOf(raptsim.FermentationChamber)
		w.cloud.Inject(raptsim.Fault{Path: "/api/TemperatureControllers/Set", Delay: 2 * time.Second, Times: 1})
		w.publish(controller+"/target_temperature/set", "11")
		pass(100 * time.Millisecond)
		w.publish(controller+"/target_temperature/set", "12")
		w.publish(chamber+"/target_temperature/set", "5")
		w.publish(kettle+"/heating_enabled/set", "OFF")
		pass(10 * time.Second)
		writes := w.writes()
		require.Len(t, writes, 4)
		assert.Contains(t, writes[1], "BrewZillas/SetHeatingEnabled")
	})
}

// TestABridgeRestartedFiveTimesCanSwitchAHeaterOff: each start signs in; polls don't use the last sign-ins.
func TestABridgeRestartedFiveTimesCanSwitchAHeaterOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		w.broker.retain("rapt/bridge/state", unusedHour(t))
		w.start(t)
		pass(ready)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		for range 6 {
			w.halt()
			w.start(t)
			pass(30 * time.Second)
		}
		defer w.halt()
		signIns := 0
		for _, r := range w.cloud.Requests() {
			if r.SignIn {
				signIns++
			}
		}
		require.Equal(t, 4, signIns, "polls may use four")
		// No list has been answered since the start, so whether there is such a device is not known; it waits for nothing.
		w.publish(kettle+"/heating_enabled/set", "OFF")
		pass(5 * time.Second)
		assert.Contains(t, strings.Join(w.writes(), " "), "BrewZillas/SetHeatingEnabled?state=false")
		obeys(t, w, 240)
	})
}

// TestALogThatIsNotToBeTrustedCountsAsLost: it neither gives requests away nor blocks commands.
func TestALogThatIsNotToBeTrustedCountsAsLost(t *testing.T) {
	full, empty := make([][2]int, 240), [][2]int{}
	for i := range full {
		full[i] = [2]int{i, 1}
	}
	for name, forged := range map[string]func() any{
		"junk":                func() any { return map[string]any{"at": "yesterday", "polls": 7} },
		"an empty object":     func() any { return map[string]any{} },
		"empty, and unsigned": func() any { return limit.SavedLog{At: time.Now(), Polls: empty, Commands: empty, SignIns: empty} },
		"signed by another":   func() any { return limit.NewKey("brewer@example.com", "guessed").Unused(time.Now()) },
		"a full hour, unsigned": func() any {
			return limit.SavedLog{At: time.Now(), Polls: empty, Commands: full, SignIns: [][2]int{{1, 6}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{}, nil)
				state, err := json.Marshal(map[string]any{"ledger": forged()})
				require.NoError(t, err)
				w.broker.retain("rapt/bridge/state", state)
				w.start(t)
				defer w.halt()
				pass(ready)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				w.publish(kettle+"/heating_enabled/set", "ON")
				pass(5 * time.Second)
				require.Len(t, w.writes(), 1, "no hour of silence")
				pass(50 * time.Minute)
				assert.LessOrEqual(t, len(w.cloud.Requests()), 60, "a quarter")
				assert.Len(t, w.lines("starting with a quarter of the hour's requests"), 1)
			})
		})
	}
}

// TestNoRetainedStateHangsTheBridge has what anybody may have retained as a device's state.
func TestNoRetainedStateHangsTheBridge(t *testing.T) {
	for _, hostile := range []string{
		`{"last_activity":%q,"reporting_interval":1e-9}`,
		`{"last_activity":%q,"reporting_interval":1}`,
		`{"last_activity":"0001-01-01T00:00:01Z","reporting_interval":1e-9,"next_reading_expected":%q}`,
		`{"last_activity":"9999-12-31T23:59:59Z","reporting_interval":1,"next_reading_expected":%q}`,
		`{"last_activity":%q,"reporting_interval":1e300}`,
		`{"last_activity":%q,"reporting_interval":-1e300,"next_reading_expected":"9999-12-31T23:59:59Z"}`,
	} {
		t.Run(hostile, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{}, withoutCeiling)
				for _, d := range w.cloud.Devices() {
					w.broker.retain(fmt.Sprintf("rapt/%s/%s/state", d.Family, d.ID), fmt.Appendf(nil, hostile, time.Now().Add(-24*time.Hour).Format(time.RFC3339)))
				}
				w.start(t)
				defer w.halt()
				pass(ready)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				w.publish(kettle+"/heating_enabled/set", "ON")
				pass(time.Second)
				require.Len(t, w.writes(), 1)
				pass(3 * time.Hour)
				recovered(t, w)
				obeys(t, w, 100_000)
			})
		})
	}
}

// TestAKeyIsNotSetTooOften has an automation that sets a target every ten seconds, and somebody who switches off.
func TestAKeyIsNotSetTooOften(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, func(o *Options) { withoutCeiling(o); o.MaxRequestsPerMinute = 1000 }, func(t *testing.T, w *world) {
		pass(ready)
		_, controller := w.deviceOf(raptsim.TemperatureController)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.flood(50, 10*time.Second)
		assert.Len(t, w.writes(), 30)
		results := w.results(t, controller+"/result")
		last := results[len(results)-1]
		assert.Equal(t, "rejected", last.Outcome)
		assert.Regexp(t, `set 30 times in ten minutes or 60 times in an hour.*control.max_changes_per_hour.*at \d\d:\d\d:\d\d`, *last.Error)
		for i := range 80 {
			w.publish(kettle+"/heating_enabled/set", []string{"OFF", "ON"}[i%2])
			pass(3 * time.Second)
		}
		on, off := 0, 0
		for _, write := range w.writes() {
			switch write {
			case "BrewZillas/SetHeatingEnabled?state=true":
				on++
			case "BrewZillas/SetHeatingEnabled?state=false":
				off++
			}
		}
		assert.Equal(t, 40, off)
		assert.Equal(t, 15, on, "switching off counts, but is always sent")
	})
}

// TestABrokerThatRefusesTheCountOfRequests forbids the bridge's state for a time: nothing is asked, nothing is counted that
// did not leave, and the broker is not asked without a pause.
func TestABrokerThatRefusesTheCountOfRequests(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(ready)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.broker.refuse("bridge/state")
		w.broker.forget()
		asked := len(w.cloud.Requests())
		for range 30 {
			w.publish(kettle+"/pump_utilisation/set", "40")
			pass(10 * time.Second)
		}
		assert.Len(t, w.cloud.Requests(), asked)
		for _, r := range w.results(t, kettle+"/result") {
			assert.Contains(t, []string{"superseded", "rejected"}, r.Outcome)
		}
		w.broker.mu.Lock()
		assert.Less(t, w.broker.refusals, 150, "in five minutes")
		w.broker.mu.Unlock()

		w.broker.refuse("")
		pass(15 * time.Minute)
		assert.InDelta(t, len(w.cloud.Requests()), w.broker.document(t, "rapt/bridge/state")["requests_last_hour"], 2)
		assert.Greater(t, len(w.cloud.Requests()), asked+8)
		assert.Contains(t, []any{"ok", "slowed"}, w.broker.document(t, "rapt/bridge/state")["api_status"])
	})
}

// TestAnOffDoesNotWaitForAnotherKettle: whether the other one got its command is looked at meanwhile, and the cloud hangs.
func TestAnOffDoesNotWaitForAnotherKettle(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}, Devices: []raptsim.DeviceSpec{
		{Family: raptsim.BrewZilla, Name: "First", ReportEvery: time.Minute},
		{Family: raptsim.BrewZilla, Name: "Second", ReportEvery: time.Minute},
	}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		first, second := "rapt/brewzilla/"+w.cloud.Devices()[0].ID, "rapt/brewzilla/"+w.cloud.Devices()[1].ID
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Reset: true, Times: 1})
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZilla", Delay: time.Minute})
		w.publish(first+"/pump_utilisation/set", "37")
		pass(5 * time.Second)
		w.publish(second+"/pump_utilisation/set", "38")
		pass(5 * time.Second)
		assert.Len(t, w.writes(), 1, "what switches nothing off waits")
		w.publish(second+"/heating_enabled/set", "OFF")
		pass(time.Second)
		assert.Contains(t, strings.Join(w.writes(), " "), "BrewZillas/SetHeatingEnabled?state=false")
		remove()
		pass(30 * time.Second)
		assert.Equal(t, []string{"applied"}, outcomes(w.results(t, first+"/result"))[:1], "it is looked at again")
	})
}
