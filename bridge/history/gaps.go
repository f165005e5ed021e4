package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

const (
	// maxGaps are the gaps of a device that wait to be asked for. Those whose rows are on their way come on top: one answer
	// fills as many at the most.
	maxGaps = 200
	// maxKnown are the rows within one gap that the stream has: a month of a row every four minutes, which is as far back as
	// gaps reach. The oldest are forgotten beyond it, and come twice.
	maxKnown = 10_000
	// maxSaved are those of all gaps that the position lists, some 30 kB: two and a half days of a row every four minutes.
	// The older ones come twice after a restart.
	maxSaved = 1000
	// maxPosition is about how many bytes a position has at the most. The broker is told that messages have at most 64 KiB,
	// so that a larger one would not come back.
	maxPosition = 60_000
	spanBytes   = 100 // of a gap in it
	timeBytes   = 33  // of a row
)

// gap is a span in which rows may be missing.
type gap struct {
	Span
	rows  []time.Time // within it that the stream has, in order: between gaps that have become this one
	first bool        // before the first row that was seen of the device: there is none at From
	busy  bool        // its rows are on their way to the broker, in their order; From moves with them
	check bool        // nothing says that rows are missing: one answer is enough
	alone bool        // it is asked for by itself: an answer for more than it didn't reach it
	tries int
	next  time.Time // when to ask for it
}

// known are the rows within a part of a gap that the stream has.
func (g *gap) known(part Span) []time.Time {
	from, found := slices.BinarySearchFunc(g.rows, part.From, time.Time.Compare)
	if found {
		from++
	}
	to, _ := slices.BinarySearchFunc(g.rows, part.To, time.Time.Compare)
	return g.rows[from:max(from, to)]
}

// advance moves the beginning of a gap to a row that was handed on.
func (g *gap) advance(to time.Time) {
	g.From, g.first = to, false
	g.rows = g.known(g.Span)
}

// follows reports whether another gap begins with the row at which this one ends, and waits for the same.
func (g *gap) follows(other *gap) bool {
	return g.From.Equal(other.To) && !g.busy && !other.busy && g.check == other.check && g.alone == other.alone
}

// take makes one gap of this one and another that follows it.
func (g *gap) take(other *gap) {
	g.rows = append(append(g.rows, other.From), other.rows...)
	g.rows = g.rows[max(0, len(g.rows)-maxKnown):]
	g.To, g.tries, g.next = other.To, min(g.tries, other.tries), times.Soonest(g.next, other.next)
}

// inOrder compares gaps by their beginnings; one within another comes after it.
func inOrder(a, b gap) int { return cmp.Or(a.From.Compare(b.From), b.To.Compare(a.To)) }

// add notes gaps.
func (t *track) add(gaps ...gap) {
	t.gaps = append(t.gaps, gaps...)
	t.bound()
}

// bound keeps the gaps in order and their number in bounds. Gaps that follow each other become one, the oldest first, which
// loses nothing. Only where none do, gaps are given up.
func (t *track) bound() {
	slices.SortStableFunc(t.gaps, inOrder)
	waiting := 0
	for i := range t.gaps {
		if !t.gaps[i].busy {
			waiting++
		}
	}
	if waiting > maxGaps {
		waiting -= t.join(waiting - maxGaps)
	}
	for ; waiting > maxGaps; waiting-- {
		t.giveUpLeast()
	}
}

// join makes gaps that follow each other one, so that there are fewer by n, and returns by how many there are.
func (t *track) join(n int) (joined int) {
	for i := range t.gaps {
		g := &t.gaps[i]
		if g.To.IsZero() {
			continue // it is part of another
		}
		g.rows = slices.Clip(g.rows) // those behind may be of another gap
		for j := i + 1; joined < n && j < len(t.gaps) && !t.gaps[j].From.After(g.To); j++ {
			if next := &t.gaps[j]; next.follows(g) {
				g.take(next)
				*next = gap{}
				joined++
			}
		}
	}
	t.gaps = slices.DeleteFunc(t.gaps, func(g gap) bool { return g.To.IsZero() })
	return joined
}

// giveUpLeast gives the gap up that promises the fewest rows: one that was asked for already before a mere check, that before
// one that was never asked for, and the shortest of them.
func (t *track) giveUpLeast() {
	rank := func(g *gap) int {
		switch {
		case g.tries > 0 && !g.first:
			return 0
		case g.check:
			return 1
		}
		return 2
	}
	least := -1
	for i := range t.gaps {
		g := &t.gaps[i]
		if g.busy {
			continue
		}
		if least < 0 || cmp.Or(cmp.Compare(rank(g), rank(&t.gaps[least])), cmp.Compare(g.length(), t.gaps[least].length())) < 0 {
			least = i
		}
	}
	t.abandon(t.gaps[least])
	t.gaps = slices.Delete(t.gaps, least, least+1)
}

// abandon lists a gap as missing that is asked for no more, but for the time before the device's first row, and a mere
// check: nothing says that rows are missing there.
func (t *track) abandon(g gap) {
	if g.first && len(g.rows) > 0 {
		g.advance(g.rows[0])
	}
	if !g.first && !g.check {
		t.note(g.Span)
	}
}

// giveUp takes the gaps out that were asked for often enough.
func (t *track) giveUp() {
	t.gaps = slices.DeleteFunc(t.gaps, func(g gap) bool {
		if g.tries < maxTries {
			return false
		}
		t.abandon(g)
		return true
	})
}

// busy is the gap whose rows are on their way and in which a moment lies; nil for none.
func (t *track) busy(at time.Time) *gap {
	for i := range t.gaps {
		if g := &t.gaps[i]; g.busy && at.After(g.From) && at.Before(g.To) {
			return g
		}
	}
	return nil
}

// isBusy reports whether rows of an answer are on their way.
func (t *track) isBusy() bool { return slices.ContainsFunc(t.gaps, func(g gap) bool { return g.busy }) }

// done takes out the gaps whose rows have all been handed on.
func (t *track) done() { t.gaps = slices.DeleteFunc(t.gaps, func(g gap) bool { return g.busy }) }
