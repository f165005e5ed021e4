package bridge

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// hydrometers are so many devices of one family, each with a name of its own.
func hydrometers(n int, name func(int) string) []raptsim.DeviceSpec {
	out := make([]raptsim.DeviceSpec, n)
	for i := range out {
		out[i] = raptsim.DeviceSpec{Family: raptsim.Hydrometer, ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), Name: name(i)}
	}
	return out
}

// mirroring is the processor time of a bridge's first ten minutes with n devices, with a start of Home Assistant right
// after the first announcements.
func mirroring(t *testing.T, n int, name func(int) string) (took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Devices: hydrometers(n, name)}, func(o *Options) { o.Log = nil })
		start := processorTime()
		w.start(t)
		pass(time.Second)
		w.broker.deliver(message("homeassistant/status", "online"))
		pass(10 * time.Minute)
		took = processorTime() - start
		assert.EqualValues(t, n, w.broker.document(t, "rapt/bridge/state")["devices"])
		assert.Len(t, w.broker.topics("homeassistant/"), n+1)
		w.halt()
	})
	return took
}

func TestManyDevicesCostTimeInProportion(t *testing.T) {
	for what, name := range map[string]func(int) string{
		"names of their own": func(i int) string { return fmt.Sprintf("Pill %d", i) },
		"one name":           func(int) string { return "Pill" },
	} {
		t.Run(what, func(t *testing.T) {
			mirroring(t, 500, name) // what is made once
			few, many := mirroring(t, 1000, name), mirroring(t, 4000, name)
			t.Logf("1,000 devices: %s, 4,000: %s", few, many)
			assert.Less(t, float64(many)/float64(few), 8.0, "four times the devices; in the square of them it were sixteen times")
		})
	}
}

func TestTenThousandDevicesTakeLittleMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Devices: hydrometers(10_000, func(i int) string { return fmt.Sprintf("Pill %d", i) })}, func(o *Options) { o.Log = nil })
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := heap()
		w.start(t)
		defer w.halt()
		pass(10 * time.Minute)
		w.broker.forget()
		w.broker.mu.Lock()
		retained := 0
		for topic, payload := range w.broker.retained {
			retained += len(topic) + len(payload)
		}
		w.broker.mu.Unlock()
		used := heap() - before - int64(retained)
		t.Logf("%d MiB, beside %d MiB that the broker retains", used>>20, retained>>20)
		assert.Less(t, used, int64(256<<20))
	})
}

// TestManyDevicesKeepNoFamilyWaiting has a broker that takes minutes for thousands of announcements: the count of a request
// goes before them, so that the other families are there at once and commands leave.
func TestManyDevicesKeepNoFamilyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		devices := append(raptsim.DemoBrewery(), hydrometers(4000, func(i int) string { return fmt.Sprintf("Pill %d", i) })...)
		w := newWorld(raptsim.Options{Devices: devices}, func(o *Options) { o.Log = nil })
		w.broker.each = 10 * time.Millisecond
		w.start(t)
		defer w.halt()
		pass(20 * time.Second)
		asked := map[string]bool{}
		for _, r := range w.cloud.Requests() {
			asked[r.Path] = true
		}
		assert.Len(t, asked, 9, "eight lists and the sign-in: %v", asked)
		assert.Less(t, len(w.broker.topics("homeassistant/")), 2000, "the broker is still busy")
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.publish(kettle+"/pump_utilisation/set", "31")
		pass(5 * time.Second)
		assert.Len(t, w.writes(), 1)
		pass(3 * time.Minute)
		assert.Len(t, w.broker.topics("homeassistant/"), len(devices)+1)
	})
}
