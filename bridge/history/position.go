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
	Gaps       []savedGap `json:"gaps"`       // that are still asked for
	Missing    []Span     `json:"missing"`    // what the cloud doesn't have, the newest of it
	LastError  *string    `json:"last_error"`
}

type savedGap struct {
	Span
	First bool `json:"first,omitempty"` // before the first row of the device
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
		p.Gaps = append(p.Gaps, savedGap{Span{g.From.UTC(), g.To.UTC()}, g.first})
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
	ahead       = time.Hour // that a device's clock may be
	restoreDays = 30        // that gaps may reach back, whatever a new installation does
	mostRows    = 1 << 40
)

// Restore takes a position that an earlier run retained. Anybody may have written it: what can't be true is left out, and
// gaps reach back no further than a month, or as far as a new installation looks. It reports whether it was of use. now is
// steady time, cloudNow the same on the cloud's clock.
func (h *History) Restore(ref device.Ref, payload []byte, now, cloudNow time.Time) bool {
	var p position
	if json.Unmarshal(payload, &p) != nil || p.Latest.IsZero() || p.Latest.Sub(cloudNow) > ahead {
		return false
	}
	t := h.track(ref)
	oldest := cloudNow.AddDate(0, 0, -max(h.options.Days, restoreDays))
	t.latest = later(p.Latest, oldest)
	t.seen = t.latest
	t.rows, t.backfilled, t.resent = count(p.Rows), count(p.Backfilled), count(p.Resent)
	if p.LastError != nil {
		t.lastError = text.Line(*p.LastError, maxErrorText)
	}
	saved := p.Gaps
	slices.SortFunc(saved, func(a, b savedGap) int { return a.From.Compare(b.From) })
	for _, g := range saved[max(0, len(saved)-maxGaps):] {
		from, to := later(g.From, oldest), g.To
		if to.After(t.latest) {
			to = t.latest
		}
		if n := len(t.gaps); n > 0 && from.Before(t.gaps[n-1].To) {
			t.gaps[n-1].To = later(t.gaps[n-1].To, to)
			continue
		}
		if to.After(from) {
			t.gaps = append(t.gaps, gap{Span: Span{from, to}, first: g.First, next: now.Add(soon)})
		}
	}
	for _, s := range p.Missing[max(0, len(p.Missing)-maxMissing):] {
		if s.To.After(s.From) {
			t.note(s)
		}
	}
	return true
}

func count(n int) int { return max(0, min(n, mostRows)) }
