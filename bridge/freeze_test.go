package bridge

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// sleeper stops a bridge: whoever looks at the wall clock waits, as all of a stopped process does, while steady time goes
// on; or the wall clock jumps, which steady time doesn't know of.
type sleeper struct {
	until, jump atomic.Int64
	next        atomic.Pointer[func()]
}

func (s *sleeper) adapt(o *Options) {
	withoutCeiling(o)
	o.Wall = func() time.Time {
		time.Sleep(time.Duration(s.until.Load() - time.Now().UnixNano()))
		return time.Now().Add(time.Duration(s.jump.Load()))
	}
	o.Heartbeat = func() {
		if next := s.next.Swap(nil); next != nil {
			(*next)()
		}
	}
}

// stop has the loop do something else, within a second.
func (s *sleeper) stop(next func()) { s.next.Store(&next) }

// asleep has a bridge not run for so long; meanwhile happens in the middle of it.
func (s *sleeper) asleep(how string, length time.Duration, meanwhile func()) {
	switch how {
	case "frozen":
		s.until.Store(time.Now().Add(length).UnixNano())
		time.Sleep(length / 2)
		meanwhile()
		time.Sleep(length / 2)
	case "suspended":
		s.stop(func() {
			meanwhile()
			s.jump.Add(int64(length))
		})
		time.Sleep(time.Second)
	}
}

// TestWhatCameDuringASleepIsRefused: the kernel hands over what came meanwhile as if it had come just now.
func TestWhatCameDuringASleepIsRefused(t *testing.T) {
	for _, length := range []time.Duration{30 * time.Second, 150 * time.Second, 8 * time.Hour} {
		for _, how := range []string{"frozen", "suspended"} {
			t.Run(how+" for "+length.String(), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					s := &sleeper{}
					w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
					w.start(t)
					defer w.halt()
					pass(ready)
					_, kettle := w.deviceOf(raptsim.BrewZilla)
					s.asleep(how, length, func() {
						w.publish(kettle+"/heating_enabled/set", "ON")
						w.publish(kettle+"/pump_enabled/set", "OFF")
						w.publish("rapt/bridge/refresh/set", "PRESS")
					})
					pass(10 * time.Second)

					assert.Empty(t, w.writes())
					results := append(w.results(t, kettle+"/result"), w.results(t, "rapt/bridge//result")...)
					require.GreaterOrEqual(t, len(results), 3, "each has an outcome")
					for _, r := range results {
						assert.Equal(t, "rejected", r.Outcome)
						assert.Contains(t, *r.Error, "came while the bridge was asleep")
					}
					assert.Len(t, w.lines("has not run for a while"), 1)

					w.publish(kettle+"/heating_enabled/set", "ON")
					pass(time.Second)
					assert.Len(t, w.writes(), 1, "what comes now is carried out")
					pass(20 * time.Minute)
					recovered(t, w)
					assert.Len(t, w.lines("connected to the MQTT broker"), 2, "anew, once")
				})
			})
		}
	}
}

// TestWhatWaitedDuringASleepIsHeldAgainstTheWallClock has a command in the queue, and one in flight, when the bridge falls
// asleep.
func TestWhatWaitedDuringASleepIsHeldAgainstTheWallClock(t *testing.T) {
	for _, how := range []string{"frozen", "suspended"} {
		t.Run(how, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := &sleeper{}
				w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
				w.start(t)
				defer w.halt()
				pass(ready)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				_, still := w.deviceOf(raptsim.Still)
				w.cloud.Inject(raptsim.Fault{Path: "/api/Stills/Set", Delay: 20 * time.Second, Times: 1})
				w.publish(still+"/pump_utilisation/set", "30")
				pass(100 * time.Millisecond)
				w.publish(kettle+"/heating_enabled/set", "ON")
				synctest.Wait()
				s.asleep(how, 150*time.Second, func() {})
				pass(time.Minute)
				assert.NotContains(t, w.writes(), "BrewZillas/SetHeatingEnabled?state=true")
				results := w.results(t, kettle+"/result")
				require.Len(t, results, 1)
				require.Equal(t, "rejected", results[0].Outcome, "%s", w.logged())
				assert.Contains(t, *results[0].Error, "longer than a minute")
				assert.Len(t, w.writes(), 1, "what was in flight is not sent again")
			})
		})
	}
}

