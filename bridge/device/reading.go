package device

import (
	"math"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Reading is a device as the cloud showed it in one answer. It is never changed: With returns another one.
type Reading struct {
	family *Family
	device *raptclient.Device // within model
	model  any                // a pointer to the family's type in raptclient; nil for no reading
	rowKey string             // of the telemetry row that it is, where a list had one
}

// Known reports whether there is a reading.
func (r Reading) Known() bool { return r.model != nil }

// ID is the device's uuid in lower case.
func (r Reading) ID() string { return r.device.ID }

// Deleted reports whether the cloud lists the device as deleted.
func (r Reading) Deleted() bool { return r.device.Deleted.V }

// Activity is the time of the reading on the cloud's clock; zero for none.
func (r Reading) Activity() time.Time {
	if r.device == nil || !r.device.LastActivityTime.Valid {
		return time.Time{}
	}
	return r.device.LastActivityTime.V
}

// SameValues reports whether two readings of a device differ in their times alone.
func (r Reading) SameValues(other Reading) bool {
	if r.model == nil || other.model == nil || r.family != other.family {
		return false
	}
	var none Derived
	for i := range r.family.Rows {
		row := &r.family.Rows[i]
		if row.Key == "last_activity" {
			continue
		}
		v, w := row.get(r.model, &none), row.get(other.model, &none)
		if v != w {
			return false
		}
	}
	return true
}

// Connected reports whether the cloud says that the device is connected. Other words than Connected and Disconnected have
// been expected, and other cases (observed).
func (r Reading) Connected() bool {
	v, _ := r.Value("connection_state")
	return strings.EqualFold(v.text, "connected")
}

// Paired is the id of the device that this one steers, such as a hydrometer its controller; empty for none.
func (r Reading) Paired() string {
	v, _ := r.Value("paired_device_id")
	return v.text
}

// Value is the value of a key, as far as the reading alone has it; false for a key that the family doesn't have.
func (r Reading) Value(key string) (Value, bool) {
	if r.model == nil {
		return Value{}, false
	}
	i, ok := r.family.index[key]
	if !ok {
		return Value{}, false
	}
	return r.family.Rows[i].get(r.model, r.family.underived), true
}

func (r Reading) number(key string) float {
	v, _ := r.Value(key)
	n, ok := v.Number()
	return float{V: n, Valid: ok}
}

// GravityScale is how many times the submitted gravity, SG, the one is that the cloud shows of an external device; 1 where the
// cloud understands it. It is false where the cloud shows none.
func (r Reading) GravityScale(submitted float64) (times float64, ok bool) {
	d, external := r.model.(*raptclient.ExternalDevice)
	if !external || !d.Gravity.Valid || d.Gravity.V <= 0 || submitted <= 0 {
		return 0, false
	}
	return d.Gravity.V / (1000 * submitted), true
}

// With is the reading with other values for some keys; keys that nobody can set are passed over.
func (r Reading) With(values map[string]Value) Reading {
	if len(values) == 0 || r.model == nil {
		return r
	}
	out := r.family.clone(r)
	for key, v := range values {
		if i, ok := r.family.index[key]; ok && r.family.Rows[i].set != nil {
			r.family.Rows[i].set(out.model, v)
		}
	}
	return out
}

// AppendJSON appends the state document: every row of the family, in their order, always.
func (r Reading) AppendJSON(b []byte, d *Derived) []byte {
	b = append(b, '{')
	for i := range r.family.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		row := &r.family.Rows[i]
		b = append(b, '"')
		b = append(b, row.Key...)
		b = append(b, '"', ':')
		b = row.get(r.model, d).AppendJSON(b, row.Decimals)
	}
	return append(b, '}')
}

// Heats reports whether the device is a kettle that heats, or is about to.
func (r Reading) Heats() bool {
	if r.model == nil || !r.family.Sets("heating_enabled") {
		return false
	}
	enabled, _ := r.Value("heating_enabled")
	on, _ := enabled.Flag()
	utilisation := r.number("heating_utilisation")
	return on && !(utilisation.Valid && utilisation.V == 0)
}

// Identity is what tells the device from others in Home Assistant beside its id: its name and its MAC address.
func (r Reading) Identity() [2]string {
	if r.model == nil {
		return [2]string{}
	}
	return [2]string{r.device.Name.V, r.device.MACAddress.V}
}

// Describe is the device as its announcement to Home Assistant tells of it.
func (r Reading) Describe() discovery.Device {
	if r.model == nil {
		return discovery.Device{}
	}
	d := r.device
	mode, _ := r.Value("hvac_mode")
	_, controls := r.family.index["control_device_temperature"]
	control, _ := r.Value("control_device_temperature")
	return discovery.Device{
		Family: r.family.Name, ID: d.ID, Name: d.Name.V, Firmware: d.FirmwareVersion.V, SerialNumber: d.SerialNumber.V, MAC: d.MACAddress.V,
		// Infinite where there is none: unlike NaN an infinity equals itself, so two descriptions can be compared.
		MinTarget: r.number("min_target_temperature").Or(math.Inf(-1)), MaxTarget: r.number("max_target_temperature").Or(math.Inf(1)),
		HVACMode: mode.text, NoControlDevice: controls && !control.Known(),
	}
}

// Ref names a device: the family that lists it, and its id.
type Ref struct {
	Family discovery.Family
	ID     string
}

// Update is an accepted reading on its way to who has a use for it.
type Update struct {
	Ref
	Name    string // the owner's name for the device, or the family and id while that is unknown
	Reading Reading
	Derived Derived
	// New is the age of the reading on the cloud's clock when a poll saw it for the first time; 0 when it is not new.
	Age time.Duration
	New bool
	// Before is when a poll looked at the device before that, on the cloud's clock; zero for not since the start, or
	// where no poll has seen it.
	Before time.Time
}

// Rows are the keys and values of the update, in the order of the document.
func (u Update) Rows(yield func(Row, Value) bool) {
	for _, row := range u.Reading.family.Rows {
		if !yield(row, row.get(u.Reading.model, &u.Derived)) {
			return
		}
	}
}
