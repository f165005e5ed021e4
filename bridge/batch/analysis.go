package batch

import (
	"slices"
	"time"
)

// Analysis follows the batches in one device. It is a function of the rows, the owner's entries and the profile sessions:
// their order and repetition change nothing. Rows that come more than a month late may be left out. The zero value is
// ready; it is not safe for concurrent use.
type Analysis struct {
	rows    points
	said    []said
	base    *follower // has taken the rows before the first kept one that is not taken below
	baseAt  int       // how many of the kept rows base has taken
	now     *follower
	taken   int // how many of the kept rows now has taken
	horizon int64
}

// Add takes a row in. A row of the same five minutes as an earlier one adds nothing.
func (a *Analysis) Add(r Row) {
	p := newPoint(r)
	if p.at < a.horizon || r.At.IsZero() {
		return
	}
	from, ok := a.rows.add(p)
	if ok && from < a.taken {
		a.restart()
	}
}

// Say sets what the owner and the profiles said, in place of what was said before.
func (a *Analysis) Say(entries []Entry, sessions []Session) {
	a.said = merge(entries, slices.Clone(sessions))
	a.restart()
}

func (a *Analysis) restart() { a.now, a.taken = nil, 0 }

// Findings are what is known at a time from the rows until then.
func (a *Analysis) Findings(now time.Time) Findings {
	f := a.at(now.Unix())
	found := f.findings(a.rows[:a.taken], now)
	a.trim(now.Unix())
	return found
}

// at brings the follower to a time.
func (a *Analysis) at(now int64) *follower {
	if a.taken > 0 && a.rows[a.taken-1].at > now {
		a.restart()
	}
	if a.now == nil {
		f := newFollower()
		if a.base != nil {
			f = a.base.clone()
		}
		a.now, a.taken = &f, a.baseAt
	}
	for a.taken < len(a.rows) && a.rows[a.taken].at <= now {
		a.now.step(a.rows, a.taken, a.said)
		a.taken++
	}
	a.now.hearUntil(a.said, now)
	return a.now
}

// trim lets the oldest rows go when there are more than are kept, a fourth of them at once.
func (a *Analysis) trim(now int64) {
	const month = maxPoints / 4
	if a.taken <= maxPoints {
		return
	}
	f := newFollower()
	if a.base != nil {
		f = a.base.clone()
	}
	upTo := a.baseAt
	for ; upTo < a.taken-maxPoints+month; upTo++ {
		f.step(a.rows, upTo, a.said)
	}
	first := a.rows.since(a.rows[upTo].at - overlap)
	a.base, a.baseAt, a.horizon = &f, upTo-first, a.rows[upTo].at
	a.rows = slices.Clone(a.rows[first:])
	a.taken -= first
}
