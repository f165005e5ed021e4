package raptsim

import (
	"math"
	"time"
)

// BatchLength is after how long a new batch follows, unless OneBatch is set: a past of this length leaves every beer of a
// brewery at its age.
const BatchLength = batchLength

// batchLength is how long a batch stays in the fermenter before the next one: fermentation, cold crash, some days of peace.
const batchLength = 13 * 24 * time.Hour

// beer is a fermenting batch.
type beer struct {
	og, fg float64 // SG x 1000
	age    time.Duration
}

// startBeer sets up the batch as it is at the spec's age.
func startBeer(d *device) {
	og, fg := d.spec.OriginalGravity, d.spec.FinalGravity
	setDefault(&og, 1050)
	setDefault(&fg, 1010)
	d.beer = beer{og: og, fg: fg}
	d.s.gravity = og
	const step = 10 * time.Minute
	for age := step; age <= d.spec.Age; age += step {
		d.ferment(18.5, step.Seconds())
	}
	d.beer.age = d.spec.Age
	setDefault(&d.s.battery, 96)
}

// Fermentation is the law by which a gravity falls.
type Fermentation int

// The laws.
const (
	// Growth is that of yeast which grows on what it ferments: slow at first, fastest half-way, slow at the end; about 12
	// points a day at the peak of an ordinary ale at 18.5 C.
	Growth Fermentation = iota
	// Monod is what real beers at a steady temperature do: after a lag of some 12 hours an almost straight fall by a quarter
	// of the drop each day, which ends within hours.
	Monod
)

// perDay is the change in points a day of a beer that has s points above its final gravity left of span, at 18.5 C.
func (f Fermentation) perDay(s, span float64, age time.Duration) float64 {
	if f == Growth {
		return -1.1 * s * (span - s + 1.5) / span
	}
	const (
		lag  = 12 * time.Hour
		half = 1.5 // points left at which the fall has half its speed
	)
	started := min(float64(age)/float64(lag), 1)
	return -0.25 * span * started * started * s / (s + half)
}

// ferment moves the gravity on by dt seconds at a temperature in C. Next to nothing happens in the cold.
func (d *device) ferment(temperature, dt float64) {
	b := &d.beer
	b.og, b.fg = max(b.og, d.s.gravity), min(b.fg, d.s.gravity)
	warmth := min(max(1+0.07*(temperature-18.5), 0.02), 1.6)
	perDay := warmth * d.spec.Fermentation.perDay(d.s.gravity-b.fg, max(b.og-b.fg, 1), b.age)
	d.s.gravity = max(b.fg, d.s.gravity+perDay*dt/86400)
	d.s.velocity = perDay
	b.age += time.Duration(dt * float64(time.Second))
}

// nextBatch tells whether the fermenter was filled anew.
func (d *device) nextBatch(w *world) bool {
	if w.oneBatch || d.beer.age < batchLength {
		return false
	}
	d.beer = beer{og: d.beer.og, fg: d.beer.fg}
	d.s.gravity = d.beer.og
	d.s.battery = 100
	return true
}

func startHydrometer(d *device) {
	startBeer(d)
	d.s.temperature = 18.5
	d.s.rssi = -68
	d.s.pressure = unknown()
}

func advanceHydrometer(d *device, w *world, dt float64) {
	if d.host != nil {
		d.s.temperature = d.host.s.temperature
	} else {
		d.stand(w, dt)
	}
	dt = w.fermented(d.at, dt)
	d.ferment(d.s.temperature, dt)
	if d.nextBatch(w) && d.spec.Profile {
		d.begin(w, 0)
		d.s.run.og, d.s.run.fg = d.beer.og, d.beer.fg
	}
	d.follow(w, dt)
}

// startExternal: an iSpindel or the like, without pressure.
func startExternal(d *device) {
	startHydrometer(d)
	d.s.rssi = -74
}

func advanceExternal(d *device, w *world, dt float64) {
	if d.every < 0 {
		return // lives from what is submitted
	}
	d.stand(w, dt)
	d.ferment(d.s.temperature, w.fermented(d.at, dt))
	d.nextBatch(w)
}

func startBonded(d *device) {
	d.s.temperature, d.s.battery, d.s.rssi = 12, 91, -59
}

func advanceBonded(d *device, w *world, dt float64) {
	around := w.ambient(d.at) - 8 // a cellar
	if d.host != nil {
		around = d.host.s.temperature
	}
	d.s.temperature += (around - d.s.temperature) * (1 - math.Exp(-dt/300))
	if d.s.battery <= 0 && !w.oneBatch {
		d.s.battery = 100
	}
}
