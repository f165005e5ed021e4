package raptsim

import (
	"math"
	"reflect"
	"strings"
	"time"
)

// Absent is a value for [Cloud.Set]: the field is left out.
type Absent struct{}

// Devices returns the devices of the account.
func (c *Cloud) Devices() []Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Info, 0, len(c.devices))
	for _, d := range c.devices {
		out = append(out, Info{Family: d.fam.name, ID: d.spec.ID, Name: d.spec.Name})
	}
	return out
}

// Value returns what the cloud shows now in an API field of a device: float64, bool, string, time.Time, or nil when the
// device, the field or its value is not there; what Set has left there as it is. Fields of the profile session are not
// among them.
func (c *Cloud) Value(id, field string) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil
	}
	d.update(c.catchUp())
	return c.value(&view{c, d, &d.shown}, field)
}

// Actual returns what the device itself has now, without the noise of a reading; as [Cloud.Value] else.
func (c *Cloud) Actual(id, field string) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil
	}
	c.advanceTo(d, c.clock.brew(c.catchUp()))
	return c.value(&view{c, d, &d.s}, field)
}

func (c *Cloud) find(id string) *device { return c.byID[strings.ToLower(id)] }

func (c *Cloud) value(v *view, name string) any {
	if x, ok := v.d.settings[name]; ok {
		return x
	}
	f := c.byName[name]
	if f == nil || f.in&v.d.fam.bit == 0 {
		return nil
	}
	switch x := f.get(v).(type) {
	case none, leftOut:
		return nil
	case float64:
		if math.IsNaN(x) {
			return nil
		}
		return x
	default:
		return x
	}
}

// get returns the field's value in v; a number without a value is NaN.
func (f *field) get(v *view) any {
	switch {
	case f.num != nil:
		x := *f.num(v.s)
		if f.noise {
			x = float64(float32(x))
		}
		return x
	case f.flag != nil:
		return *f.flag(v.s)
	case f.calc != nil:
		return f.calc(v)
	}
	return f.fixed
}

// Set changes an API field of a device for the device and the cloud at once, as its owner could in the RAPT app, or as
// the world could. A measured value (temperature, gravity, battery ...) comes with a report that is visible at once, and
// the device goes on from there. telemetryFrequency, in the unit of the options, or a [time.Duration], changes the
// rhythm of any family. A value that the field's type can't hold ([Absent], nil, a string for a number, a
// [encoding/json.RawMessage], a field that the contract doesn't know) is sent as it is until the next Set of that field.
// NaN is a number without a value. An unknown device is left alone.
func (c *Cloud) Set(id, field string, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return
	}
	now := c.catchUp()
	brew := c.clock.brew(now)
	c.advanceTo(d, brew)
	d.update(now)
	if field == "telemetryFrequency" && c.setRhythm(d, v, brew) {
		return
	}
	f := c.put(d, field, v)
	switch {
	case f == nil:
	case f.measured:
		d.queue = nil
		c.post(d, brew, 0)
		r := d.queue[0]
		d.queue = nil
		r.s = d.shown // the other values stay as they were shown
		*f.num(&r.s) = *f.num(&d.s)
		d.show(r)
	default:
		d.pending = withoutField(d.pending, f)
		d.held = withoutField(d.held, f)
		change{f: f, value: f.get(&view{c, d, &d.s})}.apply(&d.shown)
		for i := range d.queue {
			change{f: f, value: f.get(&view{c, d, &d.s})}.apply(&d.queue[i].s)
		}
	}
}

// put sets a field of the device itself. It returns the field when it is one of the state.
func (c *Cloud) put(d *device, name string, v any) *field {
	f := c.byName[name]
	if name == "name" {
		if s, ok := v.(string); ok {
			d.spec.Name = s
			delete(d.settings, name)
			return nil
		}
	}
	if f != nil && f.in&d.fam.bit != 0 {
		n, number := toFloat(v)
		b, isBool := v.(bool)
		switch {
		case f.num != nil && number:
			delete(d.settings, name)
			*f.num(&d.s) = n
			c.follows(d, name)
			return f
		case f.flag != nil && isBool:
			delete(d.settings, name)
			*f.flag(&d.s) = b
			return f
		case number:
			v = n
		}
	}
	if d.settings == nil {
		d.settings = map[string]any{}
	}
	d.settings[name] = v
	return nil
}

// follows lets the rest of the device agree with a value that was set.
func (c *Cloud) follows(d *device, name string) {
	if name != "temperature" {
		return
	}
	d.s.vapour = d.s.temperature
	if d.host != nil {
		d.host.s.temperature = d.s.temperature
	}
}

func (c *Cloud) setRhythm(d *device, v any, now brewTime) bool {
	every, ok := v.(time.Duration)
	if !ok {
		n, number := toFloat(v)
		if !number {
			return false
		}
		every = time.Duration(n * float64(c.opts.TelemetryFrequencyUnit))
	}
	if every <= 0 {
		return false
	}
	delete(d.settings, "telemetryFrequency")
	d.every = every
	c.reschedule(d, now+d.interval())
	return true
}

func toFloat(v any) (float64, bool) {
	if _, ok := v.(time.Duration); ok || v == nil {
		return 0, false
	}
	x := reflect.ValueOf(v)
	switch {
	case x.CanFloat():
		return x.Float(), true
	case x.CanInt():
		return float64(x.Int()), true
	case x.CanUint():
		return float64(x.Uint()), true
	}
	return 0, false
}

func withoutField(in []change, f *field) []change {
	var out []change
	for _, ch := range in {
		if ch.f != f {
			out = append(out, ch)
		}
	}
	return out
}

// Silence makes a device stop reporting, or start again with a report. Commands to a silent device reach it when it is back.
func (c *Cloud) Silence(id string, silent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil || d.silent == silent {
		return
	}
	now := c.catchUp()
	d.silent = silent
	if silent {
		return
	}
	c.advanceTo(d, c.clock.brew(now))
	for _, ch := range d.held {
		c.take(d, ch, now)
	}
	d.held = nil
	c.report(d, c.clock.brew(now))
}

// ReportNow makes a device report at once, beside its rhythm; visible after the usual lag.
func (c *Cloud) ReportNow(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.find(id); d != nil {
		c.report(d, c.clock.brew(c.catchUp()))
	}
}

// Reports returns the newest 10,000 reports of a device, oldest first; those that are not yet visible too, but not those that
// were missed.
func (c *Cloud) Reports(id string) []Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.find(id)
	if d == nil {
		return nil
	}
	c.catchUp()
	return d.reports.all()
}
