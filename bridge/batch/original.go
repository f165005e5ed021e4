package batch

import "math"

// A batch begins without a word of its owner when the readings are of wort. Beyond these limits that takes a fall: below
// them a finished beer stands still too, above them a device that lies on a table.
const (
	lightestWort, heaviestWort = 28, 100 // points
	coldestWort                = 4.0     // °C
)

const (
	// steadyHours is how long readings must stay for an original gravity, and steadyLongest how many of them count.
	steadyHours, steadyLongest = 3, 12
	// steadyChange is by how many points they may move, besides noise, and steadyRate how fast, in points an hour.
	steadyChange, steadyRate = 1.0, 0.25
	// steadyUncertainty is how unsure that may be for noise, in points.
	steadyUncertainty = 2.5
)

// original finds the original gravity: the median of the first steady hours.
type original struct {
	from  int64   // the begin of the steady hours; 0 while there are none
	found float64 // points
	first float64 // the first filtered gravity
	done  bool    // the beer has fallen, or the hours are over
}

func newOriginal() original { return original{found: unknown, first: unknown} }

// restart forgets what was found: the level shifted before the fermentation began.
func (o *original) restart() { *o = newOriginal() }

// take looks at the readings up to index i.
func (o *original) take(s points, i int, l *level) {
	if l.shift.since != 0 || !s[i].known() {
		return
	}
	if !known(o.first) {
		o.first = l.gravity
	}
	if o.done {
		return
	}
	if o.from == 0 {
		from := steadyFrom(s, i, l)
		if from == 0 {
			return
		}
		o.from = from
	}
	l.collect(s, i, o.from, 48)
	if -l.samples[len(l.samples)-1].t > steadyLongest && len(l.samples) > 2 {
		o.done = true
		return
	}
	if steady, _ := isSteady(l); !steady {
		o.done = known(o.found)
		return
	}
	o.found = l.middle()
}

// steadyFrom is the begin of the latest hours in which the readings stayed; 0 when they did not. Noisy readings take more hours
// to show it.
func steadyFrom(s points, i int, l *level) int64 {
	l.collect(s, i, l.segment, 36)
	all, first := l.samples, l.oldest()
	for _, hours := range []float64{steadyHours, 2 * steadyHours, steadyLongest} {
		n := within(all, hours)
		for n < len(all) && (n < 2 || -all[n-1].t < hours) {
			n++
		}
		if n < 2 || -all[n-1].t < hours {
			return 0
		}
		l.samples = all[:n]
		steady, sure := isSteady(l)
		if sure || !steady {
			if !steady || first-l.middle() > fell+2*l.noise { // a pause in a fall is no begin
				return 0
			}
			return s[i].at + int64(all[n-1].t*hour)
		}
	}
	return 0
}

// isSteady is whether the collected readings stay within the change that is allowed, and whether their noise lets that be said.
func isSteady(l *level) (steady, sure bool) {
	n := len(l.samples)
	if n < 2 {
		return false, false
	}
	span := l.samples[0].t - l.samples[n-1].t
	most := min(steadyChange, steadyRate*span)
	if n < 4 {
		d := l.samples[0].p - l.samples[n-1].p
		return math.Abs(d) <= most+l.noise, l.noise <= usualNoise
	}
	f := fitLine(l.samples, 0, l.noise, &l.scratch)
	uncertainty := 2 * f.se * span
	return math.Abs(f.slope*span) <= most+uncertainty, uncertainty <= steadyUncertainty
}

// oldest is the median of the three oldest collected readings.
func (l *level) oldest() float64 {
	l.scratch = l.scratch[:0]
	for _, v := range l.samples[max(len(l.samples)-3, 0):] {
		l.scratch = append(l.scratch, v.p)
	}
	return median(l.scratch)
}
