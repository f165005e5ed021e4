package raptsim

import (
	"math"
	"time"
)

// Event is something that happens to a batch, at an age of it, and that a gravity series must not be misread over.
type Event struct {
	At time.Duration

	// Shift is by how many points the gravity that is read moves, over the time Ramp; at once when that is zero. With Decay
	// it goes back with that time constant, else it stays. The fermentation goes on below it.
	Shift       float64
	Ramp, Decay time.Duration

	// CoolTo is the temperature in C that the beer is brought to from then on, by 4 C an hour; nil for none. It has no effect
	// on a device that is paired with a controller, which has a target of its own.
	CoolTo *float64

	// OutFor is how long the device lies beside the beer: the gravity reads like one, but is none of it.
	OutFor time.Duration
}

// DryHop is a dry hop: the gravity rises by 3 points within two hours and stays there, as it does after sugar, stirring or
// with krausen on the device (measured: 5 to 13 points).
func DryHop(at time.Duration) Event { return Event{At: at, Shift: 3, Ramp: 2 * time.Hour} }

// Stirred is a level shift of 13 points within 15 minutes, the greatest that was measured.
func Stirred(at time.Duration) Event { return Event{At: at, Shift: 13, Ramp: 15 * time.Minute} }

// Recirculated is a plateau of 12 points that decays over hours.
func Recirculated(at time.Duration) Event {
	return Event{At: at, Shift: 12, Ramp: time.Hour, Decay: 6 * time.Hour}
}

// Drift is a Pill that drifts by a fifth of a point a day for five days though nothing ferments (measured: +0.22 and -0.24).
func Drift(at time.Duration) Event { return Event{At: at, Shift: 1.1, Ramp: 5 * 24 * time.Hour} }

// ColdCrash brings the beer to 2 C. The gravity that is read rises by half a point meanwhile (measured from 22 to 5 C: -0.1
// to 0.9).
func ColdCrash(at time.Duration) Event {
	cold := 2.0
	return Event{At: at, Shift: 0.5, Ramp: 6 * time.Hour, CoolTo: &cold}
}

// Handled takes the device out of the beer for 45 minutes, in which it reads 1.069 to 1.080 (measured).
func Handled(at time.Duration) Event { return Event{At: at, OutFor: 45 * time.Minute} }

// shift is by how much the event moves the gravity of a batch of this age.
func (e *Event) shift(age time.Duration) float64 {
	since := age - e.At
	if since < 0 || e.Shift == 0 {
		return 0
	}
	if since < e.Ramp {
		return e.Shift * float64(since) / float64(e.Ramp)
	}
	if e.Decay > 0 {
		return e.Shift * math.Exp(-float64(since-e.Ramp)/float64(e.Decay))
	}
	return e.Shift
}

// readGravity is the gravity that the device reads now.
func (d *device) readGravity() float64 {
	gravity := d.s.gravity
	for i := range d.spec.Events {
		e := &d.spec.Events[i]
		if since := d.beer.age - e.At; since >= 0 && since < e.OutFor {
			return 1069 + 11*d.rng.Float64()
		}
		gravity += e.shift(d.beer.age)
	}
	return d.spec.Sensor.read(d.rng, gravity, d.s.velocity)
}

// around is the temperature in C that the beer of an unpaired device tends to.
func (d *device) around(w *world) (celsius float64, cooled bool) {
	for i := len(d.spec.Events) - 1; i >= 0; i-- {
		if e := &d.spec.Events[i]; e.CoolTo != nil && d.beer.age >= e.At {
			return *e.CoolTo, true
		}
	}
	return w.ambient(d.at), false
}

// stand lets the beer of an unpaired device take on the temperature around it for dt seconds.
func (d *device) stand(w *world, dt float64) {
	to, cooled := d.around(w)
	if cooled {
		d.s.temperature = max(to, d.s.temperature-4*dt/3600)
		return
	}
	d.s.temperature += (to - d.s.temperature) * (1 - math.Exp(-dt/(18*3600)))
}
