package batch

import (
	"math"
	"slices"
)

// hour is in seconds.
const hour = 3600

const (
	// shortest and longest are the windows of the filter in hours: noisy readings take a longer one.
	shortest, longest = 5, 12
	// settled is how long a new level must stay before it is the beer's, in hours; until then the old one counts.
	settled = 3
	// quiet is how long a disturbance lasts after the last sign of it, in hours.
	quiet = 12
	// silence is a gap in hours across which a fall says nothing of a disturbance.
	silence = 3
	// leastShift is the smallest step in points that is taken for a shift of the level.
	leastShift = 3.5
	// fastest is a fall in points an hour beyond which no beer ferments.
	fastest = 2.5
)

// level is the gravity of the beer as far as readings tell: without outliers, and with the times at which its level
// shifted for another reason than fermentation (stirring, a dry hop, krausen on the device, sugar, handling).
type level struct {
	segment  int64      // since when the readings are of one level
	excluded [][2]int64 // spans of readings that were of something else: a device lying on a table, a rinse
	shift    shift      // one that is not decided yet

	last        int64   // the last known gravity
	disturbedAt int64   // the last sign of a disturbance
	junkSince   int64   // the first of the readings that can't be true; 0 when the last one can
	junk        int     // how many of them
	noise       float64 // standard deviation of a reading in points
	gravity     float64 // filtered, points
	rate        float64 // points a day over 24 hours, negative while it falls
	rateError   float64 // its standard error
	rateSpan    float64 // hours of readings in it
	pace        float64 // the same over 9 to 12 hours, where there are enough readings
	paceError   float64

	samples []sample
	scratch []float64
}

// shift is a change of level that may go back.
type shift struct {
	since  int64 // zero without one
	latest int64 // when it last moved
	before line  // what the readings were like before it, at since
}

// change is what a reading did to the level.
type change struct {
	disturbed bool    // a disturbance began
	shifted   float64 // points by which the level has shifted for good; 0 for none
	since     int64   // when it did
	silent    float64 // hours without a reading of the beer before this one
}

func newLevel() level {
	return level{noise: minNoise, gravity: unknown, rate: unknown, rateError: unknown, pace: unknown, paceError: unknown}
}

// disturbed is whether a disturbance was seen lately.
func (l *level) disturbed(at int64) bool {
	return l.recent(at) || l.inAir(at)
}

// inAir is whether the device reports what can't be true, and more than once.
func (l *level) inAir(at int64) bool { return l.junk >= 2 && at-l.junkSince >= 2*slot }

// take takes the reading at index i of s in.
func (l *level) take(s points, i int) (c change) {
	p := s[i]
	switch {
	case p.junk():
		if l.junk++; l.junk == 1 {
			l.junkSince = p.at
		}
		if l.inAir(p.at) {
			c.disturbed = !l.recent(p.at)
			l.disturbedAt = p.at
		}
		return c
	case !p.known():
		return c
	}
	if l.last != 0 {
		c.silent = float64(p.at-l.last) / hour
	}
	if l.segment == 0 {
		l.segment = p.at
	}
	l.junk, l.junkSince, l.last = 0, 0, p.at
	l.look(s, i, &c)
	l.measure(s, i)
	return c
}

// recent is whether a disturbance was under way, so that a further sign of it is none of its own.
func (l *level) recent(at int64) bool { return l.disturbedAt != 0 && at-l.disturbedAt < quiet*hour }

// look decides whether the level has shifted.
func (l *level) look(s points, i int, c *change) {
	at := s[i].at
	first := l.newest(s, i)
	if l.shift.since == 0 {
		if step, before := l.stepped(s, first, i, l.segment); step != 0 {
			c.disturbed = !l.recent(at)
			l.disturbedAt = at
			l.shift = shift{since: s[first].at, latest: s[first].at, before: before}
		}
		return
	}
	l.disturbedAt = at
	if l.returned(s, first, i) {
		l.excluded = append(l.excluded, [2]int64{l.shift.since, s[first].at})
		if len(l.excluded) > 8 {
			l.excluded = slices.Delete(l.excluded, 0, 1)
		}
		l.shift = shift{}
		return
	}
	if step, _ := l.stepped(s, first, i, l.shift.latest); step != 0 {
		l.shift.latest = s[first].at
	}
	if at-l.shift.latest >= settled*hour {
		l.segment = l.shift.latest
		l.collect(s, i, l.segment, 24)
		passed := float64(at-l.shift.since)/hour + l.samples[len(l.samples)-1].t/2
		c.since, c.shifted = l.shift.latest, l.middle()-l.shift.before.level-min(l.shift.before.slope, 0)*passed
		l.shift = shift{}
	}
}

