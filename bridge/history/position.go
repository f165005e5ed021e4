package history

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
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

// Position is a device's position as a document; nil while it has none.
func (h *History) Position(ref device.Ref) []byte {
	t := h.tracks[ref]
	if t == nil || t.latest.IsZero() {
		return nil
	}
	p := position{
		CompleteUntil: t.complete().UTC(), Latest: t.latest.UTC(), Rows: t.rows, Backfilled: t.backfilled, Resent: t.resent,
		Gaps: []savedGap{}, Missing: []Span{},
	}
	for _, g := range t.gaps {
		if n := len(p.Gaps) - 1; n >= 0 && p.Gaps[n].To.Equal(g.From) {
			p.Gaps[n].Rows, p.Gaps[n].To = append(p.Gaps[n].Rows, g.From.UTC()), g.To.UTC()
			continue
		}
		p.Gaps = append(p.Gaps, savedGap{Span: Span{g.From.UTC(), g.To.UTC()}, First: g.first})
	}
	for _, s := range t.missing {
		p.Missing = append(p.Missing, Span{s.From.UTC(), s.To.UTC()})
	}
	if last := text.Line(t.lastError, maxErrorText); last != "" {
		p.LastError = &last
	}
	out, _ := json.Marshal(p) // it holds nothing that can't be JSON
	return out
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

// restoreGaps takes gaps over, in order, without those that overlap.
func (t *track) restoreGaps(saved []savedGap, oldest, now time.Time) {
	var gaps []gap
	for _, g := range saved {
		from := g.From
		for i, row := range append(g.Rows, g.To) {
			gaps = append(gaps, gap{Span: Span{from, row}, first: g.First && i == 0, next: now.Add(soon)})
			from = row
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return a.From.Compare(b.From) })
	for _, g := range gaps[max(0, len(gaps)-maxGaps):] {
		g.From = later(g.From, oldest)
		if g.To.After(t.latest) {
			g.To = t.latest
		}
		if n := len(t.gaps); n > 0 && g.From.Before(t.gaps[n-1].To) {
			t.gaps[n-1].To = later(t.gaps[n-1].To, g.To)
			continue
		}
		if g.To.After(g.From) {
			t.gaps = append(t.gaps, g)
		}
	}
}

// oldest is how far back a gap before a row may reach.
func (h *History) oldest(row time.Time) time.Time {
	return row.AddDate(0, 0, -max(h.options.Days, restoreDays))
}

func count(n int) int { return max(0, min(n, mostRows)) }
