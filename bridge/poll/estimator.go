package poll

import (
	"math"
	"slices"
	"time"
)

// remembered is how many readings a device's rhythm is learned from: few enough to forget an old one within hours.
//
// How late they are takes more to see: of n deviations the next one exceeds all with a chance of 1 in n+1, and each that does
// costs a request and a minute. Too many hold what no longer is. That many are half a day of a Pill at 15 minutes.
const remembered, deviations = 24, 48

// Estimator is what is known of when a device reports: how long from reading to reading, how regular that is, and how
// long after a reading the cloud shows it. All of it comes from the last_activity values that polls have seen.
//
// A device sleeps and is awake for some seconds (measured of a Pill, see raptsim.Measured), so the next report is predicted
// from the last one and not from a grid. Now and then a report comes early; as often as not the rhythm goes on as if it had
// not come, else it begins anew with it. So the report before it stays what the next one is predicted from, until its time
// has passed without one.
//
// Times of readings are the cloud's, brought to the bridge's steady time by the caller; what remains of a difference
// between the clocks ends up in the lag.
type Estimator struct {
	last     time.Time     // the newest reading
	phase    time.Time     // the reading that the next one is predicted from
	other    time.Time     // the other reading that the rhythm may go on from: an early one, or the one before it; zero for none
	early    time.Duration // how long after the reading before it that early one came
	fraction int           // the last early one came after such a part of the interval, until a look finds none there; 0 for none
	interval time.Duration // from reading to reading; 0 while unknown
	readings int           // new readings seen since start or change, to pace the probes
	probed   int           // what readings was when a poll last looked between two readings

	steps  []time.Duration // recent distances between readings seen one after the other
	spread []time.Duration // recent deviations of a reading from when it was due, in order of time
	lags   []time.Duration // recent times from a reading to the poll that saw it: upper bounds of the lag
	unseen []time.Duration // recent times from a reading to the last poll before it showed: lower bounds

	lag, slack, drift time.Duration // see estimate

	stated            float64 // telemetryFrequency as last seen, 0 where the family has none
	intervalConfirmed bool    // a poll halfway between two readings found none: the interval is no multiple of the true one
	emptyPolls        int     // answers that brought no newer reading, although one was due,
	emptyDue          int     // and which one that was, counted from the newest
	skipped           int     // readings in a row before which polls looked for an earlier one in vain
}

// Sight is what a poll's answer shows of a device.
type Sight struct {
	Reading time.Time // the device's last activity; zero for none
	Asked   time.Time // the time of the answer
	Before  time.Time // the time of the family's answer before it; zero for none
	// Same reports whether all values are those of the reading before: it may be the same one, sent again. It is asked for
	// a reading that comes out of turn; nil says no.
	Same func() bool
}

func (s Sight) same() bool { return s.Same != nil && s.Same() }

// Observe takes a poll's answer into account, and reports whether it brings a new reading. One that was sent again with a
// new time is none.
func (r *Estimator) Observe(s Sight) bool {
	if s.Reading.IsZero() || !plausible(s.Reading, s.Asked) {
		return false
	}
	if r.last.IsZero() {
		r.last, r.phase = s.Reading, s.Reading
		return true
	}
	step := s.Reading.Sub(r.last)
	switch {
	case step <= 0:
		r.nothingNew(step, s.Asked)
		return false
	case step < time.Second: // the same reading, touched again
		r.last = s.Reading
		return false
	}
	isNew := r.place(s, step)
	r.lags = push(r.lags, s.Asked.Sub(s.Reading), remembered)
	if n := len(r.unseen); n > 0 && s.Asked.Sub(s.Reading) < r.unseen[n-1] {
		r.unseen = nil // the lag has become shorter, or the clock was set
	}
	if !s.Before.IsZero() && s.Before.After(s.Reading) {
		r.unseen = push(r.unseen, s.Before.Sub(s.Reading), remembered)
	}
	r.last = s.Reading
	r.estimate()
	return isNew
}

// nothingNew takes an answer without a newer reading.
func (r *Estimator) nothingNew(step time.Duration, asked time.Time) {
	if step < -time.Hour { // the device's or the cloud's clock was set back
		at := r.last.Add(step)
		*r = Estimator{last: at, phase: at, stated: r.stated}
		return
	}
	if r.interval <= 0 {
		r.emptyPolls++
		return
	}
	if r.other.IsZero() && asked.Sub(r.visible(0)) > r.interval/2 {
		r.intervalConfirmed, r.probed, r.fraction = true, r.readings, 0
	}
	due := r.passed(asked)
	if due != r.emptyDue {
		r.emptyDue, r.emptyPolls = due, 0
	}
	switch {
	case due == 0:
		r.emptyPolls = 0
	case r.other.After(r.phase):
		r.beginAnew()
	default:
		r.emptyPolls++
	}
}

