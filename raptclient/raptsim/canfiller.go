package raptsim

import (
	"math"
	"time"
)

const (
	fillingTime  = 50 * time.Minute // of a session
	fillingCycle = 9 * time.Hour    // from one session's start to the next
	canEvery     = 20 * time.Second
)

// canLine is where the filling stands.
type canLine struct {
	phase time.Duration // since the session's start
	since time.Duration // the last can
}

func startCanFiller(d *device) {
	d.s.rssi = -63
	d.s.fills, d.s.failedFills = 1240, 17
	d.s.fillTime, d.s.temperature = 14, 3.5
	d.can.phase = d.spec.Age
	d.s.session.start = d.at - d.spec.Age
	d.s.session.open = d.spec.Age < fillingTime
	d.s.session.ever = true
	for t := canEvery; t <= min(d.spec.Age, fillingTime); t += canEvery {
		d.fill()
	}
	if !d.s.session.open {
		d.s.session.end = d.s.session.start + fillingTime
	}
}

// advanceCanFiller fills a can every 20 s during a session; one or two in a hundred fail.
func advanceCanFiller(d *device, w *world, dt float64) {
	step := time.Duration(dt * float64(time.Second))
	l := &d.can
	l.phase += step
	d.s.temperature += 0.02 * d.rng.NormFloat64()
	d.s.temperature = min(max(d.s.temperature, 2), 6)
	if l.phase >= fillingCycle && !w.oneBatch {
		*l = canLine{}
		d.s.session = fillSession{start: d.at, open: true, ever: true}
	}
	if !d.s.session.open {
		return
	}
	if l.since += step; l.since >= canEvery {
		l.since = 0
		d.fill()
	}
	if l.phase >= fillingTime {
		d.s.session.open, d.s.session.end = false, d.at
	}
}

// fill fills a can.
func (d *device) fill() {
	x := &d.s.session
	d.s.fillTime = math.Round(10*(14+1.2*d.rng.NormFloat64())) / 10
	if d.rng.Float64() < 0.015 {
		d.s.failedFills++
		x.failed++
		return
	}
	d.s.fills++
	x.fills++
	x.timeSum += d.s.fillTime
	x.temperatureSum += d.s.temperature
}
