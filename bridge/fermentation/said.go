package fermentation

import (
	"math"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	maxEntries  = 40
	maxSessions = 10
	// samePress is how long after a new batch another press of the button means the same one.
	samePress = 10 * time.Minute
	// The least and the greatest gravity that is believed of an entry or a session, SG.
	lowestGravity, greatestGravity = 0.98, 1.2
)

// entries are what the owner said, oldest first.
type entries []batch.Entry

// add takes an entry in that holds for what began at begin. What it says takes the place of the same said since then.
func (e entries) add(n batch.Entry, begin time.Time) entries {
	if n.Name != nil {
		e = e.without(begin, func(e *batch.Entry) { e.Name = nil })
	}
	if n.OriginalGravity != nil {
		e = e.without(begin, func(e *batch.Entry) { e.OriginalGravity = nil })
	}
	if n.FinalGravity != nil {
		e = e.without(begin, func(e *batch.Entry) { e.FinalGravity = nil })
	}
	if n = spoken(n); !empty(n) {
		e = append(e, n)
	}
	return e.kept(time.Time{})
}

// without is the entries without what drop takes out of those since begin.
func (e entries) without(begin time.Time, drop func(*batch.Entry)) entries {
	var out entries
	for _, old := range e {
		if !old.At.Before(begin) {
			drop(&old)
		}
		if !empty(old) {
			out = append(out, old)
		}
	}
	return out
}

// spoken is an entry without what only takes something back.
func spoken(n batch.Entry) batch.Entry {
	if n.Name != nil && *n.Name == "" {
		n.Name = nil
	}
	if n.OriginalGravity != nil && *n.OriginalGravity == 0 {
		n.OriginalGravity = nil
	}
	if n.FinalGravity != nil && *n.FinalGravity == 0 {
		n.FinalGravity = nil
	}
	return n
}

func empty(e batch.Entry) bool {
	return !e.NewBatch && e.Name == nil && e.OriginalGravity == nil && e.FinalGravity == nil
}

// kept is the newest of the entries, none from before a time.
func (e entries) kept(oldest time.Time) entries {
	out := slices.DeleteFunc(slices.Clone(e), func(e batch.Entry) bool { return e.At.Before(oldest) })
	slices.SortStableFunc(out, func(a, b batch.Entry) int { return a.At.Compare(b.At) })
	return out[max(0, len(out)-maxEntries):]
}

// since is what was said since a time, in one.
func (e entries) since(begin time.Time) batch.Entry {
	var all batch.Entry
	for _, n := range e {
		if n.At.Before(begin) {
			continue
		}
		if n.NewBatch {
			all = batch.Entry{}
		}
		if n.Name != nil {
			all.Name = n.Name
		}
		if n.OriginalGravity != nil {
			all.OriginalGravity = n.OriginalGravity
		}
		if n.FinalGravity != nil {
			all.FinalGravity = n.FinalGravity
		}
	}
	return all
}

// lastNew is when the owner began the last batch; zero for never.
func (e entries) lastNew() (at time.Time) {
	for _, n := range e {
		if n.NewBatch {
			at = n.At
		}
	}
	return at
}

// believedEntry is an entry as far as it can be true.
func believedEntry(e batch.Entry, now time.Time) (batch.Entry, bool) {
	e.OriginalGravity, e.FinalGravity = gravity(e.OriginalGravity), gravity(e.FinalGravity)
	if e.Name != nil {
		name := text.Line(*e.Name, discovery.MaxBatchName)
		e.Name = &name
	}
	e.At = e.At.UTC()
	return spoken(e), believedTime(e.At, now) && !empty(spoken(e))
}

// gravity is an SG that can be true; nil for any other.
func gravity(v *float64) *float64 { return between(v, lowestGravity, greatestGravity) }

// between is a number within limits, to six digits; nil for any other.
func between(v *float64, low, high float64) *float64 {
	if v == nil || !(*v >= low && *v <= high) {
		return nil
	}
	n := math.Round(*v*1e6) / 1e6
	return &n
}

// firstOfAll is after what a clock says that was never set.
var firstOfAll = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// believedTime reports whether something can have been at a time.
func believedTime(at, now time.Time) bool { return at.After(firstOfAll) && !times.Ahead(at, now) }

// sessionOf is what a profile session says of a batch; false when it can't be believed.
func sessionOf(s device.Session, now time.Time) (batch.Session, bool) {
	return believedSession(batch.Session{
		ID: s.ID, Name: s.Name, Started: s.Started, OriginalGravity: known(s.OriginalGravity), FinalGravity: known(s.FinalGravity),
		Attenuation: known(s.Attenuation), MinTemperature: known(s.MinTemperature), MaxTemperature: known(s.MaxTemperature),
	}, now)
}

func believedSession(s batch.Session, now time.Time) (batch.Session, bool) {
	s.ID, s.Name, s.Started = text.Line(s.ID, 64), text.Line(s.Name, discovery.MaxBatchName), s.Started.UTC()
	s.OriginalGravity, s.FinalGravity = gravity(s.OriginalGravity), gravity(s.FinalGravity)
	s.Attenuation = between(s.Attenuation, 30, 120)
	s.MinTemperature, s.MaxTemperature = between(s.MinTemperature, -50, 200), between(s.MaxTemperature, -50, 200)
	return s, s.ID != "" && believedTime(s.Started, now)
}

func known(v raptclient.Null[float64]) *float64 {
	if !v.Valid {
		return nil
	}
	return &v.V
}

// withSession is sessions with one in the place of what it said before, the newest of them, and whether that changes them.
func withSession(all []batch.Session, s batch.Session) (out []batch.Session, changed bool) {
	i := slices.IndexFunc(all, func(old batch.Session) bool { return old.ID == s.ID })
	if i >= 0 && same(all[i], s) {
		return all, false
	}
	out = slices.Clone(all)
	if i >= 0 {
		out[i] = s
	} else {
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b batch.Session) int { return a.Started.Compare(b.Started) })
	return out[max(0, len(out)-maxSessions):], true
}

func same(a, b batch.Session) bool {
	equal := func(v, w *float64) bool { return v == w || v != nil && w != nil && *v == *w }
	return a.ID == b.ID && a.Name == b.Name && a.Started.Equal(b.Started) && equal(a.OriginalGravity, b.OriginalGravity) &&
		equal(a.FinalGravity, b.FinalGravity) && equal(a.Attenuation, b.Attenuation) && equal(a.MinTemperature, b.MinTemperature) &&
		equal(a.MaxTemperature, b.MaxTemperature)
}
