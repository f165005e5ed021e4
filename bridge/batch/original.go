package batch

// A batch begins without a word of its owner when the readings are of wort. Beyond these limits that takes a fall: below
// them a finished beer stands still too, above them a device that lies on a table.
const (
	lightestWort, heaviestWort = 28, 100 // points
	coldestWort                = 4.0     // °C
)

const (
	// steadyHours is how long readings must stay for an original gravity, and steadyLongest how many of them count.
	steadyHours, steadyLongest = 3, 12
	// steadyChange is by how many points they may move, besides noise.
	steadyChange = 1.0
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
	if !isSteady(l) {
		o.done = known(o.found)
		return
	}
	o.found = l.middle()
}

// steadyFrom is the begin of the latest hours in which the readings stayed; 0 when they did not.
func steadyFrom(s points, i int, l *level) int64 {
	l.collect(s, i, l.segment, 36)
	n := within(l.samples, steadyHours)
	for n < 2 && n < len(l.samples) || n < len(l.samples) && -l.samples[n-1].t < steadyHours {
		n++
	}
	first := l.oldest()
	l.samples = l.samples[:n]
	fallen := first-l.middle() > fell+2*l.noise // a pause in a fall is no begin
	if n < 2 || -l.samples[n-1].t < steadyHours || !isSteady(l) || fallen {
		return 0
	}
	return s[i].at + int64(l.samples[n-1].t*hour)
}

// isSteady is whether the collected readings stay within the change that is allowed.
func isSteady(l *level) bool {
	n := len(l.samples)
	if n < 2 {
		return false
	}
	span := l.samples[0].t - l.samples[n-1].t
	if n < 4 {
		d := l.samples[0].p - l.samples[n-1].p
		return d > -steadyChange-0.1-3*l.noise && d < steadyChange+3*l.noise
	}
	f := fitLine(l.samples, 0, l.noise, &l.scratch)
	change := f.slope * span
	allowed := steadyChange + 2*f.se*span
	return known(change) && change > -allowed && change < allowed
}

// oldest is the median of the three oldest collected readings.
func (l *level) oldest() float64 {
	l.scratch = l.scratch[:0]
	for _, v := range l.samples[max(len(l.samples)-3, 0):] {
		l.scratch = append(l.scratch, v.p)
	}
	return median(l.scratch)
}
