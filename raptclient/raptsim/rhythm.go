package raptsim

import "time"

// Reporting is how a device keeps to its rhythm.
type Reporting int

// The kinds of reporting.
const (
	// Jittered reports after ReportEvery, off by up to Jitter to both sides, and misses a share of Miss of its reports.
	Jittered Reporting = iota
	// Measured reports like a RAPT Pill of which 1,155 intervals at 15 minutes were seen: ReportEvery asleep and 5 to 11 s
	// awake, in two or three modes, so that the phase drifts by ten minutes a day. 3.6 % of the reports are missed. After
	// 6.7 % of them comes an extra one, 2 s to 13 min later; 34 of 78 of those are the same reading with a new time, and 47
	// of 78 leave the rhythm as it was, while the others begin it anew. Miss, if set, replaces the 3.6 %.
	Measured
)

// The shares of the measured reporting.
const (
	measuredMiss  = 0.036
	measuredExtra = 0.067
	sameReading   = 34.0 / 78
	keepsRhythm   = 47.0 / 78

	extraAfterMin = 2 * time.Second
	extraAfterMax = 13 * time.Minute
)

// awakeModes are the times that a Pill is awake for a report, with their shares.
var awakeModes = []struct {
	share    float64
	from, to time.Duration
}{
	{0.72, 4500 * time.Millisecond, 6800 * time.Millisecond},
	{0.07, 7 * time.Second, 9 * time.Second},
	{0.21, 9 * time.Second, 11500 * time.Millisecond},
}

// reportSchedule is when a device reports.
type reportSchedule struct {
	every time.Duration
	next  brewTime // report; never when it does not report by itself
	// Where the next report is an extra one: whether it is the last reading again, and when the rhythm goes on, which is
	// never when it begins anew with the extra.
	extra, again bool
	resume       brewTime
}

// interval is the time from a regular report to the next one.
func (d *device) interval() brewTime {
	if d.spec.Reporting != Measured {
		return brewTime(float64(d.every) * (1 + d.spec.Jitter*(2*d.rng.Float64()-1)))
	}
	share := d.rng.Float64()
	for _, m := range awakeModes {
		if share -= m.share; share < 0 {
			return d.every + m.from + brewTime(d.rng.Float64()*float64(m.to-m.from))
		}
	}
	return d.every + awakeModes[0].to
}

// missed tells whether a report gets lost.
func (d *device) missed() bool {
	miss := d.spec.Miss
	if d.spec.Reporting == Measured {
		setDefault(&miss, measuredMiss)
	}
	return d.rng.Float64() < miss
}

// schedule works out the report after the one that was due now.
func (d *device) schedule() {
	now, wasExtra := d.next, d.extra
	d.extra, d.again = false, false
	if wasExtra && d.resume != never {
		d.next = d.resume
		return
	}
	d.next = now + max(d.interval(), time.Second)
	if d.spec.Reporting != Measured || wasExtra || d.rng.Float64() >= measuredExtra {
		return
	}
	after := extraAfterMin + brewTime(d.rng.Float64()*float64(extraAfterMax-extraAfterMin))
	if now+after >= d.next {
		return // a device that reports more often than that
	}
	d.extra, d.again, d.resume = true, d.rng.Float64() < sameReading, never
	if d.rng.Float64() < keepsRhythm {
		d.resume = d.next
	}
	d.next = now + after
}
