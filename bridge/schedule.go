package bridge

import (
	"slices"
	"time"
)

const (
	firstEmptyAgain = 15 * time.Minute // a family without devices is asked once more after this,
	emptyAgain      = time.Hour        // and then this often

	// A bound of max_poll_interval gives way by a tenth when a reading is due then: asking just before it would only
	// mean asking twice.
	maxPollGrace = 10

	// A device that reports about every minute is followed reading by reading only while it is hot or commanded; else
	// every so many least intervals: its values move slowly then, and the vendor counts requests.
	calm = 4

	retriesPerReading = 3 // asks after a reading that did not come, before the next one due is waited for

	probeEvery       = 3  // readings from probe to probe for a device whose frequency the cloud doesn't state
	probeEveryStated = 12 // and for one whose changes show in telemetryFrequency
)

// bounds are the poll intervals of the configuration.
type bounds struct{ min, max time.Duration }

// asking is what the schedule knows of one family.
type asking struct {
	asked    time.Time // the last time its list was asked for; zero for never
	answered time.Time // the last complete answer
	empty    int       // answers without a device, one after the other
	retry    time.Time // after a failure: not before
	refresh  bool      // somebody asked for fresh values
	hot      bool      // a kettle of the family is heating
	urgent   time.Time // until then a device of the family has been commanded
	rhythms  []*rhythm // of its devices
	silent   []bool    // those that have stopped reporting, in the same order
}

// due returns when the family's list should be asked for next, all requests being free. It depends on the state
// alone, so it changes only with an answer, a command or a wish.
func (a *asking) due(b bounds) time.Time {
	switch {
	case !a.retry.IsZero():
		return a.retry
	case a.asked.IsZero() || a.refresh:
		return a.asked
	case a.empty == 1:
		return a.asked.Add(firstEmptyAgain)
	case a.empty > 1:
		return a.asked.Add(emptyAgain)
	}
	earliest, last := a.asked.Add(b.min), a.asked.Add(b.max)
	if a.refreshing(b) {
		last = earliest
	}
	due, grace := last, b.max/maxPollGrace
	wishes := a.wishes(b)
	for _, w := range wishes {
		if w.at.Before(due) || due.Equal(last) && w.at.Sub(last) <= grace && !w.probe {
			due = w.at
		}
	}
	due = latest(due, earliest)
	return shared(due, wishes, b)
}

// refreshing reports whether the family may be asked at the least interval whatever its devices' rhythm: something
// is being commanded or hot, and no device reports so often that following it is as good.
func (a *asking) refreshing(b bounds) bool {
	if !a.pressing() {
		return false
	}
	for i, r := range a.rhythms {
		if r.interval > 0 && r.interval <= 2*b.min && !a.silent[i] {
			return false
		}
	}
	return true
}

// pressing reports whether a device of the family is hot or has just been commanded.
func (a *asking) pressing() bool { return a.hot || a.asked.Before(a.urgent) }

// wish is a time at which asking for the list should bring a device's next reading.
type wish struct {
	at    time.Time
	fast  bool // the next reading comes about as soon as the family may be asked again
	probe bool // looks whether the device has become faster; brings no reading otherwise
}

func (a *asking) wishes(b bounds) []wish {
	pace := min(calm*b.min, b.max)
	if a.pressing() {
		pace = b.min
	}
	var out []wish
	for i, r := range a.rhythms {
		if a.silent[i] {
			continue
		}
		if r.interval <= 0 {
			out = append(out, wish{at: a.asked.Add(explore(r, b))})
			continue
		}
		w := wish{at: nextVisible(r, a.asked), fast: r.interval <= 2*b.min}
		if again, ok := askAgain(r, a.asked, b); ok && again.Before(w.at) {
			w.at = again
		}
		if w.fast {
			for a.asked.Add(pace).Sub(w.at) > r.interval/4 {
				w.at = w.at.Add(r.interval)
			}
		}
		out = append(out, w)
		if at, ok := probe(r, a.asked, b); ok {
			out = append(out, wish{at: at, probe: true})
		}
	}
	return out
}

// explore is how long to wait for news of a device whose rhythm is unknown: ever longer from the least interval on.
func explore(r *rhythm, b bounds) time.Duration {
	wait := b.min
	for range min(r.asks, 10) {
		wait *= 2
	}
	return min(wait, b.max)
}

// nextVisible returns the first time after asked at which a reading should have become visible.
func nextVisible(r *rhythm, asked time.Time) time.Time {
	n := 1
	if late := asked.Sub(r.visible(1)); late >= 0 {
		n = 2 + int(late/r.interval)
	}
	return r.visible(n)
}

// askAgain says when to ask again for a reading that was due and did not come, at growing distances.
func askAgain(r *rhythm, asked time.Time, b bounds) (time.Time, bool) {
	if r.asks == 0 || r.asks > retriesPerReading || asked.Before(r.visible(1)) {
		return time.Time{}, false
	}
	wait := b.min
	for range r.asks - 1 {
		wait *= 2
	}
	return asked.Add(wait), true
}

// probe says when to look between two readings whether the device has become faster: its readings at the old times
// would go on to come as expected, and the new ones between them be missed for ever. The first look comes with the first
// reading, since a start that is short of requests may take several readings for one.
func probe(r *rhythm, asked time.Time, b bounds) (time.Time, bool) {
	every := probeEvery
	if r.stated > 0 {
		every = probeEveryStated
	}
	if r.interval < 2*b.min || r.proved && r.readings%every != every-1 {
		return time.Time{}, false
	}
	at := r.visible(0).Add(r.interval/2 + r.interval/20)
	return at, asked.Before(at)
}

// shared moves an ask later, by less than the least interval, where that makes the readings fresher altogether:
// readings due close together share a request, and asking for a fast device's reading doesn't shut out a slow one's,
// because the fast one's next reading comes soon anyway.
func shared(due time.Time, wishes []wish, b bounds) time.Time {
	var near []wish
	for _, w := range wishes {
		if !w.probe && w.at.Sub(due) < b.min {
			near = append(near, w)
		}
	}
	if len(near) < 2 {
		return due
	}
	slices.SortFunc(near, func(v, w wish) int { return v.at.Compare(w.at) })
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

// staleness is how long the readings of wishes wait when the family is asked at t and then as soon as it may be again.
// A fast device's count a quarter.
func staleness(t time.Time, wishes []wish, b bounds) time.Duration {
	var sum time.Duration
	for _, w := range wishes {
		wait := t.Sub(w.at)
		if wait < 0 {
			wait += b.min
		}
		if w.fast {
			wait /= 4
		}
		sum += wait
	}
	return sum
}

// plan is what to do next: ask for a family's list now, or look again at wake.
type plan struct {
	ask  int // index of the family, -1 for none
	wake time.Time
}

// next says which family to ask for at now. dues are the families' times in their fixed order; open is when the
// ceiling and the API's state let a poll leave. The one that has been due the longest goes first.
func next(now time.Time, dues []time.Time, open time.Time) plan {
	p := plan{ask: -1}
	for i, due := range dues {
		if p.ask < 0 || due.Before(dues[p.ask]) {
			p.ask = i
		}
	}
	if p.ask < 0 {
		return p
	}
	p.wake = latest(dues[p.ask], open)
	if p.wake.After(now) {
		p.ask = -1
	}
	return p
}
