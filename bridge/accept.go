package bridge

import (
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// arrival is a reading of a device on its way in. age, isNew and before are a poll's, see device.Update.
type arrival struct {
	device  *account.Device
	reading device.Reading
	age     time.Duration
	isNew   bool
	before  time.Time
}

// observe takes the devices of a list: what the poll says of their rhythms, and their readings. before is the time of the
// list's answer before this one.
func (b *bridge) observe(f *account.Family, readings []device.Reading, now, before time.Time) (seen map[string]bool) {
	seen = make(map[string]bool, len(readings))
	arrivals := make([]arrival, 0, len(readings))
	for _, r := range readings {
		if r.Deleted() {
			continue
		}
		seen[r.ID()] = true
		if d := b.admit(f, r, now); d != nil {
			b.account.Absent.Remove(d.Ref)
			age, isNew := b.learn(d, r, now, before)
			arrivals = append(arrivals, arrival{d, r, age, isNew, b.account.Cloud(before)})
		}
	}
	b.accept(now, arrivals...)
	return seen
}

// admit is the device of a reading, which may be new; nil for one that another family has as far as is known.
func (b *bridge) admit(f *account.Family, r device.Reading, now time.Time) *account.Device {
	d := b.account.Device(r.ID())
	switch {
	case d == nil:
		return b.found(f, r)
	case d.Group == f:
		return d
	}
	if d.Claim, d.ClaimedBy = r, f; b.account.Absent.Has(d.Ref) {
		return b.move(d)
	}
	d.Group.Refresh = true // whether it has left there, that family's list says
	b.account.Plan(d.Group, now)
	return nil
}

// found takes a new device in.
func (b *bridge) found(f *account.Family, r device.Reading) *account.Device {
	d := b.account.Add(f, r.ID())
	if known, ok := b.mqtt.earlier.Devices[d.Ref]; ok {
		d.Estimator.Resume(b.account.Steady(known.LastActivity), known.Interval, b.account.Steady(known.Expected), b.clock.Now())
		d.Derived.Heating, d.Derived.Cooling = known.Heating, known.Cooling
	}
	b.log.Info("found a device", slog.String("family", string(f.Name)), slog.String("device", account.NameOf(r, d.Ref)))
	return d
}

// learn takes what a poll says of the device's rhythm. It returns the age of the reading, and whether it is new.
func (b *bridge) learn(d *account.Device, r device.Reading, now, before time.Time) (age time.Duration, isNew bool) {
	age, isNew = d.Learn(r, b.account.Steady(r.Activity()), now, before)
	d.Derived.Interval, d.Derived.Expected = d.Estimator.RoundedInterval(), time.Time{}
	if at := d.Expected(now); !at.IsZero() {
		d.Derived.Expected = b.clock.Read(at)
	}
	return age, isNew
}

// accept takes readings: pending writes are held against them, they are published, and they go to the sinks. An answer
// from before a device's newest one is passed over.
func (b *bridge) accept(now time.Time, arrivals ...arrival) {
	renamed := false
	for i := range arrivals {
		a := &arrivals[i]
		renamed = renamed || a.reading.Identity() != a.device.Reading.Identity()
		if a.device.Take(a.reading) {
			b.reconcile(a.device)
			b.account.Heating.Seen(a.device.Ref, a.reading, b.account.Steady(a.reading.Activity()), now)
		} else {
			a.isNew = false
		}
	}
	if renamed {
		b.distinguish(now)
	}
	for i := range arrivals {
		a := &arrivals[i]
		if changed := b.publishDevice(a.device, now, false); !changed && !a.isNew {
			continue
		}
		d := a.device
		u := device.Update{Ref: d.Ref, Name: d.Name(), Reading: d.Reading, Derived: d.Derived, Age: a.age, New: a.isNew, Before: a.before}
		for _, s := range b.sinks {
			s.Accept(u)
		}
	}
}

// move makes a device one of the family that claims it, in one step: its announcement stays, which belongs to the id, and
// the old family's topics are cleared.
func (b *bridge) move(d *account.Device) *account.Device {
	from, to := d.Group, d.ClaimedBy
	b.log.Info("a device has moved to another family", named(d), slog.String("from", string(from.Name)), slog.String("to", string(to.Name)))
	b.forget(d)
	moved := b.account.Move(d)
	b.clearStates(d.Ref)
	return moved
}

// forget drops what the bridge keeps of a device, and refuses the commands that wait for it.
func (b *bridge) forget(d *account.Device) {
	b.publishOutcomes(b.account.Queue.RemoveDevice(d.Ref), command.Rejected, command.ErrGone)
	b.account.Remove(d)
	b.mirror.Forget(d.Published)
	for _, s := range b.sinks {
		s.Remove(d.Ref)
	}
}
