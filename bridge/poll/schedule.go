package poll

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

const (
	firstEmptyAgain = 15 * time.Minute // a family without devices is asked once more after this,
	emptyAgain      = time.Hour        // and then this often
	fullFor         = 24 * time.Hour   // how long one that had devices is asked as before

	// A bound of max_poll_interval gives way by a tenth when a reading is due then: asking just before it would only
	// mean asking twice.
	maxPollGrace = 10

	// A device that reports about every minute is followed reading by reading only while it heats or has just been
	// commanded, else every so many least intervals: its values move slowly then, and the vendor counts requests.
	slowFactor = 4

	retriesPerReading = 3 // polls for a reading that did not come, before the next one due is waited for

	// Readings from probe to probe: ever more for a device that has kept its rhythm, since each costs a request. The last
	// is for one whose changes show in telemetryFrequency.
	probeEvery, probeEveryMost, probeEveryStated = 3, 64, 96
)

// Bounds are the poll intervals of the configuration.
type Bounds struct{ Min, Max time.Duration }

// Pace is how often a device is followed at the most that reports more often, while nothing of its family presses.
func (b Bounds) Pace() time.Duration { return min(slowFactor*b.Min, b.Max) }

// State is what the schedule knows of one family.
type State struct {
	Asked          time.Time     // the last time its list was asked for; zero for never
	Answered       time.Time     // the last complete answer
	Empty          int           // answers without a device, one after the other
	Usual          time.Duration // between answers while it had devices; zero for never
	Retry          time.Time     // after a failure: not before
	Refresh        bool          // somebody asked for fresh values
	Heating        bool          // a kettle of the family is heating
	CommandedUntil time.Time     // a device of the family has been commanded lately
	Devices        []*Estimator  // of its devices
	Silent         []bool        // those that have stopped reporting, in the same order
	Hooks          []*Hook       // what webhooks have said of them, in the same order; may be empty
	Pushed         []bool        // those whose webhooks bring their readings, in the same order; may be empty

	failures failures
}

// Turn is when a family's list should be asked for.
type Turn struct {
	At time.Time
	// Idle says that no reading is expected by then: the list is asked for because its longest interval is over, or to look
	// whether something has changed.
	Idle bool
	// Learn is when asking for it may teach the rhythm of a device; zero when they are known.
	Learn time.Time
}

// Due returns when the family's list should be asked for next, all requests being free. It depends on the state
// alone, so it changes only with an answer, a command or a request to refresh.
func (a *State) Due(b Bounds) Turn {
	switch {
	case !a.Retry.IsZero() && a.Answered.IsZero():
		return Turn{At: a.Retry, Learn: a.Retry} // every rhythm of the family is still to be learned
	case !a.Retry.IsZero():
		return Turn{At: a.Retry}
	case a.Asked.IsZero():
		return Turn{At: a.Asked, Learn: time.Unix(0, 0)} // in the far past, and not the zero time
	case a.Refresh:
		return Turn{At: a.Asked, Learn: learn(a.candidates(b), a.Asked.Add(b.Min))} // which a refresh doesn't hurry
	case a.Empty > 0 && a.Usual > 0 && time.Duration(a.Empty)*a.Usual < fullFor:
		return Turn{At: a.Asked.Add(min(max(a.Usual, b.Min), b.Max))}
	case a.Empty == 1:
		return Turn{At: a.Asked.Add(firstEmptyAgain), Idle: true}
	case a.Empty > 1:
		return Turn{At: a.Asked.Add(emptyAgain), Idle: true}
	}
	earliest, last := a.Asked.Add(b.Min), a.Asked.Add(b.Max)
	if a.refreshing(b) {
		last = earliest
	}
	due, idle, grace := last, !a.refreshing(b), b.Max/maxPollGrace
	candidates := a.candidates(b)
	for _, w := range candidates {
		if w.at.Before(due) || due.Equal(last) && w.at.Sub(last) <= grace && !w.probe {
			due, idle = w.at, w.probe
		}
	}
	due = times.Latest(due, earliest)
	t := Turn{At: shared(due, candidates, b)}
	t.Idle = idle && t.At.Equal(due)
	t.Learn = learn(candidates, earliest)
	return t
}

// learn is when asking may teach the rhythm of a device, earliest at the least; zero when they are known.
func learn(candidates []candidate, earliest time.Time) (at time.Time) {
	for _, w := range candidates {
		if w.learns {
			at = times.Soonest(at, times.Latest(w.at, earliest))
		}
	}
	return at
}

