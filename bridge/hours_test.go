package bridge

import (
	"testing"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestHoursWithFaults is the simulated days in short, for the race detector: it slows a day down tenfold, so that the
// Makefile runs the days without it.
func TestHoursWithFaults(t *testing.T) {
	inVirtualTime(t, raptsim.Options{RateLimitHeaders: true}, nil, func(t *testing.T, w *world) {
		for _, fault := range []raptsim.Fault{
			{Status: 503, HTML: true}, {LimitRate: true, RetryAfter: time.Minute}, {Delay: 40 * time.Second}, {CutBody: true},
			{Path: "/connect/token", Status: 500},
		} {
			remove := w.cloud.Inject(fault)
			w.cloud.RevokeTokens()
			pass(5 * time.Minute)
			remove()
			pass(5 * time.Minute)
		}
		pass(time.Hour)
		obeys(t, w, 240)
		recovered(t, w)
	})
}
