package bridge

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// days is how long TestAYearTakesTheMemoryOfItsFirstWeek lasts; "make soak" has the whole year.
var days = flag.Int("days", 10, "days of the simulated year")

// heap is what is in use after everything unused is gone.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held on to
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// forget drops what the harness has recorded.
func (w *world) forget() {
	w.broker.forget()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log.Reset()
}

// TestAYearTakesTheMemoryOfItsFirstWeek lives through a year of an ordinary brewery, with faults of the cloud, starts of Home
// Assistant, commands and a restart a month. At its end the bridge takes no more memory than after the first week.
func TestAYearTakesTheMemoryOfItsFirstWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		empty := heap()
		// What the simulated cloud keeps is bounded so that it is full within days.
		w := newWorld(raptsim.Options{KeepRequests: 500, KeepReports: 50, Telemetry: raptsim.Telemetry{KeepRows: 100}}, nil)
		w.start(t)
		defer func() { w.halt() }()
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		r, faults := rand.New(rand.NewPCG(7, 1)), faultsOfTheCloud()
		var first int64
		for day := 1; day <= *days; day++ {
			for range 4 {
				remove := w.cloud.Inject(faults[r.IntN(len(faults))])
				if r.IntN(3) == 0 {
					w.cloud.RevokeTokens()
				}
				pass(time.Duration(r.Int64N(int64(10 * time.Minute))))
				remove()
				w.publish(kettle+"/target_temperature/set", []string{"60", "65", "70", "nonsense"}[r.IntN(4)])
				w.publish("homeassistant/status", "online")
				pass(5 * time.Hour)
			}
			if day%30 == 0 {
				w.halt()
				w.start(t)
			}
			pass(3 * time.Hour)
			w.forget()
			used := heap() - empty
			if day == min(7, *days/2) {
				first = used
			}
			if day == min(7, *days/2) || day%30 == 0 || day == *days {
				t.Logf("day %d: %.1f MiB", day, float64(used)/(1<<20))
			}
		}
		last := heap() - empty
		recovered(t, w)
		assert.Less(t, float64(last)/float64(first), 1.25, "the memory of the last day to that of the first week: %d to %d bytes", last, first)
	})
}
