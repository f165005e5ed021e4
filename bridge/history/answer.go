package history

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// Answer takes the rows that a request was answered with, in any order. Those that are missing wait to be handed on.
// cloudNow is now on the cloud's clock. It returns the rows of an answer to Want, which are for nobody else.
func (h *History) Answer(r Request, rows []device.Telemetry, now, cloudNow time.Time) (wanted []device.Telemetry) {
	t := h.tracks[r.Ref]
	if t == nil {
		return nil // it was removed meanwhile
	}
	if r.look {
		t.lastError = ""
		t.answerLook(r, rows)
		return nil
	}
	if r.wanted {
		t.answerWanted(r, rows)
		return rows
	}
	t.lastError = ""
	slices.SortStableFunc(rows, func(a, b device.Telemetry) int { return a.At.Compare(b.At) })
	rows = slices.CompactFunc(rows, func(a, b device.Telemetry) bool { return a.At.Equal(b.At) })
	a := answer{track: t, request: r, rows: rows, interval: t.interval, now: now, cloudNow: cloudNow}
	if len(rows) > 1 {
		t.answered = rhythm(rows, 0)
		t.setInterval(h.options.Pace)
		a.interval = t.interval
	}
	for _, g := range t.gaps {
		if g.busy || !r.touches(g.Span) {
			a.gaps = append(a.gaps, g)
			continue
		}
		a.fill(g)
	}
	t.gaps = a.gaps
	t.giveUp()
	t.bound()
	switch n := len(a.items); {
	case n > 0:
		a.items[n-1].last = true
		t.wider = 1
	case !r.whole:
		t.wider *= 2 // the device may have been away for long: look further
	}
	if len(h.back) == 0 {
		h.back = a.items
	} else {
		h.back = append(h.back, a.items...)
	}
	return nil
}

// answer is an answer as it is held against a device's gaps.
type answer struct {
	*track
	request       Request
	rows          []device.Telemetry // in order
	interval      time.Duration
	now, cloudNow time.Time

	items []item // to be handed on
	gaps  []gap  // what remains of them
}

// fill takes the rows of a gap, and leaves what remains of it.
func (a *answer) fill(g gap) {
	rows := a.inside(g)
	if both := a.proves(g.From) && a.proves(g.To); len(rows) == 0 && !both && (!a.request.whole || a.request.span() != g.Span) {
		g.next = a.now
		g.alone = a.request.whole // the answer may have been cut before it
		a.gaps = append(a.gaps, g)
		return
	}
	begin, end := g.From, g.To
	if n := len(rows); n > 0 {
		if !a.proves(g.From) {
			begin = rows[0].At
			a.remain(g, Span{g.From, begin}, true)
		}
		if !a.proves(g.To) {
			end = rows[n-1].At
			a.remain(gap{Span: g.Span, rows: g.rows, tries: g.tries, check: g.check}, Span{end, g.To}, true)
		}
		if fresh := a.fresh(rows, g.rows); len(fresh) > 0 {
			a.hand(fresh)
			a.gaps = append(a.gaps, gap{Span: g.Span, rows: g.rows, busy: true, first: g.first, check: g.check})
		}
	} else if !a.proves(g.From) || !a.proves(g.To) {
		a.remain(g, g.Span, false)
		return
	}
	a.holes(g, begin, end, rows)
}

// inside are the rows of a gap, those too that the stream has.
func (a *answer) inside(g gap) []device.Telemetry {
	tolerance := a.tolerance()
	from, _ := slices.BinarySearchFunc(a.rows, g.From, func(r device.Telemetry, at time.Time) int { return r.At.Compare(at) })
	to, _ := slices.BinarySearchFunc(a.rows, g.To, func(r device.Telemetry, at time.Time) int { return r.At.Compare(at) })
	rows := a.rows[from:to]
	for len(rows) > 0 && !g.first && rows[0].At.Sub(g.From) <= tolerance {
		rows = rows[1:]
	}
	for len(rows) > 0 && g.To.Sub(rows[len(rows)-1].At) <= tolerance {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// fresh are the rows of a gap that the stream doesn't have.
func (a *answer) fresh(rows []device.Telemetry, known []time.Time) []device.Telemetry {
	if len(known) == 0 {
		return rows
	}
	var out []device.Telemetry
	for _, r := range rows {
		i, _ := slices.BinarySearchFunc(known, r.At.Add(-a.tolerance()), time.Time.Compare)
		if i == len(known) || known[i].Sub(r.At) > a.tolerance() {
			out = append(out, r)
		}
	}
	return out
}

// proves reports whether the answer has a row at a moment, so that it reaches there.
func (a *answer) proves(at time.Time) bool {
	return slices.ContainsFunc(a.rows, func(r device.Telemetry) bool { return r.At.Sub(at).Abs() <= a.tolerance() })
}

// hand has the rows of a gap handed on, but for those that are an earlier reading once more.
func (a *answer) hand(rows []device.Telemetry) {
	a.items = slices.Grow(a.items, len(rows))
	for _, r := range rows {
		it := item{track: a.track, row: r, backfilled: true}
		i, _ := slices.BinarySearchFunc(a.rows, r.At, func(r device.Telemetry, at time.Time) int { return r.At.Compare(at) })
		if i > 0 && a.interval > 0 && r.At.Sub(a.rows[i-1].At) < a.interval*3/4 {
			it.resent = r.Resends(a.rows[i-1])
		}
		a.items = append(a.items, it)
	}
}

// remain leaves a part of a gap that the answer doesn't reach, if there is room for a row. After progress it is asked for
// at once: the cloud may have cut the answer without a word, at either end.
func (a *answer) remain(g gap, part Span, progress bool) {
	if a.interval > 0 && float64(part.To.Sub(part.From)) <= roomFor*float64(a.interval) {
		return
	}
	rest := gap{Span: part, rows: g.known(part), check: g.check, first: g.first && part.From.Equal(g.From), tries: g.tries, next: a.now}
	switch {
	case rest.first && progress:
		rest.tries = maxTries - 1 // the device may be younger: once more
	case !progress && g.check:
		return
	case !progress && g.next.After(a.now): // it was not due
		rest.next = g.next
	case !progress:
		rest.tries++
		rest.next = a.again(rest.tries, a.now)
	}
	a.gaps = append(a.gaps, rest)
}

// holes leaves the spans between rows of the answer that have room for another row, as long as it may still appear.
func (a *answer) holes(g gap, begin, end time.Time, rows []device.Telemetry) {
	if g.check {
		return
	}
	from := begin
	see := func(to time.Time) {
		hole := Span{from, to}
		from = to
		length := float64(to.Sub(hole.From))
		switch interval := float64(a.interval); {
		case interval <= 0 || length <= roomFor*interval:
		case a.cloudNow.Sub(to) < settled:
			rest := gap{Span: hole, rows: g.known(hole), tries: g.tries + 1, next: a.again(g.tries+1, a.now)}
			if g.next.After(a.now) && len(rows) == 0 { // it was not due
				rest.tries, rest.next = g.tries, g.next
			}
			a.gaps = append(a.gaps, rest)
		case length > noteworthy*interval:
			a.note(hole)
		}
	}
	for _, r := range rows {
		if r.At.After(from) {
			see(r.At)
		}
	}
	if end.After(from) {
		see(end)
	}
}
