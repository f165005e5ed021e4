// Package clock has the two times that the bridge lives by.
package clock

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/sleep"
)

// Clock tells steady time and the wall clock's. Steady time is the wall clock of the start, carried on by the monotonic
// clock: everything is timed by it, and no change of the wall clock moves it.
type Clock struct {
	Origin  time.Time            // the wall clock at the start
	Elapsed func() time.Duration // since the start, by the monotonic clock
	Wall    func() time.Time     // the wall clock, for what people read
}

// New is a clock that begins now.
func New(wall func() time.Time) Clock {
	start := time.Now()
	return Clock{Origin: wall().Round(0), Elapsed: func() time.Duration { return time.Since(start) }, Wall: wall}
}

// Moment is now on both clocks. The wall clock comes first: who is stopped between the two is late, and never early.
func (c Clock) Moment() sleep.Moment {
	wall := c.Wall()
	return sleep.Moment{Steady: c.Now(), Wall: wall}
}

// Now is steady time.
func (c Clock) Now() time.Time { return c.Origin.Add(c.Elapsed()) }

// Read is a steady time as people read it.
func (c Clock) Read(at time.Time) time.Time { return c.Wall().Add(at.Sub(c.Now())) }

// Text is the time of day of a steady time, in words. Its zone may be another than the reader's.
func (c Clock) Text(at time.Time) string { return c.Read(at).Format(time.TimeOnly + " MST") }
