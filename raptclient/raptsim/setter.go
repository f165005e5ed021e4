package raptsim

import (
	"encoding/json"
	"math"
	"net/http"
	"time"
)

// setter is a command of the contract.
type setter struct {
	operation  string
	in         familySet
	parameters []parameter
}

type parameter struct {
	name, field string
	parse       func(q *query, name string, d *device) (any, *problem)
}

// handle carries the command out. The answer is whether anything changed.
func (s setter) handle(c *Cloud, q *query, w *writer) *problem {
	if q.Get(q.fam.idParam) == "" && json.Valid(q.body) {
		w.value(false) // parameters in a JSON body: answered as though all were well, and nothing happens
		return nil
	}
	d, p := c.asked(q)
	if p != nil {
		return p
	}
	var changes []change
	for _, par := range s.parameters {
		v, p := par.parse(q, par.name, d)
		if p != nil {
			return p
		}
		changes = append(changes, change{f: c.byName[par.field], value: v})
	}
	c.advanceTo(d, c.clock.brew(q.now))
	changed := false
	for _, ch := range changes {
		if d.current(ch.f) == ch.value {
			continue
		}
		changed = true
		if d.silent {
			d.held = append(withoutField(d.held, ch.f), ch)
			continue
		}
		c.take(d, ch, q.now)
	}
	w.value(changed)
	return nil
}

// current is the value that a setting has or, on a silent device, is going to have.
func (d *device) current(f *field) any {
	for _, h := range d.held {
		if h.f == f {
			return h.value
		}
	}
	if f.num != nil {
		return *f.num(&d.s)
	}
	return *f.flag(&d.s)
}

// take lets the device have a change at once, and the cloud show it after its delay.
func (c *Cloud) take(d *device, ch change, now time.Time) {
	if ch.f.name == "pumpEnabled" {
		d.setPump(ch.value == true)
	}
	ch.apply(&d.s)
	delay, ok := c.opts.CommandDelayByFamily[d.fam.name]
	if !ok {
		delay = c.opts.CommandDelay
	}
	d.pending = withoutField(d.pending, ch.f)
	if delay <= 0 {
		ch.apply(&d.shown)
		return
	}
	ch.due = now.Add(delay)
	d.pending = append(d.pending, ch)
}

func onOff(q *query, name string, _ *device) (any, *problem) {
	switch q.Get(name) {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return nil, badRequest("The value %q is not valid for %s.", q.Get(name), name)
}

func within(q *query, name string, low, high float64) (any, *problem) {
	x, p := q.float(name)
	if p == nil && (x < low || x > high) {
		p = badRequest("The field %s must be between %g and %g.", name, low, high)
	}
	return x, p
}

func percent(q *query, name string, _ *device) (any, *problem) { return within(q, name, 0, 100) }

func gain(q *query, name string, _ *device) (any, *problem) {
	return within(q, name, 0, math.MaxFloat64)
}

// degrees are within the device's own limits where it has them.
func degrees(q *query, name string, d *device) (any, *problem) {
	low, high := d.s.minTarget, d.s.maxTarget
	if math.IsNaN(low) {
		low = -20
	}
	if math.IsNaN(high) {
		high = 110
	}
	return within(q, name, low, high)
}

// submission is a reading from outside; gravity is SG x 1000 like all of the API's.
type submission struct {
	Temperature, Gravity, Pressure, Battery, RSSI *float64
}

// submit takes a reading for an external device. The contract says no more of its body than that it is an object; the
// names are those of the reading that it becomes.
func (c *Cloud) submit(q *query, _ *writer) *problem {
	d, p := c.asked(q)
	if p != nil {
		return p
	}
	var in submission
	if err := json.Unmarshal(q.body, &in); err != nil {
		return badRequest("The JSON value could not be converted.")
	}
	now := c.clock.brew(q.now)
	c.advanceTo(d, now)
	any := false
	for _, v := range []struct {
		from *float64
		to   *float64
	}{
		{in.Temperature, &d.s.temperature}, {in.Gravity, &d.s.gravity}, {in.Pressure, &d.s.pressure},
		{in.Battery, &d.s.battery}, {in.RSSI, &d.s.rssi},
	} {
		if v.from != nil {
			*v.to, any = *v.from, true
		}
	}
	if !any {
		return &problem{http.StatusBadRequest, "A reading needs at least one value."}
	}
	if in.Gravity != nil && c.opts.SubmittedAsSG {
		d.s.gravity *= 1000
	}
	exact := d.s
	c.post(d, now, c.lag(d))
	d.queue[len(d.queue)-1].s = exact
	return nil
}
