package raptsim

import (
	"math"
	"time"
)

const (
	washStrength = 0.12              // alcohol of a fresh wash by volume
	stillPause   = 14 * time.Hour    // between two runs
	spent        = 0.015             // of it, when a run ends
	washPerHour  = 62.0              // C, 25 litres at full power
	stillWatts   = 1900.0            // at full power
	stripPerHour = 0.034             // alcohol driven off, as a fraction of the wash, at full power
	stillCools   = 150 * time.Minute // time constant
)

func startStill(d *device) {
	s := &d.s
	d.heat.alcohol = washStrength
	s.target, s.minTarget, s.maxTarget = 100, 0, 110
	s.rssi = -61
	s.heatingUtilisation, s.pumpUtilisation = 90, 50
	s.pidP, s.pidI, s.pidD = 10, 0.1, 0
	s.totalRun, s.heatRun, s.heatStarts = 260_400, 171_000, 88
	s.wash, s.temperature, s.vapour = 21, 21, 21
	s.heatingEnabled = d.spec.Profile
	s.pumpEnabled = d.spec.Profile
	w := world{oneBatch: true}
	at := d.at
	const run = 6 * time.Hour // no run lasts longer
	for d.at = at - min(d.spec.Age, run); d.at < at; d.at += d.fam.step {
		advanceStill(d, &w, d.fam.step.Seconds())
	}
	d.at = at
	d.readStill()
}

// advanceStill heats the wash until it boils, which it does at a temperature that rises as the alcohol leaves, and then
// drives off spirit. With Profile, somebody ends the run when it is spent and starts another the next day.
func advanceStill(d *device, w *world, dt float64) {
	s, h := &d.s, &d.heat
	power := 0.0
	if s.heatingEnabled && s.wash < s.target {
		power = s.heatingUtilisation / 100
	}
	boiling := 99.9 - 85*h.alcohol
	loss := (s.wash - w.ambient(d.at)) * (1 - math.Exp(-dt/stillCools.Seconds()))
	before := s.vapour
	s.wash += washPerHour * power * dt / 3600
	if power == 0 {
		s.wash -= loss
	}
	if s.wash >= boiling {
		s.wash = boiling
		h.alcohol = max(0, h.alcohol-stripPerHour*power*dt/3600)
		s.vapour += (99.5 - 0.23*d.distillate() - s.vapour) * (1 - math.Exp(-dt/90))
	} else {
		s.vapour += (w.ambient(d.at) + 0.3*(s.wash-w.ambient(d.at)) - s.vapour) * (1 - math.Exp(-dt/600))
	}
	s.tempPerMin = (s.vapour - before) / dt * 60
	s.power = math.Round(stillWatts * power)
	s.totalRun += dt
	d.count(power > 0, dt)
	d.readStill()
	if d.spec.Profile && !w.oneBatch {
		d.mindStill(dt)
	}
}

// distillate is the strength of the spirit in percent.
func (d *device) distillate() float64 { return 94 * (1 - math.Exp(-d.heat.alcohol/0.035)) }

// readStill sets what is only known while spirit runs.
func (d *device) readStill() {
	s := &d.s
	s.temperature = s.vapour
	if s.vapour > 70 {
		s.abv = d.distillate()
		s.ethanol = math.Round(100 * d.heat.alcohol)
		s.rhc = 1 + d.heat.alcohol/washStrength
	} else {
		s.abv, s.ethanol, s.rhc = unknown(), unknown(), unknown()
	}
}

// mindStill ends a spent run and begins the next.
func (d *device) mindStill(dt float64) {
	s, h := &d.s, &d.heat
	switch {
	case s.heatingEnabled && h.alcohol < spent:
		s.heatingEnabled = false
		d.setPump(false)
		d.heat.pause = 0
	case !s.heatingEnabled && h.alcohol < spent:
		d.heat.pause += time.Duration(dt * float64(time.Second))
		if d.heat.pause >= stillPause {
			h.alcohol, s.wash, s.heatingEnabled = washStrength, 21, true
			d.setPump(true)
		}
	}
}
