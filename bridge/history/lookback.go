package history

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

const (
	// awaited is the length of a gap that somebody waits for who wants to know a span as a whole; a shorter one is filled by
	// the way. It is also from when on an answer is taken for one that the cloud has cut.
	awaited = 6 * time.Hour
	// usualInterval stands for a rhythm that is not known yet.
	usualInterval = 15 * time.Minute
	leastLook     = 6 * time.Hour
)

// LookBack has all rows of a span asked for once more, the newest first, for who begins anew with each start. They are not
// for the stream, and come with the answers alone.
func (h *History) LookBack(ref device.Ref, s Span) {
	if t := h.tracks[ref]; t != nil && s.To.After(s.From) {
		t.looks, t.lookWidth = []Span{s}, 0
	}
}

// Awaits reports whether rows of a device are still to be asked for, for the first time, that lie between two moments.
func (h *History) Awaits(ref device.Ref, from, to time.Time) bool {
	t := h.tracks[ref]
	return t == nil || t.misses(t.looks, from, to)
}

func (t *track) misses(spans []Span, from, to time.Time) bool {
	for _, s := range spans {
		if s.From.Before(to) && s.To.After(from) {
			return true
		}
	}
	return false
}

func (t *track) looksBack() bool { return len(t.looks) > 0 && t.present }

// requestLook asks for the newest rows of the last span, as many as one answer can hold.
func (t *track) requestLook() Request {
	s := t.looks[len(t.looks)-1]
	width := t.lookWidth
	if width == 0 {
		interval := t.interval
		if interval <= 0 {
			interval = usualInterval
		}
		width = max(rowsPerRequest*interval, leastLook)
		t.lookWidth = width
	}
	r := Request{Ref: t.ref, From: s.From, To: s.To, look: true}
	if r.To.Sub(r.From) > width {
		r.From = r.To.Add(-width)
	}
	return r
}

// answerLook goes on before the rows of an answer, and behind them where the cloud seems to have cut it there.
func (t *track) answerLook(r Request, rows []device.Telemetry) {
	if len(t.looks) == 0 {
		return
	}
	s := t.looks[len(t.looks)-1]
	t.looks = t.looks[:len(t.looks)-1]
	oldest, newest := r.To, r.From
	for _, row := range rows {
		if row.At.Before(oldest) {
			oldest = row.At
		}
		if row.At.After(newest) {
			newest = row.At
		}
	}
	if len(rows) == 0 {
		t.lookWidth = max(t.lookWidth, r.From.Sub(s.From)) // it has been away, or is younger
	}
	before := r.From
	if cut := len(rows) > 1 && oldest.Sub(r.From) > awaited && oldest.Before(r.To); cut {
		before = oldest
	}
	if before.After(s.From) {
		t.looks = append(t.looks, Span{s.From, before})
	}
	if len(rows) > 1 && r.To.Sub(newest) > awaited && newest.After(r.From) {
		t.looks = append(t.looks, Span{newest, r.To})
	}
}

// failLook takes a look without an answer: it is repeated, with less where that was too much, or given up.
func (t *track) failLook(how Failure) {
	switch {
	case how == Postponed:
	case how == TooLarge && t.lookWidth > leastLook:
		t.lookWidth /= 2
	default:
		t.looks = nil
	}
}
