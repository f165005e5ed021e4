package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// position is the retained document: until when a device's stream is complete, and what a restart needs to go on with it.
type position struct {
	// CompleteUntil is when the oldest gap begins, or the newest row was taken where there is none.
	CompleteUntil time.Time `json:"complete_until"`
	// Latest is the newest row of the stream.
	Latest     time.Time  `json:"latest"`
	Rows       int        `json:"rows"`       // handed on, the recovered ones too
	Backfilled int        `json:"backfilled"` // of them
	Resent     int        `json:"resent"`     // readings that the device sent once more with a new time; not in the stream
	Gaps       []savedGap `json:"gaps"`       // that are still asked for, those that follow each other in one
	Missing    []Span     `json:"missing"`    // what the cloud doesn't have, the newest of it
	LastError  *string    `json:"last_error"`
}

type savedGap struct {
	Span
	// Rows are those between From and To that the stream has.
	Rows  []time.Time `json:"rows,omitempty"`
	First bool        `json:"first,omitempty"` // From is before the first row of the device
}

// maxErrorText is the longest error that the position tells, in characters.
const maxErrorText = 255

// Position is a device's position as a document; nil while it has none. It is written by hand since it follows each row.
func (h *History) Position(ref device.Ref) []byte {
	t := h.tracks[ref]
	if t == nil || t.latest.IsZero() {
		return nil
	}
	b := make([]byte, 0, 256)
	b = appendTime(append(b, `{"complete_until":`...), t.complete())
	b = appendTime(append(b, `,"latest":`...), t.latest)
	b = fmt.Appendf(b, `,"rows":%d,"backfilled":%d,"resent":%d,"gaps":[`, t.rows, t.backfilled, t.resent)
	b = append(t.appendGaps(b), `],"missing":[`...)
	for i, s := range t.missing {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendSpan(b, s), '}')
	}
	b = append(b, `],"last_error":`...)
	if t.lastError == "" {
		return append(b, "null}"...)
	}
	last, _ := json.Marshal(optional(text.Line(t.lastError, maxErrorText)))
	return append(append(b, last...), '}')
}

// appendGaps appends the gaps, with the newest of the rows within them.
func (t *track) appendGaps(b []byte) []byte {
	gaps := t.saved()
	skip := -min(maxSaved, max(0, maxPosition-spanBytes*(len(gaps)+len(t.missing)))/timeBytes)
	for _, g := range gaps {
		skip += len(g.Rows)
	}
	for i, g := range gaps {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSpan(b, g.Span)
		left := min(max(skip, 0), len(g.Rows))
		skip -= left
		for j, row := range g.Rows[left:] {
			b = append(b, map[bool]string{true: `,"rows":[`, false: ","}[j == 0]...)
			b = appendTime(b, row)
		}
		if len(g.Rows) > left {
			b = append(b, ']')
		}
		if g.First {
			b = append(b, `,"first":true`...)
		}
		b = append(b, '}')
	}
	return b
}

// saved are the gaps as the position lists them, those that follow each other in one, without those within another. A mere
// check is none: nothing says that rows are missing.
func (t *track) saved() (out []savedGap) {
	for i := range t.gaps {
		g, n := &t.gaps[i], len(out)
		switch {
		case g.check:
		case n > 0 && !g.From.Before(out[n-1].From) && !g.To.After(out[n-1].To):
		case n > 0 && g.From.Equal(out[n-1].To):
			out[n-1].To, out[n-1].Rows = g.To, append(append(out[n-1].Rows, g.From), g.rows...)
		default:
			out = append(out, savedGap{Span: g.Span, Rows: slices.Clip(g.rows), First: g.first})
		}
	}
	return out
}

// appendSpan appends a span as an object that is not closed.
func appendSpan(b []byte, s Span) []byte {
	b = appendTime(append(b, `{"from":`...), s.From)
	return appendTime(append(b, `,"to":`...), s.To)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Positions goes through the devices that have one.
func (h *History) Positions(yield func(device.Ref) bool) {
	for _, t := range h.order {
		if !t.latest.IsZero() && !yield(t.ref) {
			return
		}
	}
}

// How far a position that the broker retained is believed.
const (
	restoreDays = 30 // that gaps may reach back, whatever a new installation does
	mostRows    = 1 << 40
)

// Restore takes a position that an earlier run retained. Anybody may have written it: what can't be true is left out, and
// gaps reach back no further than a month, or as far as a new installation looks. A newest row in the future is not believed
// once the device's own newest row is seen, since this machine's clock may be wrong. It reports whether it was of use.
func (h *History) Restore(ref device.Ref, payload []byte, now time.Time) bool {
	var p position
	if json.Unmarshal(payload, &p) != nil || p.Latest.IsZero() {
		return false
	}
	t := h.track(ref)
	oldest := h.oldest(p.Latest)
	t.latest, t.seen = p.Latest, p.Latest
	t.rows, t.backfilled, t.resent = count(p.Rows), count(p.Backfilled), count(p.Resent)
	if p.LastError != nil {
		t.lastError = text.Line(*p.LastError, maxErrorText)
	}
	t.restoreGaps(p.Gaps, oldest, now)
	for _, s := range p.Missing[max(0, len(p.Missing)-maxMissing):] {
		if s.To.After(s.From) {
			t.note(s)
		}
	}
	return true
}

// restoreGaps takes gaps over, in order, those that overlap as one.
func (t *track) restoreGaps(saved []savedGap, oldest, now time.Time) {
	slices.SortStableFunc(saved, func(a, b savedGap) int { return a.From.Compare(b.From) })
	for _, g := range saved[max(0, len(saved)-2*maxGaps):] { // as many as there may be, with those whose rows were on their way
		g.From = times.Latest(g.From, oldest)
		if g.To.After(t.latest) {
			g.To = t.latest
		}
		if n := len(t.gaps); n > 0 && g.From.Before(t.gaps[n-1].To) {
			t.gaps[n-1].To = times.Latest(t.gaps[n-1].To, g.To)
			t.gaps[n-1].rows = append(t.gaps[n-1].rows, g.Rows...)
			continue
		}
		if g.To.After(g.From) {
			t.gaps = append(t.gaps, gap{Span: g.Span, rows: g.Rows, first: g.First, next: now.Add(soon)})
		}
	}
	for i := range t.gaps {
		g := &t.gaps[i]
		slices.SortFunc(g.rows, time.Time.Compare)
		g.rows = slices.CompactFunc(g.rows, time.Time.Equal)
		g.rows = g.known(g.Span)
		g.rows = slices.Clone(g.rows[max(0, len(g.rows)-maxSaved):])
	}
	t.bound()
}

// oldest is how far back a gap before a row may reach.
func (h *History) oldest(row time.Time) time.Time {
	return row.AddDate(0, 0, -max(h.options.Days, restoreDays))
}

func count(n int) int { return max(0, min(n, mostRows)) }
