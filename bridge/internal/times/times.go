// Package times compares moments, of which the zero one means none.
package times

import "time"

// Latest is the latest of the moments.
func Latest(first time.Time, more ...time.Time) time.Time {
	for _, t := range more {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// Soonest is the earlier of two moments, of which a zero one counts for none.
func Soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Ahead reports whether a moment is a day or more ahead of now, which is further than clocks differ: nothing can have
// happened then.
func Ahead(at, now time.Time) bool { return !at.Before(now.Add(24 * time.Hour)) }
