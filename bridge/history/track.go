package history

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

const (
	maxMissing = 20 // spans that the position lists; the oldest go
	maxTries   = 3  // answers without the rows of a gap before it is given up

	// A step from row to row that is longer than this many intervals has room for another row.
	roomFor = 1.5
	// The cloud may have rows some time after it shows them in a list; a hole older than this is none that fills by itself.
	settled = 24 * time.Hour
	// A single report that was lost is in the nature of a radio, and is not listed as missing.
	noteworthy = 3.5
	// sameRow is how far apart the times of one row may be, in a list and in the history; less for a device that reports
	// very often.
	sameRow = time.Second
	// A device's rhythm is not relied on before so many of its readings have been seen.
	knownAfter    = 4
	closelyLooked = 90 * time.Second // before a row: none was missed, whatever the rhythm
)

// Span is a time between two rows, neither of which is in it.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (s Span) length() time.Duration { return s.To.Sub(s.From) }

// track is what is known of one device.
type track struct {
	ref      device.Ref
	interval time.Duration // from row to row; 0 while unknown
	polled   time.Duration // the same as polls make it out, which may be a multiple of it
	answered time.Duration // and as the cloud's rows show it
	fast     bool          // it reports more often than it is polled
	present  bool          // it has been seen in this run
	observed int           // rows that polls have seen since the start

	seen   time.Time        // the newest row that is on its way or handed on
	newest device.Telemetry // that row, where this run has seen it

	latest  time.Time // the newest row that the broker has
	gaps    []gap     // before latest, oldest first
	missing []Span

	// wanted are spans whose rows are asked for although the stream has them: see Want.
	wanted    []Span
	looks     []Span        // that somebody wants to know as a whole, see LookBack; the last is asked for first
	lookWidth time.Duration // that one request asks for; 0 for not yet known

	rows, backfilled, resent int
	lastError                string

	// unchecked are the spans between rows in which none should be, since the cloud was last asked what is there.
	unchecked []Span
	checked   time.Time // when that was; at the start when it hasn't been
	found     time.Time // when the device was seen first in this run

	asked time.Time // the last request
	// wider is by what the time that one request asks for is multiplied: more where there were no rows, less where the
	// answer was too large.
	wider float64
}

// tolerance is how far apart the times of one row may be.
func (t *track) tolerance() time.Duration {
	if t.interval > 0 {
		return min(sameRow, t.interval/10)
	}
	return sameRow
}

// setInterval takes the shorter of what polls and the cloud's rows show: a poll that always misses every other row takes the
// rhythm for twice as slow.
func (t *track) setInterval(pace time.Duration) {
	t.interval = t.polled
	if t.answered > 0 && (t.polled <= 0 || t.answered < t.polled) {
		t.interval = t.answered
	}
	t.fast = t.interval > 0 && t.interval < pace
}

// complete is until when nothing is missing that is still hoped for.
func (t *track) complete() time.Time {
	at := t.latest
	for i := range t.gaps {
		if g := &t.gaps[i]; !g.check && g.From.Before(at) {
			at = g.From
		}
	}
	return at
}

// note lists a span as missing.
func (t *track) note(s Span) {
	t.missing = append(t.missing, s)
	slices.SortFunc(t.missing, func(a, b Span) int { return a.From.Compare(b.From) })
	t.missing = t.missing[max(0, len(t.missing)-maxMissing):]
}

// rhythm is the usual step of rows in order, else the one given.
func rhythm(rows []device.Telemetry, otherwise time.Duration) time.Duration {
	if len(rows) < 2 {
		return otherwise
	}
	steps := make([]time.Duration, len(rows)-1)
	for i := range steps {
		steps[i] = rows[i+1].At.Sub(rows[i].At)
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}
