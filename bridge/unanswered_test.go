package bridge

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
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

// brokenLine is a transport that can be down.
type brokenLine struct {
	http.RoundTripper
	down atomic.Bool
}

func (l *brokenLine) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.down.Load() {
		return nil, &net.OpError{Op: "dial", Err: errors.New("no route to host")}
	}
	return l.RoundTripper.RoundTrip(r)
}

// TestWhatNeverLeftIsNoChange has an automation set a target while the internet is down.
func TestWhatNeverLeftIsNoChange(t *testing.T) {
	var line *brokenLine
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, func(o *Options) {
		withoutCeiling(o)
		line = &brokenLine{RoundTripper: o.RAPT.Transport}
		o.RAPT.Transport, o.MaxChangesPerHour = line, 6
	}, func(t *testing.T, w *world) {
		pass(ready)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		line.down.Store(true)
		for i := range 5 {
			w.publish(kettle+"/target_temperature/set", fmt.Sprint(80+i))
			pass(65 * time.Second)
		}
		for _, r := range w.results(t, kettle+"/result") {
			assert.Contains(t, *r.Error, "not sent")
		}
		line.down.Store(false)
		for i := range 4 {
			w.publish(kettle+"/target_temperature/set", fmt.Sprint(85+i))
			pass(30 * time.Second)
		}
		assert.Len(t, w.writes(), 3, "half of the hour's changes, in ten minutes")
	})
}
