package sleep

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSince(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ steady, wall, all, unseen time.Duration }{
		"a second":           {time.Second, time.Second, time.Second, 0},
		"frozen":             {time.Minute, time.Minute, time.Minute, 0},
		"suspended":          {time.Second, 8 * time.Hour, 8 * time.Hour, 8*time.Hour - time.Second},
		"the clock set back": {time.Second, -time.Hour, time.Second, 0},
	} {
		all, unseen := Moment{noon.Add(c.steady), noon.Add(c.wall)}.Since(Moment{noon, noon})
		assert.Equal(t, c.all, all, name)
		assert.Equal(t, c.unseen, unseen, name)
	}
}

// clocks stop for whoever looks at them until a time, as they do for a process that is stopped.
type clocks struct {
	until, jump atomic.Int64
}

func (c *clocks) now() Moment {
	time.Sleep(time.Duration(c.until.Load() - time.Now().UnixNano()))
	return Moment{Steady: time.Now(), Wall: time.Now().Add(time.Duration(c.jump.Load()))}
}

func TestEachSleepIsToldOnce(t *testing.T) {
	for name, watches := range map[string]bool{"Run has looked first": true, "Slept is asked first": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &clocks{}
				w := NewWatch(c.now)
				ctx, end := context.WithCancel(context.Background())
				go w.Run(ctx)
				defer func() { end(); synctest.Wait() }()
				asleep := func() time.Duration {
					if watches {
						time.Sleep(10 * time.Millisecond)
						synctest.Wait()
					}
					all, _, slept := w.Slept()
					assert.Equal(t, slept, all > 0)
					return all
				}
				for range 20 {
					time.Sleep(700 * time.Millisecond)
					assert.Zero(t, asleep())
				}
				for range 3 {
					c.until.Store(time.Now().Add(30 * time.Second).UnixNano())
					if watches {
						time.Sleep(30 * time.Second)
					}
					assert.InDelta(t, 30, asleep().Seconds(), 1.1)
					for range 5 {
						assert.Zero(t, asleep(), "once")
						time.Sleep(time.Second)
					}
				}
				c.jump.Add(int64(8 * time.Hour))
				time.Sleep(time.Second)
				all, unseen, slept := w.Slept()
				assert.True(t, slept)
				assert.InDelta(t, 8*3600, all.Seconds(), 2)
				assert.InDelta(t, 8*3600, unseen.Seconds(), 2)
				c.jump.Add(-int64(time.Hour))
				time.Sleep(10 * time.Second)
				assert.Zero(t, asleep())
			})
		})
	}
}

// Run looks once more, and is then asleep like Slept, while that is between the last tick and the clocks.
func TestASleepThatBothMeasureFromAnotherTickIsToldOnce(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at, meanwhile := noon, func() {}
	w := NewWatch(func() Moment {
		run := meanwhile
		meanwhile = func() {}
		run()
		return Moment{at, at}
	})
	for range 2 {
		meanwhile = func() {
			at = at.Add(time.Second)
			w.look()
			at = at.Add(30 * time.Second)
			w.look()
		}
		all, _, slept := w.Slept()
		assert.True(t, slept)
		assert.Equal(t, 31*time.Second, all)
		_, _, slept = w.Slept()
		assert.False(t, slept, "once")
	}
}

// TestABusyGoroutineIsNoSleep: Run goes on looking.
func TestABusyGoroutineIsNoSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWatch((&clocks{}).now)
		ctx, end := context.WithCancel(context.Background())
		go w.Run(ctx)
		defer func() { end(); synctest.Wait() }()
		time.Sleep(5 * time.Minute) // whoever asks was busy
		_, _, slept := w.Slept()
		assert.False(t, slept)
	})
}