func (a *State) isPushed(i int) bool { return i < len(a.Pushed) && a.Pushed[i] }

// unknownFor is how long after its last reading a device of which no rhythm is known may still be about to report.
const unknownFor = 2 * time.Hour

// isSilent reports whether nothing is to be expected of a device.
func (a *State) isSilent(i int) bool {
	r := a.Devices[i]
	return a.Silent[i] && !(r.interval <= 0 && a.Asked.Sub(r.last) < unknownFor)
}

// Unknown is how many devices report, as far as is known, at a rhythm that is not, or that is known from so few readings
// that it may be a part of what seems so.
func (a *State) Unknown() int {
	n := 0
	for i, r := range a.Devices {
		if !a.isSilent(i) && (r.interval <= 0 || r.unsure()) {
			n++
		}
	}
	return n
}

// refreshing reports whether the family may be asked at the least interval whatever its devices' rhythm: something
// heats or has just been commanded, and no device reports so often that following it is as good.
func (a *State) refreshing(b Bounds) bool {
	if !a.fastPoll() {
		return false
	}
	for i, r := range a.Devices {
		if r.interval > 0 && r.interval <= 2*b.Min && !a.Silent[i] {
			return false
		}
	}
	return true
}

// fastPoll reports whether a device of the family heats or has just been commanded.
func (a *State) fastPoll() bool { return a.Heating || a.Asked.Before(a.CommandedUntil) }

// candidate is a time at which asking for the list should bring a device's next reading.
type candidate struct {
	at    time.Time
	fast  bool // the next reading comes about as soon as the family may be asked again
	probe bool // looks whether the device has become faster; brings no reading otherwise
	// learns says that the device's rhythm is unknown or unsure.
	learns bool
}

func (a *State) candidates(b Bounds) []candidate {
	pace := b.Pace()
	if a.fastPoll() {
		pace = b.Min
	}
	var out []candidate
	for i, r := range a.Devices {
		if i < len(a.Hooks) && !a.Hooks[i].Pending().IsZero() {
			at := a.Hooks[i].Pending()
			if r.interval > 0 && r.interval <= 2*b.Min { // more than what is followed of it
				at = times.Latest(at, a.Asked.Add(pace))
			}
			out = append(out, candidate{at: at})
			if a.isPushed(i) {
				continue
			}
		}
		if a.isSilent(i) {
			continue
		}
		if a.isPushed(i) && r.interval > 0 {
			n := 1
			if r.interval <= 2*b.Min { // asking for one reading would make the next one wait
				n = 2
			}
			if at := r.visible(n).Add(hookFallback); a.Asked.Before(at) {
				out = append(out, candidate{at: at})
			}
			continue
		}
		if r.interval <= 0 {
			out = append(out, candidate{at: a.Asked.Add(explore(r, b)), learns: true})
			continue
		}
		w := candidate{at: r.Expected(a.Asked), fast: r.interval <= 2*b.Min, learns: r.unsure()}
		if again, ok := askAgain(r, a.Asked, b); ok && !w.fast && again.Before(w.at) {
			w.at = again
		}
		if w.fast {
			if late := a.Asked.Add(pace).Sub(w.at) - r.interval/4; late > 0 {
				w.at = w.at.Add((1 + (late-1)/r.interval) * r.interval)
			}
		}
		out = append(out, w)
		if at, ok := probe(r, a.Asked, b); ok {
			out = append(out, candidate{at: at, probe: true, learns: r.unsure()})
		}
	}
	return out
}

// explore is how long to wait for news of a device whose rhythm is unknown: ever longer from the least interval on.
func explore(r *Estimator, b Bounds) time.Duration {
	return min(b.Min<<min(r.emptyPolls, 10), b.Max)
}

// askAgain says when to ask again for a reading that was due and did not come: at growing distances, and once readings
// have shown how late one may be, once more when it can't come any later.
func askAgain(r *Estimator, asked time.Time, b Bounds) (time.Time, bool) {
	if r.emptyPolls == 0 || r.emptyPolls > retriesPerReading {
		return time.Time{}, false
	}
	if len(r.spread) < 4 {
		return asked.Add(b.Min << (r.emptyPolls - 1)), true
	}
	latest := r.visible(r.emptyDue).Add(slices.Max(r.spread) - r.slack)
	return asked.Add(b.Min), r.emptyPolls == 1 || asked.Before(latest)
}

