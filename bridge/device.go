package bridge

import (
	"bytes"
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// device is one device of the account as the bridge keeps it.
type device struct {
	family  *family
	id      string
	reading reading // the newest that the cloud has shown; value is nil until there was one
	// What tells devices of the same name or address apart in Home Assistant: see nameApart.
	suffix    string
	sharesMAC bool

	rhythm   rhythm
	findings findings
	holds    map[string]*hold // by key
	submit   time.Time        // external devices: when the next submission may go out

	absences int // complete listings in a row without it

	// What was published last.
	document  []byte
	config    []byte
	configAt  time.Time
	announced discovery.Device // what the config was made of
	online    availability
}

type availability int

const (
	unpublished availability = iota
	online
	offline
)

func (a availability) payload() []byte {
	if a == online {
		return []byte("online")
	}
	return []byte("offline")
}

// name is the owner's name for the device, or its id while that is unknown, for the log.
func (d *device) name() string {
	if d.reading.device != nil {
		if name := shortened(d.reading.device.Name.V); name != "" {
			return name
		}
	}
	return string(d.family.name) + " " + d.id
}

// described is the device as discovery wants it.
func (d *device) described() discovery.Device {
	out := discovery.Device{Family: d.family.name, ID: d.id, Suffix: d.suffix}
	if dev := d.reading.device; dev != nil {
		out.Name, out.Firmware, out.SerialNumber, out.MAC = dev.Name.V, dev.FirmwareVersion.V, dev.SerialNumber.V, dev.MACAddress.V
	}
	if d.sharesMAC {
		out.MAC = ""
	}
	if c := d.reading.control; c != nil && (c.MinTargetTemperature.Valid || c.MaxTargetTemperature.Valid) {
		out.MinTarget, out.MaxTarget = c.MinTargetTemperature.Or(math.NaN()), c.MaxTargetTemperature.Or(math.NaN())
	}
	return out
}

// gains are the PID gains as they are shown, held values included; false while one of them is unknown.
func (d *device) gains() ([3]float64, bool) {
	r := d.shown()
	if r.control == nil {
		return [3]float64{}, false
	}
	p, i, dd := r.control.PIDProportional, r.control.PIDIntegral, r.control.PIDDerivative
	return [3]float64{p.V, i.V, dd.V}, p.Valid && i.Valid && dd.Valid
}

// shown is the reading with the held values in it.
func (d *device) shown() reading {
	if len(d.holds) == 0 || d.reading.value == nil {
		return d.reading
	}
	r := d.family.clone(d.reading)
	for _, h := range d.holds {
		h.row.write(d.family, r, h.value)
	}
	return r
}

// activity is the time of the newest reading on the cloud's clock; zero for none.
func (r reading) activity() time.Time {
	if r.device == nil || !r.device.LastActivityTime.Valid {
		return time.Time{}
	}
	return r.device.LastActivityTime.V
}

// take makes r the newest reading and finds out what changed since the one before: whether the device heated or
// cooled shows in run-time counters that advanced. It reports false for a reading older than the one it has.
func (d *device) take(r reading) bool {
	old := d.reading
	if old.value == nil {
		d.reading = r
		return true
	}
	step := r.activity().Sub(old.activity())
	if step < 0 && step > -time.Hour {
		return false // an answer from before the newest one
	}
	if step != 0 && r.control != nil {
		heatingBefore, coolingBefore := d.family.runTimes(old)
		heating, cooling := d.family.runTimes(r)
		d.findings.heating = advanced(heatingBefore, heating)
		d.findings.cooling = advanced(coolingBefore, cooling)
	}
	d.reading = r
	return true
}

// advanced reports whether a counter ran; unknown without both values or when it was reset.
func advanced(before, now number) flag {
	if !before.Valid || !now.Valid || now.V < before.V {
		return flag{}
	}
	return raptclient.Some(now.V > before.V)
}

// hot reports whether the device is a kettle that heats, or is about to.
func (d *device) hot() bool {
	if d.family.kettle == nil {
		return false
	}
	c := d.shown().control
	return c != nil && c.HeatingEnabled.V && !(c.HeatingUtilisation.Valid && c.HeatingUtilisation.V == 0)
}

// render writes the state document into the buffer and reports whether it differs from the published one.
func (d *device) render(buffer []byte) ([]byte, bool) {
	buffer = d.family.document(buffer[:0], d.shown(), &d.findings)
	return buffer, !bytes.Equal(buffer, d.document)
}

// available is whether the device counts as online at now, steady time; skew is what the cloud's clock is ahead.
func (d *device) available(now time.Time) bool {
	if d.reading.activity().IsZero() && d.rhythm.last.IsZero() {
		// It has never reported a time: what the cloud says of its connection is all there is.
		return d.reading.device != nil && connected(d.reading.device.ConnectionState)
	}
	return !d.rhythm.silent(now, d.family.floor)
}
