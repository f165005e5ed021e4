package account

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Device is one device of the account.
type Device struct {
	device.Ref
	Group   *Family        // its family
	Reading device.Reading // the newest that the cloud has shown

	Estimator poll.Estimator
	Hook      poll.Hook
	Derived   device.Derived
	Writes    command.Writes
	// SubmitAfter is when the next reading may be submitted for an external device.
	SubmitAfter time.Time

	// Claim is the device's reading in another family's list, while its own may still have it too; ClaimedBy is that family.
	Claim     device.Reading
	ClaimedBy *Family

	Published *mirror.Device
}

// Family is a family with its devices.
type Family struct {
	*device.Family
	poll.State
	Members []*Device // by first sight, so that names and requests are stable
	Turn    poll.Turn // by the last Plan
	unknown int       // devices whose rhythm is unknown, as well
}

// Name is the owner's name for the device, or its family and id while that is unknown.
func (d *Device) Name() string { return NameOf(d.Reading, d.Ref) }

// NameOf is the name in a reading, or the family and id where it has none.
func NameOf(r device.Reading, ref device.Ref) string {
	v, _ := r.Value("name")
	if name, ok := v.Text(); ok {
		return name
	}
	return string(ref.Family) + " " + ref.ID
}

// Describe is the device as its announcement tells of it.
func (d *Device) Describe() discovery.Device { return d.Reading.Describe() }

// AppendState writes the state document.
func (d *Device) AppendState(b []byte) []byte { return d.Shown().AppendJSON(b, &d.Derived) }

// Shown is the reading with the pending values in it.
func (d *Device) Shown() device.Reading { return d.Writes.Shown(d.Reading) }

// Take makes r the newest reading and works out what changed since the one before. It reports false for an answer from
// before the newest one.
func (d *Device) Take(r device.Reading) bool {
	if d.Reading.Known() {
		step := r.Activity().Sub(d.Reading.Activity())
		if step < 0 && step > -time.Hour {
			return false
		}
		if step != 0 {
			d.Derived.Compare(d.Reading, r)
		}
	}
	d.Reading = r
	return true
}

// Learn takes what a poll at now says of the device's rhythm: only a poll's answers come at times that say something of it.
// activity is the reading's in steady time, before the time of the poll before. It returns the age of the reading, and
// whether it is new.
func (d *Device) Learn(r device.Reading, activity, now, before time.Time) (age time.Duration, isNew bool) {
	if v, _ := r.Value("telemetry_frequency"); v.Known() {
		frequency, _ := v.Number()
		d.Estimator.SetFrequency(frequency)
	}
	if !activity.IsZero() {
		age = now.Sub(activity)
		d.Hook.Polled(d.Group.Asked, activity.After(d.Estimator.LastReading()))
		isNew = d.Estimator.Observe(poll.Sight{
			Reading: activity, Asked: now, Before: before, Same: func() bool { return d.Reading.SameValues(r) },
		})
	}
	return age, isNew
}

// Expected is when the next reading should show, in steady time; zero while that is unknown, or the device silent.
func (d *Device) Expected(now time.Time) time.Time {
	if at := d.Estimator.Expected(now); !d.Estimator.IsSilent(now, d.Group.Floor) {
		return at
	}
	return time.Time{}
}

// Available is whether the device counts as online at now, steady time.
func (d *Device) Available(now time.Time) bool {
	if d.Reading.Activity().IsZero() && d.Estimator.LastReading().IsZero() {
		// It has never reported a time: what the cloud says of its connection is all there is.
		return d.Reading.Connected()
	}
	return !d.Estimator.IsSilent(now, d.Group.Floor)
}
