// Package sleep finds out that the process has not run for a while: it was stopped, its container was paused, or the
// machine was suspended. Nothing tells a process so.
package sleep

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	tickEvery = time.Second
	// Shortest is the shortest time that is taken for a sleep. A machine that is merely busy is late by less.
	Shortest = 5 * time.Second
)

// Moment is a moment on the steady clock, which no setting of the wall clock moves, and on the wall clock.
type Moment struct{ Steady, Wall time.Time }

// Since is how long ago an earlier moment was, and the part of it that the steady clock doesn't know of: while a machine
// is suspended, its monotonic clock may stand still (it does on Linux). A wall clock that was set forward looks the same;
// one that was set back counts for nothing.
func (m Moment) Since(earlier Moment) (all, unseen time.Duration) {
	steady := m.Steady.Sub(earlier.Steady)
	unseen = max(0, m.Wall.Round(0).Sub(earlier.Wall.Round(0))-steady)
	return steady + unseen, unseen
}

// Watch looks at the clocks once a second. It tells a process that did not run from a goroutine that was busy.
type Watch struct {
	now   func() Moment
	tick  atomic.Pointer[Moment]
	ended atomic.Pointer[span] // the newest sleep that Run has seen
	// reported is the end of the sleep that Slept told of last. It belongs to Slept's caller.
	reported Moment
}

// span is a sleep.
type span struct {
	end         Moment
	all, unseen time.Duration
}

// NewWatch is a watch that looks at these clocks.
func NewWatch(now func() Moment) *Watch {
	first := now()
	w := &Watch{now: now, reported: first}
	w.tick.Store(&first)
	return w
}

// Run looks at the clocks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look()
		}
	}
}

func (w *Watch) look() {
	now := w.now()
	if all, unseen := now.Since(*w.tick.Load()); all >= Shortest {
		w.ended.Store(&span{now, all, unseen})
	}
	w.tick.Store(&now)
}

// Slept reports a sleep that has ended since it was last asked: how long it was, and the part of it that the steady clock
// doesn't know of. It tells of each sleep once, at once: also when Run has not looked since. One goroutine may ask.
func (w *Watch) Slept() (all, unseen time.Duration, slept bool) {
	if s := w.ended.Swap(nil); s != nil && w.isNew(*s) {
		return s.all, s.unseen, true
	}
	last := *w.tick.Load()
	s := span{end: w.now()}
	if s.all, s.unseen = s.end.Since(last); s.all < Shortest || !w.isNew(s) {
		return 0, 0, false
	}
	return s.all, s.unseen, true
}

// isNew reports whether a sleep is another than the last one, which both Run and Slept may have seen.
func (w *Watch) isNew(s span) bool {
	if later, _ := s.end.Since(w.reported); later < Shortest {
		return false
	}
	w.reported = s.end
	return true
}
