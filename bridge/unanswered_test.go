package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAGainThatIsNotKnownAnyMoreIsNotMadeUp has the cloud stop showing the other gains while a gain waits to be sent again.
func TestAGainThatIsNotKnownAnyMoreIsNotMadeUp(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, kettle := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetPID", Reset: true, Times: 1})
		w.publish(kettle+"/pid_proportional/set", "3")
		pass(time.Second)
		w.cloud.Set(id, "pidIntegral", nil)
		w.cloud.Set(id, "pidDerivative", nil)
		pass(time.Minute)
		assert.Len(t, w.writes(), 1, "the one without an answer")
		results := w.results(t, kettle+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "failed", results[0].Outcome)
		assert.Contains(t, *results[0].Error, "PID gains are not known yet")
		assert.Contains(t, *results[0].Error, "may have been carried out")
	})
}

// TestACommandWhoseDeviceIsForgottenHasAnOutcome takes a device out while a write without an answer is read back.
func TestACommandWhoseDeviceIsForgottenHasAnOutcome(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, kettle := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZillas", EmptyList: true})
		for range 3 {
			w.untilAsked(t, "GetBrewZillas")
		}
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Reset: true, Times: 1})
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZilla", Delay: 10 * time.Second})
		w.publish(kettle+"/pump_utilisation/set", "37")
		pass(5 * time.Second)
		w.publish("rapt/bridge/forget/set", id)
		pass(2 * time.Minute)
		require.Equal(t, []string{"applied"}, outcomes(w.results(t, "rapt/bridge//result")), "it was forgotten")
		results := w.results(t, kettle+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "failed", results[0].Outcome)
		assert.Contains(t, *results[0].Error, "no longer in the RAPT account")
		assert.Contains(t, *results[0].Error, "may have been carried out")
	})
}
