package bridge

import "time"

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

// moment is a moment on both clocks.
type moment struct{ steady, wall time.Time }

func (c clock) moment() moment { return moment{c.now(), c.wall().Round(0)} }

// since is how long ago an earlier moment was, and the part of it that steady time doesn't know of: while a machine is
// suspended, its monotonic clock may stand still (it does on Linux). A wall clock that was set back counts for nothing.
func (m moment) since(earlier moment) (all, unseen time.Duration) {
	steady := m.steady.Sub(earlier.steady)
	unseen = max(0, m.wall.Sub(earlier.wall)-steady)
	return steady + unseen, unseen
}

// now is steady time.
func (c clock) now() time.Time { return c.origin.Add(c.elapsed()) }

// read is a steady time as people read it.
func (c clock) read(at time.Time) time.Time { return c.wall().Add(at.Sub(c.now())) }