// beginAnew lets the rhythm go on from an early reading, since the one that was due has not come.
func (r *Estimator) beginAnew() {
	r.phase, r.other = r.other, r.phase
	r.emptyPolls, r.emptyDue = 0, 0
}

// passed is how many readings should have shown by then, one after the other, since the one that they are predicted from.
func (r *Estimator) passed(asked time.Time) int {
	n := max(0, int(asked.Sub(r.visible(0))/r.interval))
	for n > 0 && asked.Before(r.visible(n)) {
		n--
	}
	return n
}

// place finds the place of a new reading, step after the newest before it, in the rhythm, and reports whether it is news.
func (r *Estimator) place(s Sight, step time.Duration) bool {
	from := r.phase
	switch {
	case r.interval <= 0:
		if s.same() && r.other.IsZero() { // a distance to a reading that was sent again would be no rhythm
			r.other = s.Reading
			return false
		}
	case r.onTime(r.phase, s.Reading):
	case !r.other.IsZero() && r.onTime(r.other, s.Reading):
		from = r.other
	case s.Reading.Sub(r.phase) < r.interval:
		if !r.isFaster(step) {
			r.setEarly(s, step)
			return !s.same()
		}
		r.steps = append(r.steps[:0], step)
		r.setInterval(step)
		from = r.last
	default: // late
		from = r.last
	}
	if due := r.nearestDue(from, s.Reading); !due.IsZero() {
		r.spread = push(r.spread, s.Reading.Sub(due), deviations)
	}
	r.steps = push(r.steps, s.Reading.Sub(from), remembered)
	if r.emptyDue > 0 && r.emptyPolls > 0 {
		r.skipped++ // the interval may have become a multiple
	} else {
		r.skipped = 0
	}
	r.phase, r.other, r.early = s.Reading, time.Time{}, 0
	r.emptyPolls, r.emptyDue = 0, 0
	r.readings++
	r.learn()
	return true
}

// isFaster reports whether a reading that came early, step after the one before it, shows that the device reports more
// often now: two came alike, or one came after a half, a third ... of an interval that is not confirmed yet.
func (r *Estimator) isFaster(step time.Duration) bool {
	fraction := int(math.Round(float64(r.interval) / float64(step)))
	if fraction < 2 || fraction > mostLost || (time.Duration(fraction)*step-r.interval).Abs() > r.tolerance() {
		fraction = 0
	}
	again := !r.other.IsZero() && near(float64(step), float64(r.early)) || fraction > 0 && fraction == r.fraction
	r.fraction = fraction
	return again || fraction > 0 && !r.intervalConfirmed && r.readings <= 3
}

// setEarly keeps a reading that came out of turn. Where that of its turn should have shown as well, the rhythm has more
// likely begun anew.
func (r *Estimator) setEarly(s Sight, step time.Duration) {
	r.early, r.other = step, s.Reading
	r.emptyPolls, r.emptyDue = 0, 0
	if r.passed(s.Asked) > 0 {
		r.beginAnew()
	}
}

// onTime reports whether a reading is one of the rhythm that goes on from another.
func (r *Estimator) onTime(from, reading time.Time) bool {
	n := math.Round(float64(reading.Sub(from)) / float64(r.interval))
	late := reading.Sub(from) - time.Duration(n*float64(r.interval))
	return n >= 1 && late.Abs() <= r.tolerance()
}

// tolerance is how far off its time a reading may be to be the one that was due.
func (r *Estimator) tolerance() time.Duration {
	most := r.interval * 15 / 100
	if len(r.spread) < 4 {
		return most
	}
	return min(most, max(r.interval*3/100, 2*(slices.Max(r.spread)-slices.Min(r.spread))))
}

// SetFrequency takes the telemetry frequency that the owner has set. Its unit is unknown, so a change only says that
// what was learned is no longer true; the new rhythm is guessed by the ratio.
func (r *Estimator) SetFrequency(frequency float64) {
	if !(frequency > 0) {
		return
	}
	if r.stated > 0 && r.stated != frequency {
		r.interval = scaled(r.interval, frequency/r.stated)
		r.steps, r.spread, r.readings, r.probed = nil, nil, 0, 0
	}
	r.stated = frequency
}

// mostLost is how many intervals a step is believed to be.
const mostLost = 6

