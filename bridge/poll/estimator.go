package poll

import (
	"math"
	"slices"
	"time"
)

// remembered is how many readings a device's rhythm is learned from: enough to see its jitter, few enough to forget
// an old rhythm within hours.
const remembered = 12

// Estimator is what is known of when a device reports: how long from reading to reading, how regular that is, and how
// long after a reading the cloud shows it. All of it comes from the last_activity values that polls have seen.
//
// Times of readings are the cloud's, brought to the bridge's steady time by the caller; what remains of a difference
// between the clocks ends up in the lag.
type Estimator struct {
	last     time.Time     // the newest reading
	interval time.Duration // from reading to reading; 0 while unknown
	readings int           // new readings seen since start or change, to pace the probes

	steps  []time.Duration // recent distances between readings seen one after the other
	spread []time.Duration // recent deviations of a reading from when it was due, in order of time
	lags   []time.Duration // recent times from a reading to the poll that saw it: upper bounds of the lag
	unseen []time.Duration // recent times from a reading to the last poll before it showed: lower bounds

	lag, slack time.Duration // see estimate

	stated            float64 // telemetryFrequency as last seen, 0 where the family has none
	intervalConfirmed bool    // a poll halfway between two readings found none: the interval is no multiple of the true one
	emptyPolls        int     // answers since the newest reading that brought no newer one, although it was due
}

// Observe takes a poll's answer into account. reading is the device's last activity, asked the time of the answer,
// before the time of the family's answer before it (zero when there was none). It reports whether the reading is new.
func (r *Estimator) Observe(reading, asked, before time.Time) bool {
	if reading.IsZero() || !plausible(reading, asked) {
		return false
	}
	if r.last.IsZero() {
		r.last = reading
		return true
	}
	step := reading.Sub(r.last)
	if step <= 0 {
		if r.interval <= 0 || asked.After(r.visible(1)) {
			r.emptyPolls++
		}
		r.intervalConfirmed = r.intervalConfirmed || r.interval > 0 && asked.Sub(r.visible(0)) > r.interval/2
		if step < -time.Hour { // the device's or the cloud's clock was set back
			*r = Estimator{last: reading, stated: r.stated}
		}
		return false
	}
	if step < time.Second { // the same reading, touched again
		r.last = reading
		return false
	}
	if due := r.nearestDue(reading); !due.IsZero() {
		r.spread = push(r.spread, reading.Sub(due))
	}
	r.last = reading
	r.readings++
	r.emptyPolls = 0
	r.steps = push(r.steps, step)
	r.lags = push(r.lags, asked.Sub(reading))
	if n := len(r.unseen); n > 0 && asked.Sub(reading) < r.unseen[n-1] {
		r.unseen = nil // the lag has become shorter, or the clock was set
	}
	if !before.IsZero() && before.After(reading) {
		r.unseen = push(r.unseen, before.Sub(reading))
	}
	r.learn()
	r.estimate()
	return true
}

// SetFrequency takes the telemetry frequency that the owner has set. Its unit is unknown, so a change only says that
// what was learned is no longer true; the new rhythm is guessed by the ratio.
func (r *Estimator) SetFrequency(frequency float64) {
	if !(frequency > 0) {
		return
	}
	if r.stated > 0 && r.stated != frequency {
		r.interval = scaled(r.interval, frequency/r.stated)
		r.steps, r.spread, r.readings = nil, nil, 0
	}
	r.stated = frequency
}

// learn sets the interval from the recent steps. A step is a whole number of intervals: reports get lost, and a poll
// may find several at once. The last three steps decide, so a rhythm that the owner changed is followed within three
// readings; older steps that agree make the figure finer.
func (r *Estimator) learn() {
	recent := r.steps[max(0, len(r.steps)-3):]
	base := slices.Min(recent)
	if r.interval > 0 && agrees(r.interval, recent) {
		base = r.interval
	}
	var fit []float64
	for _, step := range r.steps {
		if n := math.Round(float64(step) / float64(base)); n >= 1 && near(float64(step), n*float64(base)) {
			fit = append(fit, float64(step)/n)
		}
	}
	if len(fit) == 0 {
		r.interval = bounded(base)
		return
	}
	slices.Sort(fit)
	interval := bounded(time.Duration(fit[len(fit)/2]))
	if r.interval > 0 && !near(float64(interval), float64(r.interval)) {
		r.spread = nil // deviations from another rhythm say nothing of this one
		r.intervalConfirmed = false
	}
	r.interval = interval
}

// agrees reports whether the steps can be that interval: each close to a multiple of it, and one of them to the
// interval itself, or else the true interval could be the multiple.
func agrees(interval time.Duration, steps []time.Duration) bool {
	single := len(steps) < 3
	for _, step := range steps {
		n := math.Round(float64(step) / float64(interval))
		if n < 1 || !near(float64(step), n*float64(interval)) {
			return false
		}
		single = single || n == 1
	}
	return single
}

