package history

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// Options are how far the history goes.
type Options struct {
	// Days is how far back a device that was never seen before is completed.
	Days int
	// EveryReading completes devices that report more often than they are polled, once an hour.
	EveryReading bool
	// Pace is how often a device is polled at the most while nothing presses. A device that reports more often is one
	// whose rows are missed by the way.
	Pace time.Duration
}

// History is the account's rows on their way to the stream. It is for one goroutine.
type History struct {
	options Options
	tracks  map[device.Ref]*track
	order   []*track // by first sight, so that what is asked is the same in each run
	live    []item   // rows that polls have seen, to be handed on in their order
	back    []item   // rows of one answer, to be handed on after them
	flying  *item    // handed on and not acknowledged yet
}

// item is a row on its way.
type item struct {
	*track
	row        device.Telemetry
	backfilled bool
	resent     bool      // not handed on: its reading has been already
	gap        *gap      // before a row that a poll has seen
	before     time.Time // the row before that one
	now        time.Time // when it was seen
	last       bool      // of its answer
}

// New is a history of which nothing is known yet.
func New(o Options) *History { return &History{options: o, tracks: map[device.Ref]*track{}} }

// Observation is what a poll says of a row beside its values.
type Observation struct {
	Now time.Time
	// Before is when the device's newest row had been looked at last, on the cloud's clock; zero for not since the start.
	Before time.Time
	// Interval is from row to row as far as it is known.
	Interval time.Duration
}

// soon is how long to wait after an interruption before the rows are asked for, so that they are all in the history.
const soon = 15 * time.Second

// completeEvery is how often a device that reports more often than it is polled is completed.
const completeEvery = time.Hour

// Observe takes the newest row of a device. One that was handed on before is passed over.
func (h *History) Observe(ref device.Ref, row device.Telemetry, o Observation) {
	t := h.track(ref)
	if o.Interval > 0 {
		t.polled = o.Interval
	}
	t.setInterval(h.options.Pace)
	if !t.present && t.seen.Sub(row.At) > time.Hour { // a position that can't be true
		*t = track{ref: ref, wider: 1, polled: t.polled, interval: t.interval, fast: t.fast}
	}
	t.present = true
	first := t.seen.IsZero()
	if step := row.At.Sub(t.seen); !first && step <= t.tolerance() && step > -time.Hour {
		return
	}
	if t.checked.IsZero() {
		t.checked, t.found = o.Now, o.Now
	}
	it := item{track: t, row: row, gap: h.gapBefore(t, row, o), now: o.Now, before: t.seen}
	it.resent = !first && t.interval > 0 && row.At.Sub(t.seen) < t.interval*3/4 && row.Resends(t.newest)
	t.seen, t.newest, t.observed = row.At, row, t.observed+1
	h.live = append(h.live, it)
}

func (h *History) track(ref device.Ref) *track {
	t := h.tracks[ref]
	if t == nil {
		t = &track{ref: ref, wider: 1}
		h.tracks[ref] = t
		h.order = append(h.order, t)
	}
	return t
}

// gapBefore is the span before a row in which others may be; nil where there is none.
func (h *History) gapBefore(t *track, row device.Telemetry, o Observation) *gap {
	if t.seen.IsZero() {
		if h.options.Days <= 0 {
			return nil
		}
		return &gap{Span: Span{row.At.AddDate(0, 0, -h.options.Days), row.At}, first: true, next: o.Now.Add(soon)}
	}
	step := row.At.Sub(t.seen)
	looked := row.At.Sub(o.Before) // how long before the row the list was last seen without a newer one
	g := &gap{Span: Span{times.Latest(t.seen, h.oldest(row.At)), row.At}, next: o.Now.Add(soon)}
	switch {
	case step < 0:
		return nil // a clock was set back
	case o.Before.IsZero() && t.interval <= 0:
		return g
	case t.observed < knownAfter && !o.Before.IsZero() && looked > closelyLooked:
		g.next = o.Now.Add(completeEvery / 4)
		return g
	case float64(step) <= roomFor*float64(t.interval):
		return nil
	case o.Before.IsZero():
		return g
	case looked <= t.interval*4/5:
		return nil // the list was looked at when the row before this one would have been there
	case t.interval < h.options.Pace && looked <= 2*h.options.Pace:
		if !h.options.EveryReading {
			return nil
		}
		if t.asked.IsZero() {
			t.asked = o.Now // the first hour begins
		}
		g.next = times.Latest(o.Now, t.asked.Add(completeEvery))
	}
	return g
}

