package limit

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"time"
)

// SavedChanges are the changes of the past hour in the saved log: for each thing, by a short name, how many seconds before
// the log's time it was set, the oldest first.
type SavedChanges map[string][]int

// mostSaved bounds them, to some 5 kB: that is more than the ceiling of the vendor's own host lets be set in an hour. Where
// there are more, what was set the most often is kept.
const mostSaved = 300

// short is a name of so few bytes that two things hardly ever share one.
func short(what string) string {
	sum := sha256.Sum256([]byte(what))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// Save is the log of requests and changes at now; wall is the same moment on the wall clock.
func (g *Gate) Save(now, wall time.Time) SavedLog {
	s := g.Requests.Save(now, wall)
	s.Changes = g.Changes.save(now, now.Add(s.At.Sub(wall)))
	return s
}

// save is what counts at now; the ages are those at a time.
func (c *Changes) save(now, at time.Time) SavedChanges {
	out := SavedChanges{}
	for name, w := range c.of {
		w.hour.forget(now)
		var ages []int
		for _, m := range w.hour.left {
			ages = append(ages, slices.Repeat([]int{age(at, m.at)}, m.requests)...)
		}
		if len(ages) > 0 {
			out[name] = ages[max(0, len(ages)-c.perHour):]
		}
	}
	return out.bounded()
}

// bounded leaves out what is too much.
func (s SavedChanges) bounded() SavedChanges {
	names := slices.SortedFunc(maps.Keys(s), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(s[b]), len(s[a])), cmp.Compare(a, b))
	})
	out, left := SavedChanges{}, mostSaved
	for _, name := range names {
		ages := s[name][max(0, len(s[name])-left):]
		if left -= len(ages); len(ages) > 0 {
			out[name] = ages
		}
	}
	return out
}

// restore counts changes that were saved. No more is read than is saved.
func (c *Changes) restore(saved SavedChanges, now time.Time, then func(seconds int) time.Time) {
	for name, ages := range saved.bounded() {
		if len(name) != len(short("")) {
			continue
		}
		w := c.window(name)
		for _, seconds := range ages[max(0, len(ages)-c.perHour):] {
			if at := then(seconds); now.Sub(at) < time.Hour+windowMargin {
				w.hour.add(at, 1)
				w.burst.add(at, 1)
			}
		}
		w.hour.sort()
		w.burst.sort()
	}
}

// KeepChanges has the log keep the changes of an earlier one, for who makes none.
func (s *SavedLog) KeepChanges(earlier SavedLog) {
	c := NewChanges(mostSaved)
	c.restore(earlier.Changes, s.At, earlier.then(s.At, s.At))
	s.Changes = c.save(s.At, s.At)
}
