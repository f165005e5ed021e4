package bridge

import (
	"flag"
	"math"
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
	for least := uint64(math.MaxUint64); ; least = m.HeapAlloc {
		runtime.GC()
		runtime.GC() // what finalizers and pools held on to
		if runtime.ReadMemStats(&m); m.HeapAlloc >= least {
			return int64(least)
		}
	}
}

// forget drops what the harness has recorded.
func (w *world) forget() {
	w.broker.forget()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log.Reset()
}

// mayGrow is what may be in use beyond that of the first week: batches that go on for weeks keep more rows, and more odd values
// are kept for a diagnosis, until both are full within three months. In the short form that is less than 5 kB an hour.
func mayGrow() int64 {
	if *days > 30 {
		return 1536 << 10
	}
	return 512 << 10
}

// TestAYearTakesTheMemoryOfItsFirstWeek lives through a year of an ordinary brewery, with faults of the cloud, starts of Home
// Assistant and commands, and without a restart: what leaks has the whole year. At its end the bridge takes hardly
// more memory than after the first week, in which each of the faults has happened.
func TestAYearTakesTheMemoryOfItsFirstWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		empty := heap()
		// What the simulated cloud keeps is bounded so that it is full within days.
		w := newWorld(raptsim.Options{KeepRequests: 500, KeepReports: 50, Telemetry: raptsim.Telemetry{KeepRows: 100}}, nil)
		w.start(t)
		defer func() { w.halt() }()
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		r := rand.New(rand.NewPCG(7, 1))
		faults := faultsOfTheCloud(w)
		next, each := shuffled(r, faults), (len(faults)+4)/5 // all of them in five days
		var first, last int64
		for day := 1; day <= *days; day++ {
			for range each {
				began := time.Now()
				remove := w.cloud.Inject(next())
				if r.IntN(3) == 0 {
					w.cloud.RevokeTokens()
				}
				pass(time.Duration(r.Int64N(int64(10 * time.Minute))))
				remove()
				w.publish(kettle+"/target_temperature/set", []string{"60", "65", "70", "nonsense"}[r.IntN(4)])
				w.publish("homeassistant/status", "online")
				pass(20*time.Hour/time.Duration(each) - time.Since(began))
			}
			pass(4 * time.Hour)
			w.forget()
			if day == min(7, *days/2) || day%30 == 0 || day == *days {
				last = heap() - empty
				t.Logf("day %d: %d kB", day, last/1000)
			}
			if day == min(7, *days/2) {
				first = last
			}
		}
		recovered(t, w)
		assert.Less(t, last-first, mayGrow(), "the memory of the first week and of the last day: %d and %d bytes", first, last)
	})
}