// Remove forgets a device.
func (h *History) Remove(ref device.Ref) {
	t := h.tracks[ref]
	if t == nil {
		return
	}
	delete(h.tracks, ref)
	its := func(it item) bool { return it.track == t }
	h.live, h.back = slices.DeleteFunc(h.live, its), slices.DeleteFunc(h.back, its)
	h.order = slices.DeleteFunc(h.order, func(other *track) bool { return other == t })
}

// Outgoing is a row to hand on.
type Outgoing struct {
	Ref        device.Ref
	Row        device.Telemetry
	Backfilled bool
}

// Next is the row to hand on now; false when there is none, or one is on its way. It is followed by Acknowledge. moved
// are the devices whose position has moved without a row.
func (h *History) Next() (out Outgoing, moved []device.Ref, ok bool) {
	for h.flying == nil {
		it, there := h.take()
		if !there {
			break
		}
		if it.resent {
			h.advance(it)
			moved = append(moved, it.ref)
			continue
		}
		h.flying = &it
		return Outgoing{Ref: it.ref, Row: it.row, Backfilled: it.backfilled}, moved, true
	}
	return Outgoing{}, moved, false
}

func (h *History) take() (item, bool) {
	queue := &h.live
	if len(*queue) == 0 {
		queue = &h.back
	}
	if len(*queue) == 0 {
		*queue = nil // its memory goes
		return item{}, false
	}
	it := (*queue)[0]
	(*queue)[0] = item{}
	*queue = (*queue)[1:]
	return it, true
}

// Acknowledge says what became of the row of Next. One that was delivered moves its device's position; another is handed
// on again.
func (h *History) Acknowledge(delivered bool) (moved device.Ref, ok bool) {
	if h.flying == nil {
		return device.Ref{}, false
	}
	it := *h.flying
	h.flying = nil
	if h.tracks[it.ref] != it.track {
		return device.Ref{}, false // it was removed meanwhile
	}
	if !delivered {
		if it.backfilled {
			h.back = append([]item{it}, h.back...)
		} else {
			h.live = append([]item{it}, h.live...)
		}
		return device.Ref{}, false
	}
	h.advance(it)
	return it.ref, true
}

// advance moves the position over a row.
func (h *History) advance(it item) {
	t := it.track
	if it.resent {
		t.resent++
	} else {
		t.rows++
	}
	if it.backfilled {
		if !it.resent {
			t.backfilled++
		}
		if g := t.busy(it.row.At); g != nil {
			g.advance(it.row.At)
		}
	} else {
		switch {
		case it.gap != nil:
			t.add(*it.gap)
		case h.options.EveryReading && it.before.Before(it.row.At) && !it.before.IsZero():
			t.unchecked = append(t.unchecked, Span{it.before, it.row.At})
		}
		t.latest = it.row.At
		t.check(it.now, it.row.At.Add(-checkAfter))
	}
	if it.last {
		t.done()
	}
}

// How often a device is checked for rows beside its rhythm, such as one that a button sends between two polls: once a day, or
// after so many rows.
const (
	checkEvery = 24 * time.Hour
	checkRows  = 150
	firstCheck = 2 * time.Hour // after the start, when polls may not have made out the rhythm; then ever more seldom
	checkAfter = time.Hour     // a row, since the cloud may have those before it some time later
)

// check has the spans asked for in which none should be missing, when it is time, but for the latest.
func (t *track) check(now, until time.Time) {
	if len(t.unchecked) < checkRows && now.Sub(t.checked) < min(checkEvery, max(firstCheck, t.checked.Sub(t.found))) {
		return
	}
	var (
		later  []Span
		checks []gap
	)
	for _, s := range t.unchecked {
		if s.To.After(until) {
			later = append(later, s)
			continue
		}
		checks = append(checks, gap{Span: s, check: true, next: now.Add(soon)})
	}
	t.add(checks...)
	t.unchecked, t.checked = later, now
}

// Waiting is how many rows are to be handed on.
func (h *History) Waiting() int {
	n := len(h.live) + len(h.back)
	if h.flying != nil {
		n++
	}
	return n
}