// near allows the jitter of real devices, which is a few percent.
func near(a, b float64) bool { return math.Abs(a-b) <= 0.15*b }

// nearestDue returns when the reading closest to t was due.
func (r *Estimator) nearestDue(t time.Time) time.Time {
	if r.interval <= 0 {
		return time.Time{}
	}
	n := math.Round(float64(t.Sub(r.last)) / float64(r.interval))
	if n < 1 {
		return time.Time{}
	}
	due := r.last.Add(time.Duration(n * float64(r.interval)))
	if !near(float64(t.Sub(r.last)), n*float64(r.interval)) {
		return time.Time{}
	}
	return due
}

// estimate sets what visible adds to the time at which a reading is due.
func (r *Estimator) estimate() {
	r.lag, r.slack = estimateLag(r.lags, r.unseen), estimateSlack(r.spread, r.interval)
}

// estimateLag is how long after a reading the cloud shows it, with what the clocks differ. It lies between the longest
// time after which a poll did not see a reading yet and the shortest after which one did; asking in the middle brings
// the two together.
func estimateLag(lags, unseen []time.Duration) time.Duration {
	if len(lags) == 0 {
		return 0
	}
	low, high := time.Duration(0), slices.Min(lags)
	if len(unseen) > 0 {
		low = slices.Max(unseen)
	}
	switch {
	case len(unseen) == 0 && high < 0: // the device's clock is ahead
		return high
	case high <= low || high < 0:
		return max(high, low)
	}
	return low + (high-low)/2
}

// What it costs to ask before a reading is there: the time until the list may be asked for again, and the request.
const (
	earlyDelay   = time.Minute
	earlyRequest = 20 * time.Second
)

// estimateSlack is how much later than due to ask, so that readings are fresh on the average: waiting for the latest of
// them delays all, and asking too early means asking twice.
func estimateSlack(spread []time.Duration, interval time.Duration) time.Duration {
	if len(spread) < 3 {
		return interval / 50
	}
	sorted := slices.Clone(spread)
	slices.Sort(sorted)
	width := sorted[len(sorted)-1] - sorted[0]
	best, least := sorted[len(sorted)-1], time.Duration(math.MaxInt64)
	for _, slack := range sorted {
		cost := time.Duration(0)
		for _, late := range sorted {
			cost += slack - late
			if late > slack {
				cost += earlyDelay + earlyRequest
			}
		}
		if cost <= least {
			best, least = slack, cost
		}
	}
	// A few readings don't show the whole width.
	return best + width/time.Duration(2*len(sorted))
}

// Shift moves what is known by a correction of the clock.
func (r *Estimator) Shift(by time.Duration) {
	if !r.last.IsZero() {
		r.last = r.last.Add(by)
	}
}

// Resume takes over what an earlier run had learned: the interval, and the lag within expected. What can't be true is
// passed over.
func (r *Estimator) Resume(last time.Time, interval time.Duration, expected, now time.Time) {
	if !plausible(last, now) || interval != bounded(interval) {
		return
	}
	r.last, r.interval = last, interval
	if late := expected.Sub(last) % interval; plausible(expected, now.Add(longestInterval)) && late >= 0 && late < interval/4 {
		r.lags = push(nil, late)
	}
	r.estimate()
}

// visible returns when the nth reading after the last one is probably to be seen.
func (r *Estimator) visible(n int) time.Time {
	return r.last.Add(time.Duration(n)*r.interval + r.lag + r.slack)
}

// Expected returns when the next reading should show, the first one after now; zero while the rhythm is unknown.
func (r *Estimator) Expected(now time.Time) time.Time {
	if r.interval <= 0 || r.last.IsZero() {
		return time.Time{}
	}
	n := 1 + max(0, int(now.Sub(r.visible(0))/r.interval))
	return r.visible(n)
}

// IsSilent reports whether the device is overdue by so much that it counts as offline. floor is the family's.
func (r *Estimator) IsSilent(now time.Time, floor time.Duration) bool {
	return now.Sub(r.last) > max(floor, 3*r.interval)
}

func push(list []time.Duration, d time.Duration) []time.Duration {
	if len(list) >= remembered {
		copy(list, list[1:])
		list = list[:remembered-1]
	}
	return append(list, d)
}

// Interval is the distance from reading to reading; 0 while unknown.
func (r *Estimator) Interval() time.Duration { return r.interval }

// RoundedInterval keeps the published figure from changing with every reading's jitter.
func (r *Estimator) RoundedInterval() time.Duration {
	step := time.Second
	for _, s := range []time.Duration{5 * time.Second, 15 * time.Second, time.Minute} {
		if r.interval >= 20*s {
			step = s
		}
	}
	return r.interval.Round(step)
}

// LastReading is the time of the newest reading, in steady time; zero for none.
func (r *Estimator) LastReading() time.Time { return r.last }