// probe says when to look between two readings whether the device has become faster: its readings at the old times
// would go on to come as expected, and the new ones between them be missed for ever. The first look comes with the first
// reading, since a start that is short of requests may take several readings for one.
func probe(r *Estimator, asked time.Time, b Bounds) (time.Time, bool) {
	if r.interval < 2*b.Min {
		return time.Time{}, false
	}
	if r.other.After(r.phase) && r.stated == 0 {
		// An early one: were it the first of a faster rhythm, the next one would come as long after it.
		at := r.other.Add(r.early + r.lag + r.slack)
		return at, asked.Before(at) && at.Before(r.visible(1).Add(-b.Min))
	}
	every := min(max(probeEvery, r.probed), probeEveryMost)
	if r.stated > 0 {
		every = probeEveryStated
	}
	if r.intervalConfirmed && r.fraction == 0 && r.readings-r.probed < every {
		return time.Time{}, false
	}
	at := r.visible(0).Add(r.interval/2 + r.interval/20)
	return at, asked.Before(at)
}

// shared moves a poll later, by less than the least interval, where that makes the readings fresher altogether:
// readings due close together share a request, and neither a look between two readings nor asking for a fast device's, the
// next one of which comes soon anyway, shuts out a slow one's.
func shared(due time.Time, candidates []candidate, b Bounds) time.Time {
	var near []candidate
	for _, w := range candidates {
		if w.at.Sub(due) < b.Min {
			near = append(near, w)
		}
	}
	if len(near) < 2 {
		return due
	}
	slices.SortFunc(near, func(v, w candidate) int { return v.at.Compare(w.at) })
	best, least := due, staleness(due, near, b)
	for _, w := range near[:min(len(near), maxCandidates)] {
		if w.at.After(due) {
			if cost := staleness(w.at, near, b); cost < least {
				best, least = w.at, cost
			}
		}
	}
	return best
}

// maxCandidates bounds the moments that shared tries, so that its cost stays in proportion to the devices.
const maxCandidates = 8

// staleness is how long the readings of candidates wait when the family is asked at t and then as soon as it may be again.
// A fast device's hardly count: its next one comes soon. A look between two readings can wait.
func staleness(t time.Time, candidates []candidate, b Bounds) time.Duration {
	var sum time.Duration
	for _, w := range candidates {
		wait := t.Sub(w.at)
		if wait < 0 {
			wait += b.Min
		}
		switch {
		case w.probe:
			continue
		case w.fast:
			wait /= slowFactor * slowFactor
		}
		sum += wait
	}
	return sum
}

// Plan is what to do next: ask for a family's list now, or look again at Wake.
type Plan struct {
	Ask  int // index of the family, -1 for none
	Wake time.Time
}

// idleWaits is how long families in which nothing is expected let others go first: a ceiling that holds polls back must not
// make them wait for ever.
const idleWaits = 5 * time.Minute

// Open is when the ceiling and the API's state let a poll leave: one for a rhythm that is to be learned, and any other.
type Open struct{ Learning, Other time.Time }

// Next says which family to ask for at now. turns are the families' in their fixed order. Of those that are due one with a
// reading expected goes first, else the one that has been due the longest.
func Next(now time.Time, turns []Turn, open Open) Plan {
	p := Plan{Ask: -1}
	for i, t := range turns {
		at := t.Opens(open)
		if i == 0 || at.Before(p.Wake) {
			p.Wake = at
		}
		if !at.After(now) && (p.Ask < 0 || t.before(turns[p.Ask], now)) {
			p.Ask = i
		}
	}
	return p
}

// Opens is when the list may be asked for.
func (t Turn) Opens(open Open) time.Time {
	at := times.Latest(t.At, open.Other)
	if !t.Learn.IsZero() {
		at = times.Soonest(at, times.Latest(t.Learn, open.Learning))
	}
	return at
}

// before reports whether a turn goes before another, both being due.
func (t Turn) before(other Turn, now time.Time) bool {
	waits, otherWaits := t.Idle && now.Sub(t.At) < idleWaits, other.Idle && now.Sub(other.At) < idleWaits
	if waits != otherWaits {
		return otherWaits
	}
	return t.At.Before(other.At)
}
