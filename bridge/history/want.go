package history

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// longAgo is due at once.
var longAgo = time.Unix(0, 0)

// wantedBefore is how long before a span rows are asked for too: the last value before it holds into it, for as long as the
// longest floor of a family.
const wantedBefore = 3 * time.Hour

// maxWanted bounds the spans of a device that wait to be asked for.
const maxWanted = 100

// Want has the rows of a span asked for once more, when nothing is missing elsewhere. They are not for the stream, which has
// them: whoever wants them gets them from Answer. The gaps within the span are left out, since their rows come anyway.
func (h *History) Want(ref device.Ref, s Span) {
	t := h.tracks[ref]
	if t == nil || !s.To.After(s.From) {
		return
	}
	for _, part := range t.outside(s) {
		t.want(Span{part.From.Add(-wantedBefore), part.To})
	}
}

// want has a span asked for, together with the last one where one answer holds both and no gap is between them.
func (t *track) want(s Span) {
	if n := len(t.wanted); n > 0 && !s.From.Before(t.wanted[n-1].From) {
		last := &t.wanted[n-1]
		to := times.Latest(last.To, s.To)
		if to.Sub(last.From) <= t.width() && !(s.From.After(last.To) && t.missesIn(last.To, s.From)) {
			last.To = to
			return
		}
	}
	if len(t.wanted) < maxWanted {
		t.wanted = append(t.wanted, s)
	}
}

// outside are the parts of a span in which no rows are missing.
func (t *track) outside(s Span) []Span {
	parts := []Span{s}
	for _, g := range t.gaps {
		if g.check {
			continue
		}
		var rest []Span
		for _, p := range parts {
			if !g.From.Before(p.To) || !g.To.After(p.From) {
				rest = append(rest, p)
				continue
			}
			if g.From.After(p.From) {
				rest = append(rest, Span{p.From, g.From})
			}
			if p.To.After(g.To) {
				rest = append(rest, Span{g.To, p.To})
			}
		}
		parts = rest
	}
	return parts
}

// Open reports whether rows of a device may still come that lie between two moments.
func (h *History) Open(ref device.Ref, from, to time.Time) bool {
	t := h.tracks[ref]
	if t == nil || t.latest.Before(to) || t.missesIn(from, to) {
		return true
	}
	for _, s := range t.wanted {
		if s.From.Before(to) && s.To.After(from) {
			return true
		}
	}
	return false
}

// Interval is the time from row to row of a device; 0 while unknown.
func (h *History) Interval(ref device.Ref) time.Duration {
	if t := h.tracks[ref]; t != nil {
		return t.interval
	}
	return 0
}

func (t *track) missesIn(from, to time.Time) bool {
	for _, g := range t.gaps {
		if !g.check && g.From.Before(to) && g.To.After(from) {
			return true
		}
	}
	return false
}

func (t *track) wants() bool { return len(t.wanted) > 0 && t.present }

// requestWanted asks for the first span that is wanted, or as much of it as one answer can hold.
func (t *track) requestWanted() Request {
	s := t.wanted[0]
	r := Request{Ref: t.ref, From: s.From, To: s.To, whole: true, wanted: true}
	if width := t.width(); r.To.Sub(r.From) > width {
		r.To, r.whole = r.From.Add(width), false
	}
	return r
}

// answerWanted goes on behind the rows of an answer.
func (t *track) answerWanted(r Request, rows []device.Telemetry) {
	if len(t.wanted) == 0 {
		return
	}
	slices.SortFunc(rows, func(a, b device.Telemetry) int { return a.At.Compare(b.At) })
	from := r.To
	for _, row := range rows {
		reaches := r.To.Sub(row.At) <= 3*max(t.interval, time.Minute)
		switch {
		case reaches:
			from = r.To
		case row.At.Sub(r.From) > t.tolerance():
			from = row.At // of the last one: the cloud may have cut the answer
		}
	}
	t.wanted[0].From = from
	if !t.wanted[0].To.After(from) {
		t.wanted = t.wanted[1:]
	}
}
