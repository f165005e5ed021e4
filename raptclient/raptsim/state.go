package raptsim

import (
	"math"
	"time"
)

// brewTime is brewing time since the cloud was made; what was before is negative.
type brewTime = time.Duration

// state is what a device knows and reports, a copy of which is a reading. A number that is NaN has no value.
type state struct {
	readings
	settings
	counters
	distillation
	filling
	run profileRun
}

type readings struct {
	temperature, controlTemperature float64 // C
	gravity, velocity               float64 // SG x 1000, points per day
	battery, rssi, pressure         float64 // %, dBm, unknown unit
}

type settings struct {
	target, minTarget, maxTarget        float64 // C
	heatingUtilisation, pumpUtilisation float64 // %
	pidP, pidI, pidD                    float64
	heatingEnabled, coolingEnabled      bool
	pumpEnabled, pidEnabled             bool
}

type counters struct {
	totalRun, heatRun, coolRun, auxRun float64 // seconds
	heatStarts, coolStarts, auxStarts  float64
}

type distillation struct {
	vapour, wash, tempPerMin float64 // C, C, C/min
	rhc, ethanol, power, abv float64
}

type filling struct {
	fills, failedFills, fillTime float64 // count, count, seconds of the last can
	session                      fillSession
}

// fillSession is the last filling of cans.
type fillSession struct {
	start, end     brewTime
	open, ever     bool
	fills, failed  float64
	timeSum        float64 // seconds of filling
	temperatureSum float64
}

// profileRun is a profile in progress.
type profileRun struct {
	on         bool
	profile    int // index into the account's profiles
	step       int
	started    brewTime
	stepStart  brewTime
	counted    brewTime // of the current step
	og, fg     float64  // SG x 1000, NaN when not of a beer
	setBy      brewTime // when the target was last found to differ from the step's
	overridden bool
}

// unknown is the number without a value.
func unknown() float64 { return math.NaN() }

// clock maps brewing time to the passed clock and back. The first of it, slow, passes in real time.
type clock struct {
	start time.Time
	slow  time.Duration
	speed float64
}

func (k clock) brew(t time.Time) brewTime {
	passed := t.Sub(k.start)
	if passed < k.slow {
		return brewTime(passed)
	}
	return brewTime(k.slow) + brewTime(float64(passed-k.slow)*k.speed)
}

func (k clock) wall(b brewTime) time.Time {
	if b < brewTime(k.slow) {
		return k.start.Add(time.Duration(b))
	}
	return k.start.Add(k.slow + time.Duration(float64(b-brewTime(k.slow))/k.speed))
}

// fermented is how much of a time at a moment counts for the beer.
func (w *world) fermented(at brewTime, dt float64) float64 {
	if w.beerSpeed == 0 || at <= w.slow {
		return dt
	}
	return dt * w.beerSpeed
}
