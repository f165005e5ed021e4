package bridge

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// asMeasured are the devices of the demonstration, which report as real ones were measured to.
func asMeasured() []raptsim.DeviceSpec {
	devices := raptsim.DemoBrewery()
	for i := range devices {
		devices[i].Reporting, devices[i].Jitter, devices[i].Miss = raptsim.Measured, 0, 0
	}
	return devices
}

// TestAFreshInstallation has a broker that remembers nothing, so the bridge may use a quarter of the hour's requests. All
// the same every device is there at once, and its rhythm is known when its second report has shown.
func TestAFreshInstallation(t *testing.T) {
	late, all := 0, 0
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			devices := asMeasured()
			w := newWorld(raptsim.Options{Devices: devices, Seed: seed + 1}, nil)
			w.start(t)
			defer w.halt()
			pass(15 * time.Second)
			for _, d := range w.cloud.Devices() {
				require.NotEmpty(t, w.broker.last(fmt.Sprintf("rapt/%s/%s/state", d.Family, d.ID)), "%s is shown at once", d.Name)
			}
			start := time.Now()
			known := map[string]bool{}
			for range 4 * 60 {
				pass(15 * time.Second)
				for i, d := range w.cloud.Devices() {
					interval, _ := w.broker.document(t, fmt.Sprintf("rapt/%s/%s/state", d.Family, d.ID))["reporting_interval"].(float64)
					if every := devices[i].ReportEvery.Seconds(); known[d.ID] || interval < 0.95*every || interval > 1.2*every {
						continue
					}
					known[d.ID] = true
					// What the first poll saw is its first report. A device that reports every minute may report more often than polls
					// can ask meanwhile.
					shown := w.shownSince(d.ID, start)
					if all++; shown > 2 && time.Since(start) > 5*time.Minute {
						late++
						t.Logf("%s: known after %s and %d reports", d.Name, time.Since(start), shown)
					}
					assert.LessOrEqual(t, shown, 4, d.Name)
				}
			}
			for _, d := range w.cloud.Devices() {
				assert.True(t, known[d.ID], "%s is not known within the first hour: %s", d.Name, w.broker.last(fmt.Sprintf("rapt/%s/%s/state", d.Family, d.ID)))
			}
			first := w.cloud.Requests()[0].At
			n := 0
			for _, r := range w.cloud.Requests() {
				if r.At.Sub(first) < time.Hour {
					n++
				}
			}
			assert.LessOrEqual(t, n, 240/4, "a quarter of the ceiling")
			pass(2 * time.Hour)
			obeys(t, w, 240)
		})
	}
	assert.LessOrEqual(t, late, all/20, "reports get lost, or come twice")
}

// shownSince is how many reports of a device have become visible since a moment.
func (w *world) shownSince(id string, since time.Time) int {
	n := 0
	for _, r := range w.cloud.Reports(id) {
		if r.VisibleAt.After(since) && !r.VisibleAt.After(time.Now()) {
			n++
		}
	}
	return n
}
