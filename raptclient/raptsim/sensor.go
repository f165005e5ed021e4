package raptsim

import (
	"math"
	"math/rand/v2"
)

// Sensor is what stands between the beer and the gravity that is read of it.
type Sensor int

// The sensors.
const (
	// Steady reads with white noise of 0.15 points.
	Steady Sensor = iota
	// Pill reads like a RAPT Pill in still liquid: white noise of 0.19 points, in steps of 0.1, and temperatures in steps of
	// 1/16 C with as much noise as leaves 2 % of the readings the same as the one before (measured on 1,156 readings of one).
	Pill
	// Tilt reads like a Tilt in fermenting mash: noise of 1.1 points while it is vigorous, 0.95 while it slows and 0.34 when it
	// is over, in steps of a point; while it ferments one reading in 80 is off by 3 to 12 points because of bubbles, mostly
	// low, always alone (measured on 43,450 readings of one).
	Tilt
)

const (
	vigorous = 5.0 // points a day and more
	falling  = 0.5

	bubbles   = 1.0 / 80
	bubblesUp = 0.25 // of them read too high
)

// readTemperature is the temperature in C that the sensor reads.
func (s Sensor) readTemperature(r *rand.Rand, celsius float64) float64 {
	if s == Pill {
		return math.Round(16*(celsius+0.12*r.NormFloat64())) / 16
	}
	return celsius + 0.04*r.NormFloat64()
}

// read is the gravity that the sensor reads in a beer that falls by so many points a day.
func (s Sensor) read(r *rand.Rand, gravity, perDay float64) float64 {
	perDay = math.Abs(perDay)
	switch s {
	case Pill:
		return math.Round(10*(gravity+0.19*r.NormFloat64())) / 10
	case Tilt:
		noise := 0.34
		switch {
		case perDay >= vigorous:
			noise = 1.1
		case perDay >= falling:
			noise = 0.95
		}
		gravity += noise * r.NormFloat64()
		if perDay >= falling && r.Float64() < bubbles {
			off := 3 + 9*r.Float64()
			if r.Float64() >= bubblesUp {
				off = -off
			}
			gravity += off
		}
		return math.Round(gravity)
	}
	return gravity + 0.15*r.NormFloat64()
}
