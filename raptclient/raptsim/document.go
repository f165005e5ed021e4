package raptsim

import (
	"math"
	"slices"
	"sort"
	"time"
)

// writeDevice writes what the cloud shows of a device.
func (c *Cloud) writeDevice(w *writer, d *device) {
	w.digits = d.spec.TimeDigits
	w.open('{')
	v := view{c, d, &d.shown}
	for _, f := range c.shows[d.fam.bit] {
		f.write(w, &v)
	}
	c.writeObjects(w, d)
	c.writeUnknown(w, d)
	w.open('}')
}

// write writes the field, or what was set in its place.
func (f *field) write(w *writer, v *view) {
	if x, ok := v.d.settings[f.name]; ok {
		if _, out := x.(Absent); !out {
			w.put(f.name, x)
		}
		return
	}
	if f.num != nil {
		x := *f.num(v.s)
		switch {
		case math.IsNaN(x):
			if f.nullable {
				w.put(f.name, nil)
			}
		case f.noise:
			w.key(f.name)
			w.noise(x)
		case f.integer:
			w.put(f.name, int(math.Round(x)))
		default:
			w.put(f.name, x)
		}
		return
	}
	switch x := f.get(v).(type) {
	case leftOut:
	case none:
		if f.nullable {
			w.put(f.name, nil)
		}
	default:
		w.put(f.name, x)
	}
}

// writeObjects writes the fields that are objects or arrays.
func (c *Cloud) writeObjects(w *writer, d *device) {
	plain := func(name string) bool {
		_, set := d.settings[name]
		return !set
	}
	if d.shown.run.on && d.fam.sessionKey != "" && plain("activeProfileSession") {
		w.key("activeProfileSession")
		c.writeSession(w, d)
	}
	if d.fam.bit == inCanFiller {
		if plain("fillPresets") {
			w.key("fillPresets")
			w.b = append(w.b, `[{"name":"330 ml","purgeTime":2.5,"waitTime":1.0,"fillHeight":118},`+
				`{"name":"500 ml","purgeTime":3.0,"waitTime":1.0,"fillHeight":152}]`...)
		}
		if d.shown.session.ever && plain("lastFillSession") {
			w.key("lastFillSession")
			c.writeFillSession(w, d)
		}
		return
	}
	if plain("telemetry") {
		c.writeTelemetryField(w, d)
	}
}

// writeUnknown writes what a test has set beyond the contract's fields.
func (c *Cloud) writeUnknown(w *writer, d *device) {
	var names []string
	for name, x := range d.settings {
		if _, out := x.(Absent); out {
			continue
		}
		if f := c.byName[name]; f == nil || !slices.Contains(c.shows[d.fam.bit], f) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		w.put(name, d.settings[name])
	}
}

func (c *Cloud) writeTelemetryField(w *writer, d *device) {
	everyOther := d.index%2 == 1
	switch c.opts.TelemetryShape {
	case TelemetryNull:
		if !everyOther {
			w.put("telemetry", nil)
		}
	case TelemetryArray:
		rows := []int{}
		for i := max(0, d.rows.len()-3); i < d.rows.len(); i++ {
			rows = append(rows, i)
		}
		if everyOther {
			slices.Reverse(rows)
		}
		w.key("telemetry")
		w.open('[')
		for _, i := range rows {
			w.comma()
			c.writeRow(w, d, i)
		}
		w.open(']')
	case TelemetryObject:
		w.key("telemetry")
		c.writeRow(w, d, d.rows.len()-1)
	}
}

func writeHydrometerRow(_ *Cloud, w *writer, _ *sent) { w.put("version", nil) }

func writeFillRow(_ *Cloud, w *writer, r *sent) {
	w.put("success", r.s.session.failed == 0 || r.s.session.fills > 0)
	w.put("totalFills", int(r.s.fills))
	w.put("totalFailedFills", int(r.s.failedFills))
	w.put("fillTime", r.s.fillTime)
	w.key("temperature")
	w.noise(r.s.temperature)
}

func (c *Cloud) writeRowProfile(w *writer, r *sent) {
	run := &r.s.run
	if !run.on {
		w.put("profileId", nil)
		return
	}
	p := &c.world.profiles[run.profile]
	step := &p.steps[run.step]
	w.put("profileId", p.id)
	w.put("profileStepId", step.id)
	w.put("profileSessionStartDate", c.published(c.clock.wall(run.started)))
	w.put("profileSessionTime", int(p.elapsed(run)/c.opts.ProfileTimeUnit))
	w.put("profileStepProgress", int(100*run.counted/step.length))
}

func (c *Cloud) writeFillSession(w *writer, d *device) {
	x := &d.shown.session
	end := x.end
	if x.open {
		end = c.clock.brew(d.shownAt)
	}
	length := max(end-x.start, time.Second).Minutes()
	cans := max(x.fills, 1)
	w.open('{')
	w.put("startDate", c.published(c.clock.wall(x.start)))
	if x.open {
		w.put("endDate", nil)
	} else {
		w.put("endDate", c.published(c.clock.wall(x.end)))
	}
	w.put("fillCount", int(x.fills))
	w.put("failedCount", int(x.failed))
	w.put("sessionTimeMins", math.Round(100*length)/100)
	w.put("cansPerMinute", x.fills/length)
	w.put("avgFillTime", x.timeSum/cans)
	w.put("avgTemperature", x.temperatureSum/cans)
	w.open('}')
}

func (c *Cloud) writeProfile(w *writer, p *profile) {
	created := c.published(c.clock.start.AddDate(-1, 0, 0))
	w.open('{')
	w.put("id", p.id)
	w.put("deleted", false)
	w.put("createdOn", created)
	w.put("createdBy", c.opts.Username)
	w.put("modifiedOn", created)
	w.put("modifiedBy", c.opts.Username)
	w.put("name", p.name)
	w.put("description", p.description)
	w.put("public", false)
	w.put("rating", 0.0)
	w.put("ratingCount", 0)
	w.put("profileTypeId", profileTypeID(p.kind))
	w.put("alerts", nil)
	w.key("steps")
	w.open('[')
	for i := range p.steps {
		w.comma()
		c.writeStep(w, p, i)
	}
	w.open(']')
	w.open('}')
}

func (c *Cloud) writeStep(w *writer, p *profile, order int) {
	s := &p.steps[order]
	w.open('{')
	w.put("id", s.id)
	w.put("deleted", false)
	w.put("name", s.name)
	w.put("order", order)
	w.put("controlType", s.control)
	w.put("endType", "Duration")
	if s.whenReached {
		w.put("durationType", "Temperature")
		w.put("pumpEnabled", s.pump > 0)
		w.put("pumpUtilisation", s.pump)
		w.put("heatingUtilisation", s.heating)
	} else {
		w.put("durationType", nil)
		w.put("pumpEnabled", nil)
	}
	w.put("length", int(s.length/c.opts.ProfileTimeUnit))
	w.put("temperature", s.temperature)
	w.put("profileId", p.id)
	w.open('}')
}
