package raptsim

import (
	"math"
	"time"
)

// thermals is what a controller knows of its relays and keeps to itself.
type thermals struct {
	heating, cooling bool
	heatOff, coolOff brewTime      // when they last went off
	idle             time.Duration // since the heater was on
	pause            time.Duration // since the brew day's boil or the still's run ended
	alcohol          float64       // in a still's wash, as a fraction of its volume
	chilling         bool          // a cold coil hangs in the kettle
}

// startController: both kinds, with room for a keg or a fermenter.
func startController(d *device) {
	s := &d.s
	s.temperature, s.target, s.minTarget, s.maxTarget = 18.5, 18.5, -10, 50
	s.rssi = -57
	s.heatingEnabled, s.coolingEnabled = true, true
	s.heatingUtilisation = 100
	s.pidP, s.pidI, s.pidD = 25, 0.5, 2
	d.beer.age = d.spec.Age
	age := d.spec.Age.Seconds() + 40*86400
	s.totalRun, s.heatRun, s.coolRun = math.Round(age), math.Round(age/50), math.Round(age/12)
	s.heatStarts, s.coolStarts, s.auxStarts = math.Round(age/40000), math.Round(age/3000), math.Round(age/2800)
	s.auxRun = s.heatRun + s.coolRun
	d.heat.heatOff, d.heat.coolOff = d.at-time.Hour, d.at-time.Hour
	if d.fam.bit == inChamber {
		s.minTarget, s.maxTarget = 0, 40
	} else if d.index%2 == 1 {
		s.minTarget, s.maxTarget = unknown(), unknown()
	}
}

// advanceController: a fridge takes 4 C an hour out of the beer, a heat belt brings 2.5, and the room's temperature
// comes in slowly. The relays switch at the target and its hysteresis, no sooner than the delays allow.
func advanceController(d *device, w *world, dt float64) {
	s, h := &d.s, &d.heat
	d.endBatch(w, dt)
	d.follow(w, dt)
	coolAbove := s.target + d.number("coolingHysteresis", 0.5)
	heatBelow := s.target - d.number("heatingHysteresis", 0.3)
	rest := minutes(d.number("compressorDelay", 3))
	swap := minutes(d.number("modeSwitchDelay", 10))

	switch {
	case h.cooling && (!s.coolingEnabled || !(s.temperature > s.target)):
		h.cooling, h.coolOff = false, d.at
	case h.heating && (!s.heatingEnabled || !(s.temperature < s.target)):
		h.heating, h.heatOff = false, d.at
	case h.cooling || h.heating:
	case s.coolingEnabled && s.temperature > coolAbove && d.at-h.coolOff >= rest && d.at-h.heatOff >= swap:
		h.cooling = true
		s.coolStarts++
		s.auxStarts++
	case s.heatingEnabled && s.temperature < heatBelow && d.at-h.coolOff >= swap:
		h.heating = true
		s.heatStarts++
		s.auxStarts++
	}
	perHour := (w.ambient(d.at) - s.temperature) / 14
	s.totalRun += dt
	if h.cooling {
		perHour -= 4
		s.coolRun += dt
		s.auxRun += dt
	}
	if h.heating {
		perHour += 2.5 * s.heatingUtilisation / 100
		s.heatRun += dt
		s.auxRun += dt
	}
	s.temperature += perHour * dt / 3600
	s.controlTemperature = 0
	if d.bound() {
		s.controlTemperature = s.temperature + 0.2
	}
}

// endBatch counts the batch's age on a controller and starts the profile of the next one, in step with the hydrometer in
// the beer.
func (d *device) endBatch(w *world, dt float64) {
	d.beer.age += time.Duration(dt * float64(time.Second))
	if w.oneBatch || d.beer.age < batchLength {
		return
	}
	d.beer.age = 0
	if d.spec.Profile {
		d.begin(w, 0)
	}
}

