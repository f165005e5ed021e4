package raptsim

import (
	"math"
	"time"
)

// profile is a plan of temperatures of the account.
type profile struct {
	id, name, description, kind string // kind: the profile type's name
	yeast                       *yeast // of the beer that it is for; nil for none
	steps                       []profileStep
}

type profileStep struct {
	id, name      string
	control       string
	length        time.Duration
	temperature   float64
	whenReached   bool // the time counts from when the temperature is reached, else from the start
	heating, pump float64
}

const (
	aleProfile = iota
	stoutProfile
	mashProfile
)

// stepGap is how long no step is active after one has ended.
const stepGap = time.Minute

// profiles are those of the demo account.
func profiles() []profile {
	day := 24 * time.Hour
	return []profile{
		{"5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a01", "Pale Ale", "Primary, diacetyl rest, cold crash", "Fermentation", &yeast{"California Ale", "Northside Yeast", 81, 15, 22}, []profileStep{
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a11", name: "Primary", control: "Target", length: 6 * day, temperature: 18.5},
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a12", name: "Diacetyl Rest", control: "Ramp", length: 2 * day, temperature: 21},
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a13", name: "Cold Crash", control: "Target", length: 2 * day, temperature: 3},
		}},
		{"5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a02", "Oatmeal Stout", "", "Fermentation", nil, []profileStep{
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a21", name: "Primary", control: "Target", length: 7 * day, temperature: 19.5},
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a22", name: "Free rise", control: "FreeRise", length: 3 * day, temperature: 21.5},
		}},
		{"5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a03", "Single Infusion", "Mash, mash out, boil", "Mash", nil, []profileStep{
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a31", name: "Mash In", control: "Target", length: 60 * time.Minute, temperature: 67, whenReached: true, heating: 80, pump: 60},
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a32", name: "Mash Out", control: "Target", length: 10 * time.Minute, temperature: 76, whenReached: true, heating: 100, pump: 60},
			{id: "5b0c6a3e-7d1f-4c8e-9a52-1f0e6d4b7a33", name: "Boil", control: "Target", length: 60 * time.Minute, temperature: 99, whenReached: true, heating: 100, pump: 0},
		}},
	}
}

// beerProfile is that of the beer that the device minds.
func beerProfile(d *device) int {
	if d.spec.OriginalGravity > 1055 {
		return stoutProfile
	}
	return aleProfile
}

func kettleProfile(*device) int { return mashProfile }

func (p *profile) length() time.Duration {
	var sum time.Duration
	for _, s := range p.steps {
		sum += s.length
	}
	return sum
}

// elapsed is the counted time of a run.
func (p *profile) elapsed(r *profileRun) time.Duration {
	sum := r.counted
	for _, s := range p.steps[:r.step] {
		sum += s.length
	}
	return sum
}

// begin starts the family's profile as though it had been going for age.
func (d *device) begin(w *world, age time.Duration) {
	number := d.fam.runs(d)
	p := &w.profiles[number]
	r := profileRun{on: true, profile: number, started: d.at - age, og: unknown(), fg: unknown()}
	if p.kind == "Fermentation" {
		r.og, r.fg = d.gravities()
	}
	for r.step < len(p.steps)-1 && age >= p.steps[r.step].length {
		age -= p.steps[r.step].length
		r.step++
	}
	if age >= p.steps[r.step].length {
		d.s.run = profileRun{}
		return
	}
	r.counted, r.stepStart = age, d.at-age
	d.s.run = r
	d.takeStep(p)
}

// takeStep sets what the step asks for.
func (d *device) takeStep(p *profile) {
	step := &p.steps[d.s.run.step]
	d.s.run.overridden = false
	if d.fam.bit&inControlling != 0 {
		d.s.target = step.temperature
	}
	if d.fam.bit&inKettle != 0 {
		d.s.heatingUtilisation, d.s.pumpUtilisation = step.heating, step.pump
		d.setPump(step.pump > 0)
	}
}

// follow moves a running profile on by dt seconds.
func (d *device) follow(w *world, dt float64) {
	r := &d.s.run
	if !r.on {
		return
	}
	p := &w.profiles[r.profile]
	step := &p.steps[r.step]
	if w.resets && d.fam.bit&inControlling != 0 && d.s.target != step.temperature {
		switch {
		case !r.overridden:
			r.overridden, r.setBy = true, d.at
		case d.at-r.setBy >= time.Minute:
			d.s.target, r.overridden = step.temperature, false
		}
	}
	if step.whenReached && r.counted == 0 && math.Abs(d.s.temperature-step.temperature) > 0.7 {
		return
	}
	r.counted += time.Duration(dt * float64(time.Second))
	if r.counted < step.length {
		return
	}
	if r.step == len(p.steps)-1 {
		*r = profileRun{} // target and heater stay as they were
		return
	}
	r.step, r.counted, r.stepStart = r.step+1, 0, d.at
	d.takeStep(p)
}

func activeProfileID(v *view) any {
	if !v.s.run.on || v.d.fam.bit&inProfiled == 0 {
		return everySecond(none{})(v)
	}
	return v.c.world.profiles[v.s.run.profile].id
}

// activeProfileStepID has no value for moments between two steps.
func activeProfileStepID(v *view) any {
	r := &v.s.run
	if !r.on || r.step > 0 && v.c.clock.brew(v.d.shownAt)-r.stepStart < stepGap {
		return none{}
	}
	return v.c.world.profiles[r.profile].steps[r.step].id
}

// StartProfile lets a device run its family's profile from the first step, as its owner could in the RAPT app: a
// fermentation on hydrometers, controllers and chambers, a mash on a BrewZilla. It shows with the next report. Other
// families are left alone.
func (c *Cloud) StartProfile(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil || d.fam.runs == nil {
		return
	}
	c.advanceTo(d, c.clock.brew(c.catchUp()))
	d.begin(&c.world, 0)
}

// StopProfile ends the profile of a device. The target and the heater stay as they are. It shows with the next report.
func (c *Cloud) StopProfile(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.find(id); d != nil {
		c.advanceTo(d, c.clock.brew(c.catchUp()))
		d.s.run = profileRun{}
	}
}