// learn sets the interval from the recent steps. A step is a whole number of intervals: reports get lost, and a poll
// may find several at once. The last three steps decide, so a rhythm that the owner changed is followed within three
// readings; older steps that agree make the figure finer.
func (r *Estimator) learn() {
	recent := r.steps[max(0, len(r.steps)-3):]
	base := slices.Min(recent)
	if longest := slices.Max(recent); longest > mostLost*base {
		base = longest // the short one was an early reading
	}
	if r.interval > 0 && r.skipped < len(recent) && agrees(r.interval, recent) {
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
	if interval < unseenBelow {
		interval *= time.Duration(commonFactor(interval, r.steps))
	}
	r.setInterval(interval)
}

// unseenBelow is an interval that polls a minute apart can't tell from its multiples.
const unseenBelow = 45 * time.Second

// commonFactor is how many times the interval all recent steps are a multiple of; 1 as long as there are few.
func commonFactor(interval time.Duration, steps []time.Duration) int {
	if len(steps) < 6 {
		return 1
	}
	factor := 0
	for _, step := range steps[len(steps)-6:] {
		for n := int(math.Round(float64(step) / float64(interval))); n > 0; {
			factor, n = n, factor%n
		}
	}
	return max(1, factor)
}

func (r *Estimator) setInterval(interval time.Duration) {
	if r.interval > 0 && !near(float64(interval), float64(r.interval)) {
		r.spread = nil // deviations from another rhythm say nothing of this one
		r.intervalConfirmed, r.probed, r.readings, r.fraction, r.skipped = false, 0, 1, 0, 0
	}
	r.interval = interval
}

// agrees reports whether the steps can be that interval: each close to a multiple of it.
func agrees(interval time.Duration, steps []time.Duration) bool {
	return !slices.ContainsFunc(steps, func(step time.Duration) bool {
		n := math.Round(float64(step) / float64(interval))
		return n < 1 || !near(float64(step), n*float64(interval))
	})
}

// near allows the jitter of real devices, which is a few percent.
func near(a, b float64) bool { return math.Abs(a-b) <= 0.15*b }

// nearestDue returns when the reading closest to t was due, as the rhythm goes on from another; zero for none.
func (r *Estimator) nearestDue(from, t time.Time) time.Time {
	if r.interval <= 0 {
		return time.Time{}
	}
	n := math.Round(float64(t.Sub(from)) / float64(r.interval))
	if n < 1 || !near(float64(t.Sub(from)), n*float64(r.interval)) {
		return time.Time{}
	}
	return from.Add(time.Duration(n * float64(r.interval)))
}

// estimate sets what visible adds to the time at which a reading is due.
func (r *Estimator) estimate() {
	r.lag, r.slack, r.drift = estimateLag(r.lags, r.unseen), estimateSlack(r.spread, r.interval), 0
	if len(r.spread) >= 3 {
		r.drift = (slices.Max(r.spread) - slices.Min(r.spread)) / 4
	}
}

// Shift moves what is known by a correction of the clock.
func (r *Estimator) Shift(by time.Duration) {
	for _, t := range []*time.Time{&r.last, &r.phase, &r.other} {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
}

// Resume takes over what an earlier run had learned: the interval, and the lag within expected. What can't be true is
// passed over.
func (r *Estimator) Resume(last time.Time, interval time.Duration, expected, now time.Time) {
	if !plausible(last, now) || interval != bounded(interval) {
		return
	}
	r.last, r.phase, r.interval = last, last, interval
	r.steps = []time.Duration{interval, interval, interval} // one reading alone doesn't outweigh it
	if late := expected.Sub(last) % interval; plausible(expected, now.Add(longestInterval)) && late >= 0 && late < interval/4 {
		r.lags = push(nil, late, remembered)
	}
	r.estimate()
}

// visible returns when the nth reading after the one that it is predicted from is probably to be seen.
//
// Each report's deviation is carried on to the next ones, so what is to be allowed for grows with n.
func (r *Estimator) visible(n int) time.Time {
	return r.phase.Add(time.Duration(n)*r.interval + time.Duration(min(max(0, n-1), 3))*r.drift + r.lag + r.slack)
}

// Expected returns when the next reading should show, the first one after now; zero while the rhythm is unknown.
func (r *Estimator) Expected(now time.Time) time.Time {
	if r.interval <= 0 || r.last.IsZero() {
		return time.Time{}
	}
	return r.visible(1 + r.passed(now))
}

// IsSilent reports whether the device is overdue by so much that it counts as offline. floor is the family's.
func (r *Estimator) IsSilent(now time.Time, floor time.Duration) bool {
	return now.Sub(r.last) > max(floor, 3*r.interval)
}

// push adds a duration to a list of at most so many, of which the oldest goes.
func push(list []time.Duration, d time.Duration, most int) []time.Duration {
	if len(list) >= most {
		copy(list, list[1:])
		list = list[:most-1]
	}
	return append(list, d)
}

// unsure reports whether the interval is known from so few readings that it may be a multiple of the true one.
func (r *Estimator) unsure() bool {
	return r.interval > unseenBelow && !r.intervalConfirmed && r.readings <= 2
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