// gravities of the beer that a profile on this device is for.
func (d *device) gravities() (og, fg float64) {
	og, fg = d.spec.OriginalGravity, d.spec.FinalGravity
	setDefault(&og, 1050)
	setDefault(&fg, 1010)
	return og, fg
}

func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }

func startKettle(d *device) {
	s := &d.s
	s.temperature, s.target, s.minTarget, s.maxTarget = 20, 67, 0, 110
	s.rssi = -49
	s.heatingUtilisation = 100
	s.pidP, s.pidI, s.pidD = 8, 0.2, 1
	s.totalRun, s.heatRun, s.heatStarts = 412_000, 151_200, 640
	s.auxRun, s.auxStarts = 98_000, 120
	if d.spec.Profile {
		s.heatingEnabled = true
		s.temperature = min(20+d.spec.Age.Minutes()*1.2, 66.8)
	}
}

const (
	brewDayPause  = 90 * time.Minute // from the end of the boil until the brewer has chilled and emptied the kettle
	brewDayCycle  = 20 * time.Hour   // from there until the next brew day
	kettlePerHour = 96.0             // C, 30 litres at full power
)

// advanceKettle: 3.5 kW in 30 litres, lossy near the boil. With a profile, a brewer stands beside it who turns the
// heater off after the boil, chills, and brews again another day.
func advanceKettle(d *device, w *world, dt float64) {
	s, h := &d.s, &d.heat
	d.follow(w, dt)
	if d.spec.Profile && !s.run.on && !w.oneBatch {
		d.attend(w, dt)
	}
	power := d.kettlePower()
	perHour := kettlePerHour*power - (s.temperature-w.ambient(d.at))/5
	if h.chilling {
		perHour -= (s.temperature - 18) * 4
	}
	s.temperature = min(s.temperature+perHour*dt/3600, 99.6)
	s.totalRun += dt
	if s.pumpEnabled {
		s.auxRun += dt
	}
	d.count(power > 0, dt)
	s.controlTemperature = 0
	if d.bound() {
		s.controlTemperature = s.temperature - 0.4
	}
}

// kettlePower is the share of full power that goes into the kettle.
func (d *device) kettlePower() float64 {
	s, h := &d.s, &d.heat
	limit := s.heatingUtilisation / 100
	switch {
	case !s.heatingEnabled || math.IsNaN(s.target):
		h.heating = false
	case s.pidEnabled:
		share := min(max(s.pidP/100*(s.target-s.temperature)+(s.temperature-20)/5/kettlePerHour, 0), limit)
		if s.temperature > s.target+0.3 || share < 0.01 {
			share = 0
		}
		return share
	case s.temperature < s.target-d.number("heatingHysteresis", 0.3):
		h.heating = true
	case s.temperature >= s.target:
		h.heating = false
	}
	if !h.heating {
		return 0
	}
	return limit
}

// count moves the heater's counters.
func (d *device) count(heating bool, dt float64) {
	if heating {
		d.s.heatRun += dt
		if d.heat.idle > 0 {
			d.s.heatStarts++
		}
		d.heat.idle = 0
		return
	}
	d.heat.idle += time.Duration(dt * float64(time.Second))
}

// attend is what the brewer does after the boil.
func (d *device) attend(w *world, dt float64) {
	d.heat.pause += time.Duration(dt * float64(time.Second))
	switch {
	case d.heat.pause >= brewDayPause+brewDayCycle:
		d.heat.pause, d.heat.chilling = 0, false
		d.s.heatingEnabled = true
		d.begin(w, 0)
	case d.heat.pause >= brewDayPause:
		d.heat.chilling = false
	case !d.heat.chilling && d.heat.pause >= 10*time.Minute:
		d.s.heatingEnabled, d.heat.chilling = false, true
		d.setPump(false)
	}
}

// setPump switches the pump and counts its starts.
func (d *device) setPump(on bool) {
	if on && !d.s.pumpEnabled {
		d.s.auxStarts++
	}
	d.s.pumpEnabled = on
}
