package batch

import (
	"math"
	"reflect"
	"slices"
	"time"
)

// Analysis follows the batches in one device. It is a function of the rows, the owner's entries and the profile sessions:
// their order and repetition change nothing. Rows that come months late are left out. The zero value is ready; it is not safe
// for concurrent use.
type Analysis struct {
	rows     points
	entries  []Entry
	sessions []Session
	notes    []note
	marks    []mark // states to go back to, oldest first
	now      *tracker
	taken    int   // how many of the rows now has taken
	horizon  int64 // rows before it come too late
	trimmed  bool  // the first mark is of rows that are gone
	trimming *mark // how far the oldest rows have been gone through that are to go; nil while none are
}

// mark is the state after so many of the kept rows.
type mark struct {
	taken int
	state *tracker
}

// Between two marks are so many rows: to take in a row that comes out of order costs at most twice as many.
const markEvery, keptMarks = 500, 3

// Add takes a row in. A row of the same five minutes as an earlier one adds nothing.
func (a *Analysis) Add(r Row) {
	p := newPoint(r)
	if p.at < a.horizon || r.At.IsZero() {
		return
	}
	if from, ok := a.rows.add(p); ok && from < a.taken {
		a.rewind(from)
	}
}

// SetEntries sets what the owner entered, in place of what was set before.
func (a *Analysis) SetEntries(entries []Entry) {
	a.entries = slices.Clone(entries)
	a.setNotes()
}

// SetSessions sets the profile sessions of the device, in place of what was set before.
func (a *Analysis) SetSessions(sessions []Session) {
	a.sessions = slices.Clone(sessions)
	a.setNotes()
}

// setNotes puts entries and sessions in order, and goes back to before the first that is another than it was. What was said
// of rows that are gone can't be unsaid.
func (a *Analysis) setNotes() {
	before := a.notes
	a.notes = merge(a.entries, a.sessions)
	same := 0
	for same < min(len(before), len(a.notes)) && reflect.DeepEqual(before[same], a.notes[same]) {
		same++
	}
	changed := int64(math.MaxInt64)
	for _, notes := range [][]note{before, a.notes} {
		if same < len(notes) {
			changed = min(changed, notes[same].at)
		}
	}
	if changed == math.MaxInt64 {
		return
	}
	a.rewind(a.rows.since(changed))
	if a.trimmed {
		base := a.marks[0].state
		base.noted = 0
		for base.noted < len(a.notes) && a.notes[base.noted].at < a.horizon {
			base.noted++
		}
	}
}

// rewind forgets what was made of the rows from an index on.
func (a *Analysis) rewind(from int) {
	keep := 0
	for keep < len(a.marks) && (a.marks[keep].taken <= from || keep == 0 && a.trimmed) {
		keep++
	}
	a.marks = a.marks[:keep]
	a.now = nil
	if a.trimming != nil && from < a.trimming.taken {
		a.trimming = nil
	}
}

// Findings are what is known at a time from the rows until then. Later rows wait.
func (a *Analysis) Findings(now time.Time) Findings {
	t := a.at(now.Unix())
	found := t.findings(a.rows[:a.taken], now)
	a.trim()
	return found
}

// Advance takes in at most so many of the rows until a time, so that a caller can do something else in between: a row costs
// some 30 µs. It reports whether Findings has nothing left to take in.
func (a *Analysis) Advance(now time.Time, most int) (done bool) {
	a.prepare(now.Unix())
	return a.take(now.Unix(), most)
}

// at brings the tracker to a time.
func (a *Analysis) at(now int64) *tracker {
	a.prepare(now)
	a.take(now, len(a.rows))
	a.now.hear(a.notes, now)
	return a.now
}

// prepare goes back to before a time, if the tracker is beyond it, or begins.
func (a *Analysis) prepare(now int64) {
	if a.now != nil && (a.taken > 0 && a.rows[a.taken-1].at > now || a.now.heardTo > now) {
		a.rewind(a.rows.since(now + 1))
	}
	if a.now == nil {
		a.now, a.taken = newTracker(), 0
		if n := len(a.marks); n > 0 {
			a.now, a.taken = a.marks[n-1].state.clone(), a.marks[n-1].taken
		}
	}
}

// take takes in at most so many rows until a time, and reports whether none is left.
func (a *Analysis) take(now int64, most int) bool {
	for ; most > 0 && a.taken < len(a.rows) && a.rows[a.taken].at <= now; most-- {
		a.now.step(a.rows, a.taken, a.notes)
		a.taken++
		a.mark()
	}
	return a.taken == len(a.rows) || a.rows[a.taken].at > now
}

// mark keeps the state, if the last mark is long ago.
func (a *Analysis) mark() {
	last := 0
	if n := len(a.marks); n > 0 {
		last = a.marks[n-1].taken
	}
	if a.taken-last < markEvery {
		return
	}
	a.marks = append(a.marks, mark{a.taken, a.now.clone()})
	if len(a.marks) > keptMarks {
		oldest := 0
		if a.trimmed {
			oldest = 1
		}
		a.marks = slices.Delete(a.marks, oldest, oldest+1)
	}
}

// trimAtOnce is how many of the oldest rows are gone through with one new row, so that none takes long.
const trimAtOnce = 150

// trim lets the oldest rows go when there are more than are kept, a fourth of them, little by little.
func (a *Analysis) trim() {
	if a.taken <= maxPoints {
		return
	}
	if a.trimming == nil {
		a.trimming = &mark{0, newTracker()}
		if a.trimmed {
			a.trimming = &mark{a.marks[0].taken, a.marks[0].state.clone()}
		}
	}
	most, goal := trimAtOnce, maxPoints/4
	if a.taken > maxPoints*5/4 { // they came all at once
		most, goal = len(a.rows), a.taken-maxPoints*3/4
	}
	for ; most > 0 && a.trimming.taken < goal; most-- {
		a.trimming.state.step(a.rows, a.trimming.taken, a.notes)
		a.trimming.taken++
	}
	if a.trimming.taken < goal {
		return
	}
	base, upTo := a.trimming.state, a.trimming.taken
	a.trimming = nil
	first := a.rows.since(a.rows[upTo].at - overlap)
	a.horizon = a.rows[upTo].at
	a.rows = slices.Clone(a.rows[first:])
	a.taken -= first
	a.marks, a.trimmed = []mark{{upTo - first, base}}, true
}