// newest is the index of the first of the newest readings: three, or two of a device that reports every few hours.
func (l *level) newest(s points, i int) int {
	first, n := i, 1
	for j := i - 1; j >= 0 && n < 3; j-- {
		if !s[j].known() {
			continue
		}
		if n == 2 && s[i].at-s[j].at > settled*hour {
			break
		}
		first, n = j, n+1
	}
	return first
}

// stepped is by how much the newest readings, from index first to i, are all off what the earlier ones since a time let
// expect, in points; zero when that may be noise or fermentation.
func (l *level) stepped(s points, first, i int, since int64) (float64, line) {
	if first == i || s[first].at <= since {
		return 0, line{}
	}
	n := l.collectBefore(s, first, since)
	if n < 3 {
		return 0, line{}
	}
	before := fitLine(l.samples, 0, l.noise, &l.scratch)
	if !known(before.slope) {
		return 0, line{}
	}
	lastGap := -l.samples[0].t
	span := l.samples[0].t - l.samples[n-1].t
	before.slope = min(max(before.slope, -fastest), 0.1)
	if lastGap > silence || span < 1 {
		before.level, before.slope = l.middle(), 0
	}
	smallest := math.Inf(1)
	sign := 0.0
	for j := first; j <= i; j++ {
		if !s[j].known() {
			continue
		}
		t := float64(s[j].at-s[first].at) / hour
		off := float64(s[j].gravity) - before.level - before.slope*t
		allowed := max(leastShift, 4*l.noise) + min(2*before.se*(t+1), 5)
		if off < 0 {
			allowed += t + 1
			if lastGap > silence {
				return 0, line{}
			}
		}
		if math.Abs(off) < allowed || off*sign < 0 {
			return 0, line{}
		}
		sign = off
		smallest = min(smallest, math.Abs(off))
	}
	return math.Copysign(smallest, sign), before
}

// returned is whether the newest readings are what the beer had before the shift.
func (l *level) returned(s points, first, i int) bool {
	if s[first].at <= l.shift.since {
		return false
	}
	b := l.shift.before
	for j := first; j <= i; j++ {
		if !s[j].known() {
			continue
		}
		t := float64(s[j].at-l.shift.since) / hour
		if math.Abs(float64(s[j].gravity)-b.level-b.slope*t) > max(leastShift, 4*l.noise)/2 {
			return false
		}
	}
	return true
}

// measure finds the filtered gravity and its rate at the reading of index i.
func (l *level) measure(s points, i int) {
	at := s[i].at
	l.rate, l.rateError, l.rateSpan, l.pace, l.paceError = unknown, unknown, 0, unknown, unknown
	if b := l.shift.before; l.shift.since != 0 {
		held := b.level + min(b.slope, 0)*min(float64(at-l.shift.since)/hour, settled)
		l.gravity = min(max(held, minGravity), maxGravity)
		return
	}
	l.collect(s, i, l.segment, 48)
	l.noise = noise(l.samples, &l.scratch)
	window := min(max(shortest, shortest+12*(l.noise-minNoise)), longest)
	n := within(l.samples, window)
	for n < 5 && n < len(l.samples) && -l.samples[n].t <= 24 {
		n++
	}
	near := l.samples[:n]
	reach := max(window, 1.05*-near[n-1].t)
	switch f := fitLine(near, reach, l.noise, &l.scratch); {
	case n >= 5 && known(f.slope):
		low, high := near[0].p, near[0].p
		for _, v := range near {
			low, high = min(low, v.p), max(high, v.p)
		}
		l.gravity = min(max(f.level, low-l.noise), high+l.noise) // a line through few readings may lead anywhere
		l.gravity = min(max(l.gravity, minGravity), maxGravity)
	case -near[n-1].t < 2:
		l.samples = near
		l.gravity = l.middle()
		return
	default:
		l.gravity = near[0].p
	}
	n = within(l.samples, 24)
	for n < 4 && n < len(l.samples) {
		n++
	}
	l.rateSpan = -l.samples[n-1].t
	if n < 3 || l.rateSpan < 6 {
		return
	}
	f := fitLine(l.samples[:n], 0, l.noise, &l.scratch)
	l.rate, l.rateError = 24*f.slope, 24*f.se
	l.pace, l.paceError = l.rate, l.rateError
	if n = within(l.samples, min(8+8*l.noise, longest)); n >= 8 && -l.samples[n-1].t >= 6 {
		f = fitLine(l.samples[:n], 0, l.noise, &l.scratch)
		l.pace, l.paceError = 24*f.slope, 24*f.se
	}
}

