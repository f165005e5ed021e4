package bridge

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// obeys holds all requests of a simulated time against what the bridge promises the vendor, whatever happens.
func obeys(t *testing.T, w *world, perHour int) {
	t.Helper()
	var all, signIns []time.Time
	for _, r := range w.cloud.Requests() {
		all = append(all, r.At)
		if r.SignIn {
			signIns = append(signIns, r.At)
		}
	}
	require.NotEmpty(t, all)
	assert.LessOrEqual(t, mostIn(all, time.Hour), perHour, "requests in an hour")
	assert.LessOrEqual(t, mostIn(all, time.Minute), 30, "requests in a minute")
	assert.LessOrEqual(t, mostIn(signIns, time.Hour), limit.SignInsPerHour, "sign-ins in an hour")
	assert.LessOrEqual(t, w.cloud.MaxInFlight(), 1, "requests at once")
}

// recovered checks that every device that reports is up to date at the end.
func recovered(t *testing.T, w *world) {
	t.Helper()
	// On a brew day the ceiling may hold a poll back at this very moment.
	assert.Contains(t, []any{"ok", "slowed"}, w.broker.document(t, "rapt/bridge/state")["api_status"])
	for _, d := range w.cloud.Devices() {
		reports := w.cloud.Reports(d.ID)
		if len(reports) < 3 {
			continue
		}
		doc := w.broker.document(t, fmt.Sprintf("rapt/%s/%s/state", d.Family, d.ID))
		at, err := time.Parse(time.RFC3339, doc["last_activity"].(string))
		require.NoError(t, err)
		for _, r := range reports {
			if time.Since(r.VisibleAt) > 20*time.Minute {
				assert.False(t, at.Before(r.At.Truncate(time.Second)), "%s shows %s, and reported at %s", d.Name, at, r.At)
			}
		}
	}
}

func TestAnOrdinaryDay(t *testing.T) {
	inVirtualTime(t, raptsim.Options{RateLimitHeaders: true}, nil, func(t *testing.T, w *world) {
		pass(24 * time.Hour)
		obeys(t, w, 240)
		recovered(t, w)
		assert.LessOrEqual(t, len(w.cloud.Requests()), 24*200)
		for _, line := range strings.Split(w.logged(), "\n") {
			assert.NotContains(t, line, "level=ERROR")
			assert.False(t, strings.Contains(line, "level=WARN"), line)
		}
	})
}

func TestADayWithEveryFault(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		r := rand.New(rand.NewPCG(1, 2))
		next := shuffled(r, faultsOfTheCloud(w))
		for range 22 * 6 {
			remove := w.cloud.Inject(next())
			if r.IntN(4) == 0 {
				w.cloud.RevokeTokens()
			}
			pass(time.Duration(r.Int64N(int64(8 * time.Minute))))
			remove()
			pass(2 * time.Minute)
		}
		pass(2 * time.Hour)
		obeys(t, w, 240)
		recovered(t, w)
	})
}

func TestAWeekOfAPillAndThreeControllers(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: time.Hour, Jitter: 0.01, Miss: 0.02},
	}
	for i := range 3 {
		devices = append(devices, raptsim.DeviceSpec{Family: raptsim.TemperatureController, Name: fmt.Sprint("Controller ", i), ReportEvery: time.Minute, Jitter: 0.03, Miss: 0.02})
	}
	inVirtualTime(t, raptsim.Options{Devices: devices}, nil, func(t *testing.T, w *world) {
		pass(7 * 24 * time.Hour)
		obeys(t, w, 240)
		recovered(t, w)
		perHour := float64(len(w.cloud.Requests())) / (7 * 24)
		assert.Less(t, perHour, 60.0, "quiet: %f requests an hour", perHour)
	})
}

// TestACrashLoopForADay kills the bridge every 10 seconds, without a goodbye to the broker.
func TestACrashLoopForADay(t *testing.T) {
	if testing.Short() {
		t.Skip("takes about ten seconds")
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		for range 24 * 360 {
			w.start(t)
			time.Sleep(10 * time.Second)
			w.halt()
		}
		obeys(t, w, 240)
		w.start(t)
		defer w.halt()
		pass(3 * time.Hour)
		obeys(t, w, 240)
		recovered(t, w)
	})
}

