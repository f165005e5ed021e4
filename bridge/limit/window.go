package limit

import (
	"slices"
	"time"
)

// window admits at most limit requests in any span. What is kept for some purposes, others may not use: they have to
// leave so many places free.
type window struct {
	span  time.Duration
	limit int
	kept  [purposes]int
	used  int     // requests still inside
	left  []entry // when they left, oldest first
}

// entry is when so many requests left. What is reserved is one entry, whatever the ceiling is.
type entry struct {
	at       time.Time
	requests int
}

// nextAllowed returns when one more request of a purpose fits: the zero time for at once.
func (w *window) nextAllowed(now time.Time, p Purpose) time.Time {
	w.forget(now)
	limit := w.limit - w.kept[p]
	if w.used < limit {
		return time.Time{}
	}
	if limit <= 0 {
		return now.Add(w.span)
	}
	over, i := w.used-limit, 0 // so many and one have to be outside
	for ; over >= w.left[i].requests; i++ {
		over -= w.left[i].requests
	}
	return w.left[i].at.Add(w.span + windowMargin)
}

func (w *window) add(at time.Time, requests int) {
	if requests <= 0 {
		return
	}
	w.used += requests
	if n := len(w.left); n > 0 && w.left[n-1].at.Equal(at) {
		w.left[n-1].requests += requests
		return
	}
	w.left = append(w.left, entry{at, requests})
}

func (w *window) forget(now time.Time) {
	old := 0
	for ; old < len(w.left) && now.Sub(w.left[old].at) >= w.span+windowMargin; old++ {
		w.used -= w.left[old].requests
	}
	w.left = slices.Delete(w.left, 0, old)
}

// withdraw removes the last request of that time.
func (w *window) withdraw(at time.Time) {
	for i, m := range slices.Backward(w.left) {
		if !m.at.Equal(at) {
			continue
		}
		w.used--
		if w.left[i].requests--; w.left[i].requests == 0 {
			w.left = slices.Delete(w.left, i, i+1)
		}
		return
	}
}

// sort brings entries that were added in any order into theirs.
func (w *window) sort() {
	left := w.left
	slices.SortStableFunc(left, func(a, b entry) int { return a.at.Compare(b.at) })
	w.left, w.used = nil, 0
	for _, m := range left {
		w.add(m.at, m.requests)
	}
}