// collect gathers the readings up to index i that are not older than since and than so many hours, newest first.
func (l *level) collect(s points, i int, since int64, hours float64) {
	l.samples = l.samples[:0]
	for j := i; j >= 0 && s[j].at >= since; j-- {
		t := float64(s[j].at-s[i].at) / hour
		if -t > hours {
			break
		}
		if s[j].known() && !l.isExcluded(s[j].at) {
			l.samples = append(l.samples, sample{t, float64(s[j].gravity)})
		}
	}
}

// collectBefore gathers the readings of the eight hours before index first, newest first, not across a silence; of a device
// that is silent before first the last three.
func (l *level) collectBefore(s points, first int, since int64) int {
	l.samples = l.samples[:0]
	for j := first - 1; j >= 0 && s[j].at >= since; j-- {
		if !s[j].known() || l.isExcluded(s[j].at) {
			continue
		}
		t := float64(s[j].at-s[first].at) / hour
		if n := len(l.samples); n > 0 {
			sparse := -l.samples[0].t > silence
			if sparse && n == 3 || !sparse && (-t > 8 || l.samples[n-1].t-t > silence) {
				break
			}
		}
		l.samples = append(l.samples, sample{t, float64(s[j].gravity)})
	}
	return len(l.samples)
}

func (l *level) isExcluded(at int64) bool {
	for _, span := range l.excluded {
		if at >= span[0] && at < span[1] {
			return true
		}
	}
	return false
}

// middle is the median of the collected readings.
func (l *level) middle() float64 {
	l.scratch = l.scratch[:0]
	for _, v := range l.samples {
		l.scratch = append(l.scratch, v.p)
	}
	return median(l.scratch)
}

// within is how many of the samples, newest first, are of the last hours.
func within(samples []sample, hours float64) int {
	n := 0
	for n < len(samples) && -samples[n].t <= hours {
		n++
	}
	return n
}

// restart begins a new segment: what was before is another liquid.
func (l *level) restart(at int64) {
	disturbed, junk, since := l.disturbedAt, l.junk, l.junkSince
	samples, scratch := l.samples, l.scratch
	*l = newLevel()
	l.segment, l.disturbedAt, l.junk, l.junkSince, l.samples, l.scratch = at, disturbed, junk, since, samples, scratch
}

// stands is whether the gravity has stood still for hours, as enough readings show; surely when their noise can't hide a fall.
func (l *level) stands(s points, i int, hours float64, sure bool) bool {
	if !known(l.rate) || l.rate < -3*standing-2*l.rateError {
		return false
	}
	l.collect(s, i, l.segment, standLongest)
	n := max(within(l.samples, hours), min(standCount, len(l.samples)))
	if n < standCount || -l.samples[n-1].t < hours-1 {
		return false
	}
	f := fitLine(l.samples[:n], 0, l.noise, &l.scratch)
	rate, e := 24*f.slope, 24*f.se
	if sure && -rate+e > surely {
		return false
	}
	return rate > -standing && rate < 3*standing && e < 1.5*standing
}
