package bridge

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// mostSent returns how many requests, and how many sign-ins, the cloud saw within an hour at the most.
func (w *world) mostSent() (requests, signIns int) {
	var all, signedIn []time.Time
	for _, r := range w.cloud.Requests() {
		all = append(all, r.At)
		if r.SignIn {
			signedIn = append(signedIn, r.At)
		}
	}
	return mostIn(all, time.Hour), mostIn(signedIn, time.Hour)
}

// TestAClockThatIsSetBackAtEachBootGivesNothingAway has a machine without a clock of its own: each boot begins ten minutes in
// the past, until the network tells the time.
func TestAClockThatIsSetBackAtEachBootGivesNothingAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var back atomic.Int64 // how far the clock is behind
		w := newWorld(raptsim.Options{}, func(o *Options) { o.Wall = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) } })
		w.start(t)
		pass(2 * time.Hour)
		for range 20 {
			w.halt()
			back.Store(int64(10 * time.Minute))
			w.start(t)
			pass(20 * time.Second)
			back.Store(0)
			pass(100 * time.Second)
		}
		w.halt()
		requests, signIns := w.mostSent()
		assert.LessOrEqual(t, requests, 240)
		assert.LessOrEqual(t, signIns, limit.SignInsPerHour)
		assert.Empty(t, w.lines("can't be trusted"))
	})
}

// TestAnotherConfigurationGivesNothingAway has the log of a full hour when history is turned on, or the ceiling is lowered.
func TestAnotherConfigurationGivesNothingAway(t *testing.T) {
	for name, change := range map[string]func(*Options){"history": withHistory(3), "ceiling": func(o *Options) { o.MaxRequestsPerHour = 200 }} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				changed := false
				w := newWorld(raptsim.Options{}, func(o *Options) {
					if changed {
						change(o)
					}
				})
				busy := func(minutes int) {
					for range minutes { // somebody presses the button
						w.publish("rapt/bridge/refresh/set", "PRESS")
						pass(time.Minute)
					}
				}
				w.start(t)
				pass(90 * time.Minute)
				busy(40)
				w.halt()
				changed = true
				w.start(t)
				busy(20)
				w.halt()
				requests, _ := w.mostSent()
				assert.LessOrEqual(t, requests, 193, "what polls may use, and one sign-in in each run beside")
				assert.Empty(t, w.lines("can't be trusted"))
			})
		})
	}
}