// TestACommandWhoseTimeIsOverDoesNotLeave stops the bridge between the command's call and its permit: the broker takes the
// count of requests, which goes first, in the middle of the sleep.
func TestACommandWhoseTimeIsOverDoesNotLeave(t *testing.T) {
	s := &sleeper{}
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
		w.start(t)
		defer w.halt()
		pass(ready)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.broker.hold(150 * time.Second)
		w.publish(kettle+"/heating_enabled/set", "ON")
		pass(200 * time.Second)
		assert.Empty(t, w.writes())
		results := w.results(t, kettle+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "rejected", results[0].Outcome)
		assert.Regexp(t, "could not leave in time|was not sent", *results[0].Error)
		assert.Empty(t, w.lines("can't be used as usual"), "nothing is wrong with the API")
	})
}

// TestAPollWhoseCountIsAnsweredLateDoesNotLeave: another bridge of the account may be active by then.
func TestAPollWhoseCountIsAnsweredLateDoesNotLeave(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.broker.hold(25 * time.Second)
		w.publish("rapt/bridge/refresh/set", "PRESS")
		before := len(w.cloud.Requests())
		pass(30 * time.Second)
		assert.Len(t, w.cloud.Requests(), before)
	})
}

// TestACommandThatWaitsForItsCountDuringASuspensionDoesNotLeave: steady time doesn't know of the suspension.
func TestACommandThatWaitsForItsCountDuringASuspensionDoesNotLeave(t *testing.T) {
	s := &sleeper{}
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
		w.start(t)
		defer w.halt()
		pass(ready)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.broker.hold(10 * time.Second)
		w.publish(kettle+"/heating_enabled/set", "ON")
		pass(time.Second)
		s.asleep("suspended", 150*time.Second, func() {})
		pass(2 * time.Minute)
		assert.Empty(t, w.writes())
		results := w.results(t, kettle+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "rejected", results[0].Outcome)
	})
}

// TestEachTurnIsABeat: the health check goes by it, also while nothing happens.
func TestEachTurnIsABeat(t *testing.T) {
	var beats atomic.Int64
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { o.Heartbeat = func() { beats.Add(1) } }, func(t *testing.T, w *world) {
		pass(ready)
		w.cloud.Inject(raptsim.Fault{LimitRate: true, RetryAfter: time.Hour})
		pass(10 * time.Minute)
		for range 120 {
			before := beats.Load()
			pass(time.Second)
			assert.Positive(t, beats.Load()-before)
		}
	})
}

// TestAClockThatIsSetIsNoHarm steps the wall clock, as NTP does.
func TestAClockThatIsSetIsNoHarm(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour, 365 * 24 * time.Hour, -365 * 24 * time.Hour, 2 * time.Second, -2 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := &sleeper{}
				w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
				w.start(t)
				defer w.halt()
				pass(ready)
				s.jump.Add(int64(by))
				pass(5 * time.Second)
				_, kettle := w.deviceOf(raptsim.BrewZilla)
				w.publish(kettle+"/heating_enabled/set", "ON")
				pass(2 * time.Second)
				assert.Len(t, w.writes(), 1)
				pass(20 * time.Minute)
				recovered(t, w)
				assert.LessOrEqual(t, len(w.lines("connected to the MQTT broker")), 2)
				assert.Empty(t, w.lines("level=ERROR"))
			})
		})
	}
}

// TestABusyLoopIsNoSleep: a turn that takes long, as with very many devices, must not lead to a new connection, whose work
// would take as long again.
func TestABusyLoopIsNoSleep(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &sleeper{}
		w := newWorld(raptsim.Options{Latency: &raptsim.Latency{}}, s.adapt)
		w.start(t)
		defer w.halt()
		pass(ready)
		s.stop(func() { time.Sleep(15 * time.Second) })
		pass(30 * time.Second)
		assert.Len(t, w.lines("connected to the MQTT broker"), 1)
	})
}
