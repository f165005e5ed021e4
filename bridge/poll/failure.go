package poll

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/rapt-bridge/rapt-bridge/internal/retry"
)

// keepsFailing is how often a family's list fails in a row, while others are answered, before that is worth telling.
const keepsFailing = 3

// Failure is why a family's list was not answered.
type Failure int

// The failures. Trouble of the whole API is backed off from by whoever knows of it; a family that fails while others are
// answered has a back-off of its own.
const (
	APITrouble  Failure = iota
	NotAsked            // it was cancelled, or held back by a limit of the bridge's own
	Forbidden           // the account may not read it
	ListTrouble         // of this list alone
)

// failures are those of a family's list in a row.
type failures struct {
	backOff backoff.BackOff
	count   int
	telling bool // that it keeps failing
}

// NewState is a family that was never asked for.
func NewState(b Bounds) State {
	return State{failures: failures{backOff: retry.New(b.Min, max(b.Max, b.Min), 0)}}
}

// Failed plans another try. forbiddenFor is how long a forbidden list is left alone. It returns whether to log that the list
// keeps failing: once, until it is answered.
func (a *State) Failed(now time.Time, how Failure, forbiddenFor time.Duration) (report bool) {
	a.Retry = now // as soon as it may
	switch how {
	case NotAsked:
		a.Asked = a.Answered
	case Forbidden:
		a.failures.count++
		a.Retry = now.Add(forbiddenFor)
	case ListTrouble:
		a.failures.count++
		a.Retry = now.Add(a.failures.backOff.NextBackOff())
	}
	report = a.failures.count >= keepsFailing && !a.failures.telling
	a.failures.telling = a.failures.telling || report
	return report
}

// Tried reports whether the list was ever answered, or failed for a reason of its own.
func (a *State) Tried() bool { return !a.Answered.IsZero() || a.failures.count > 0 }

// Succeeded notes an answer at now. It returns the time of the answer before, and whether to log that the list can be read
// again.
func (a *State) Succeeded(now time.Time) (before time.Time, report bool) {
	before, report = a.Answered, a.failures.telling
	a.Answered, a.Retry = now, time.Time{}
	a.failures.count, a.failures.telling = 0, false
	a.failures.backOff.Reset()
	return before, report
}

// Held takes whether an answer at now had devices; before is the time of the answer before it.
func (a *State) Held(devices bool, now, before time.Time) {
	a.Empty++
	if devices {
		a.Empty = 0
		if !before.IsZero() {
			a.Usual = now.Sub(before)
		}
	}
}
