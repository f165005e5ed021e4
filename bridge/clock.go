package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/sleep"
)

// clock has the two times that the bridge lives by. Steady time is the wall clock of the start, carried on by the
// monotonic clock: everything is timed by it, and no change of the wall clock moves it.
type clock struct {
	origin  time.Time            // the wall clock at the start
	elapsed func() time.Duration // since the start, by the monotonic clock
	wall    func() time.Time     // the wall clock, for what people read
}

func newClock(wall func() time.Time) clock {
	start := time.Now()
	return clock{origin: wall().Round(0), elapsed: func() time.Duration { return time.Since(start) }, wall: wall}
}

// moment is now on both clocks. The wall clock comes first: who is stopped between the two is late, and never early.
func (c clock) moment() sleep.Moment {
	wall := c.wall()
	return sleep.Moment{Steady: c.now(), Wall: wall}
}

// now is steady time.
func (c clock) now() time.Time { return c.origin.Add(c.elapsed()) }

// read is a steady time as people read it.
func (c clock) read(at time.Time) time.Time { return c.wall().Add(at.Sub(c.now())) }

// text is the time of day of a steady time, in words.
func (c clock) text(at time.Time) string { return c.read(at).Format(time.TimeOnly) }