func TestACloudThatLimitsEverySecondRequest(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		remove := w.cloud.Inject(raptsim.Fault{LimitRate: true, Every: 2})
		pass(24 * time.Hour)
		obeys(t, w, 240)
		var last time.Time
		for _, r := range w.cloud.Requests() {
			if !last.IsZero() {
				require.GreaterOrEqual(t, r.At.Sub(last), time.Minute, "a minute at least after a 429")
			}
			last = time.Time{}
			if r.Status == 429 {
				last = r.At
			}
		}
		remove()
		pass(3 * time.Hour)
		recovered(t, w)
	})
}

// TestAClockThatJumps sets the wall clock of the bridge's machine by hours to and fro; the cloud's goes on.
func TestAClockThatJumps(t *testing.T) {
	var jump atomic.Int64
	adapt := func(o *Options) { o.Wall = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) } }
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, adapt)
		w.start(t)
		pass(2 * time.Hour)
		for _, by := range []time.Duration{6 * time.Hour, -24 * time.Hour, 10 * time.Second, -time.Hour, 365 * 24 * time.Hour, 0} {
			synctest.Wait()
			jump.Store(int64(by))
			before := len(w.cloud.Requests())
			pass(time.Hour)
			asked := len(w.cloud.Requests()) - before
			assert.Greater(t, asked, 20, "polling goes on after a jump by %s", by)
			assert.Less(t, asked, 240)
		}
		obeys(t, w, 240)
		recovered(t, w)
		w.halt()
		// A restart with a clock that is wrong by a day: the saved ledger gives nothing away.
		jump.Store(int64(-24 * time.Hour))
		w.start(t)
		pass(3 * time.Hour)
		obeys(t, w, 240)
		w.halt()
	})
}

func TestARejectedSecretIsNotTriedOnATimer(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		w.cloud.SetSecret("another")
		w.cloud.RevokeTokens()
		pass(24 * time.Hour)
		obeys(t, w, 240)
		signIns := 0
		for _, r := range w.cloud.Requests() {
			if r.SignIn {
				signIns++
			}
		}
		assert.Less(t, signIns, 12, "15 minutes, then ever later")
		assert.Equal(t, "rejected", w.broker.document(t, "rapt/bridge/state")["api_status"])
		w.cloud.SetSecret("demo-secret")
		pass(25 * time.Hour)
		recovered(t, w)
	})
}

func TestAChangedFrequencyIsFollowedWithinThreeReadings(t *testing.T) {
	for name, c := range map[string]struct {
		family   string
		from, to time.Duration
	}{
		"a controller becomes slower": {raptsim.TemperatureController, 5 * time.Minute, 15 * time.Minute},
		"a controller becomes faster": {raptsim.TemperatureController, 15 * time.Minute, 5 * time.Minute},
		"a hydrometer becomes slower": {raptsim.Hydrometer, 15 * time.Minute, time.Hour},
		"a hydrometer becomes faster": {raptsim.Hydrometer, time.Hour, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			spec := []raptsim.DeviceSpec{{Family: c.family, Name: "One", ReportEvery: c.from, Jitter: 0.01}}
			inVirtualTime(t, raptsim.Options{Devices: spec}, nil, func(t *testing.T, w *world) {
				pass(12 * time.Hour)
				id, topic := w.deviceOf(c.family)
				assert.InEpsilon(t, c.from.Seconds(), w.broker.document(t, topic+"/state")["reporting_interval"], 0.05)
				w.cloud.Set(id, "telemetryFrequency", c.to)
				before := len(w.cloud.Reports(id))
				learned := 0
				for minute := 0; minute < 12*60 && learned == 0; minute++ {
					pass(time.Minute)
					interval, _ := w.broker.document(t, topic+"/state")["reporting_interval"].(float64)
					if d := interval / c.to.Seconds(); d > 0.93 && d < 1.07 {
						learned = len(w.cloud.Reports(id)) - before
					}
				}
				require.NotZero(t, learned)
				// The report under way at the change may still come at the old time.
				assert.LessOrEqual(t, learned, 4)
			})
		})
	}
}
