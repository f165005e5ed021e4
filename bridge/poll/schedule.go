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

	probeEvery       = 3  // readings from probe to probe for a device whose frequency the cloud doesn't state
	probeEveryStated = 12 // and for one whose changes show in telemetryFrequency
)

// Bounds are the poll intervals of the configuration.
type Bounds struct{ Min, Max time.Duration }

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
}

// Due returns when the family's list should be asked for next, all requests being free. It depends on the state
// alone, so it changes only with an answer, a command or a request to refresh.
func (a *State) Due(b Bounds) time.Time {
	switch {
	case !a.Retry.IsZero():
		return a.Retry
	case a.Asked.IsZero() || a.Refresh:
		return a.Asked
	case a.Empty > 0 && a.Usual > 0 && time.Duration(a.Empty)*a.Usual < fullFor:
		return a.Asked.Add(min(max(a.Usual, b.Min), b.Max))
	case a.Empty == 1:
		return a.Asked.Add(firstEmptyAgain)
	case a.Empty > 1:
		return a.Asked.Add(emptyAgain)
	}
	earliest, last := a.Asked.Add(b.Min), a.Asked.Add(b.Max)
	if a.refreshing(b) {
		last = earliest
	}
	due, grace := last, b.Max/maxPollGrace
	candidates := a.candidates(b)
	for _, w := range candidates {
		if w.at.Before(due) || due.Equal(last) && w.at.Sub(last) <= grace && !w.probe {
			due = w.at
		}
	}
	due = times.Latest(due, earliest)
	return shared(due, candidates, b)
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
}

func (a *State) candidates(b Bounds) []candidate {
	pace := min(slowFactor*b.Min, b.Max)
	if a.fastPoll() {
		pace = b.Min
	}
	var out []candidate
	for i, r := range a.Devices {
		if a.Silent[i] {
			continue
		}
		if r.interval <= 0 {
			out = append(out, candidate{at: a.Asked.Add(explore(r, b))})
			continue
		}
		w := candidate{at: nextVisible(r, a.Asked), fast: r.interval <= 2*b.Min}
		if again, ok := askAgain(r, a.Asked, b); ok && again.Before(w.at) {
			w.at = again
		}
		if w.fast {
			if late := a.Asked.Add(pace).Sub(w.at) - r.interval/4; late > 0 {
				w.at = w.at.Add((1 + (late-1)/r.interval) * r.interval)
			}
		}
		out = append(out, w)
		if at, ok := probe(r, a.Asked, b); ok {
			out = append(out, candidate{at: at, probe: true})
		}
	}
	return out
}

// explore is how long to wait for news of a device whose rhythm is unknown: ever longer from the least interval on.
func explore(r *Estimator, b Bounds) time.Duration {
	return min(b.Min<<min(r.emptyPolls, 10), b.Max)
}

// nextVisible returns the first time after asked at which a reading should have become visible.
func nextVisible(r *Estimator, asked time.Time) time.Time {
	n := 1
	if late := asked.Sub(r.visible(1)); late >= 0 {
		n = 2 + int(late/r.interval)
	}
	return r.visible(n)
}

// askAgain says when to ask again for a reading that was due and did not come, at growing distances.
func askAgain(r *Estimator, asked time.Time, b Bounds) (time.Time, bool) {
	if r.emptyPolls == 0 || r.emptyPolls > retriesPerReading || asked.Before(r.visible(1)) {
		return time.Time{}, false
	}
	return asked.Add(b.Min << (r.emptyPolls - 1)), true
}

// probe says when to look between two readings whether the device has become faster: its readings at the old times
// would go on to come as expected, and the new ones between them be missed for ever. The first look comes with the first
// reading, since a start that is short of requests may take several readings for one.
func probe(r *Estimator, asked time.Time, b Bounds) (time.Time, bool) {
	every := probeEvery
	if r.stated > 0 {
		every = probeEveryStated
	}
	if r.interval < 2*b.Min || r.intervalConfirmed && r.readings%every != every-1 {
		return time.Time{}, false
	}
	at := r.visible(0).Add(r.interval/2 + r.interval/20)
	return at, asked.Before(at)
}

// shared moves a poll later, by less than the least interval, where that makes the readings fresher altogether:
// readings due close together share a request, and asking for a fast device's reading doesn't shut out a slow one's,
// because the fast one's next reading comes soon anyway.
func shared(due time.Time, candidates []candidate, b Bounds) time.Time {
	var near []candidate
	for _, w := range candidates {
		if !w.probe && w.at.Sub(due) < b.Min {
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
// A fast device's count a quarter.
func staleness(t time.Time, candidates []candidate, b Bounds) time.Duration {
	var sum time.Duration
	for _, w := range candidates {
		wait := t.Sub(w.at)
		if wait < 0 {
			wait += b.Min
		}
		if w.fast {
			wait /= 4
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

// Next says which family to ask for at now. dues are the families' times in their fixed order; open is when the
// ceiling and the API's state let a poll leave. The one that has been due the longest goes first.
func Next(now time.Time, dues []time.Time, open time.Time) Plan {
	p := Plan{Ask: -1}
	for i, due := range dues {
		if p.Ask < 0 || due.Before(dues[p.Ask]) {
			p.Ask = i
		}
	}
	if p.Ask < 0 {
		return p
	}
	p.Wake = times.Latest(dues[p.Ask], open)
	if p.Wake.After(now) {
		p.Ask = -1
	}
	return p
}
