package bridge

import (
	"errors"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
)

// arrival is a reading of a device on its way in. age, isNew and before are a poll's, see device.Update.
type arrival struct {
	device  *deviceState
	reading device.Reading
	age     time.Duration
	isNew   bool
	before  time.Time
}

// observe takes the devices of a list: what the poll says of their rhythms, and their readings. before is the time of the
// list's answer before this one.
func (b *bridge) observe(f *familyState, readings []device.Reading, now, before time.Time) (seen map[string]bool) {
	seen = make(map[string]bool, len(readings))
	arrivals := make([]arrival, 0, len(readings))
	for _, r := range readings {
		if r.Deleted() {
			continue
		}
		seen[r.ID()] = true
		if d := b.admit(f, r, now); d != nil {
			b.account.absent.Remove(d.Ref)
			age, isNew := b.learn(d, r, now, before)
			arrivals = append(arrivals, arrival{d, r, age, isNew, b.account.cloud(before)})
		}
	}
	b.accept(now, arrivals...)
	return seen
}

// admit is the device of a reading, which may be new; nil for one that another family has as far as is known.
func (b *bridge) admit(f *familyState, r device.Reading, now time.Time) *deviceState {
	d := b.account.byID[r.ID()]
	switch {
	case d == nil:
		return b.found(f, r)
	case d.family == f:
		return d
	}
	if d.claim, d.claimedBy = r, f; b.account.absent.Has(d.Ref) {
		return b.move(d)
	}
	d.family.Refresh = true // whether it has left there, that family's list says
	b.account.plan(d.family, now)
	return nil
}

// found takes a new device in.
func (b *bridge) found(f *familyState, r device.Reading) *deviceState {
	d := b.account.add(f, r.ID())
	if known, ok := b.mqtt.earlier.Devices[d.Ref]; ok {
		d.estimator.Resume(b.account.steady(known.LastActivity), known.Interval, b.account.steady(known.Expected), b.clock.Now())
		d.derived.Heating, d.derived.Cooling = known.Heating, known.Cooling
	}
	b.log.Info("found a device", slog.String("family", string(f.Name)), slog.String("device", nameOf(r, d.Ref)))
	return d
}

// learn takes what a poll says of the device's rhythm: only a poll's answers come at times that say something of it. It
// returns the age of the reading, and whether it is new.
func (b *bridge) learn(d *deviceState, r device.Reading, now, before time.Time) (age time.Duration, isNew bool) {
	if v, _ := r.Value("telemetry_frequency"); v.Known() {
		frequency, _ := v.Number()
		d.estimator.SetFrequency(frequency)
	}
	if activity := b.account.steady(r.Activity()); !activity.IsZero() {
		age = now.Sub(activity)
		d.hook.Polled(d.family.Asked, activity.After(d.estimator.LastReading()))
		isNew = d.estimator.Observe(poll.Sight{Reading: activity, Same: d.reading.SameValues(r), Asked: now, Before: before})
	}
	d.derived.Interval, d.derived.Expected = d.estimator.RoundedInterval(), time.Time{}
	if at := d.estimator.Expected(now); !at.IsZero() && !d.estimator.IsSilent(now, d.family.Floor) {
		d.derived.Expected = b.clock.Read(at)
	}
	return age, isNew
}

// accept takes readings: pending writes are held against them, they are published, and they go to the sinks. An answer
// from before a device's newest one is passed over.
func (b *bridge) accept(now time.Time, arrivals ...arrival) {
	renamed := false
	for i := range arrivals {
		a := &arrivals[i]
		renamed = renamed || a.reading.Identity() != a.device.reading.Identity()
		if a.device.take(a.reading) {
			b.reconcile(a.device)
			b.account.heating.Seen(a.device.Ref, a.device.shown())
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
		u := device.Update{Ref: d.Ref, Name: d.name(), Reading: d.reading, Derived: d.derived, Age: a.age, New: a.isNew, Before: a.before}
		for _, s := range b.sinks {
			s.Accept(u)
		}
	}
}

// move makes a device one of the family that claims it, in one step: its announcement stays, which belongs to the id, and
// the old family's topics are cleared.
func (b *bridge) move(d *deviceState) *deviceState {
	from, to := d.family, d.claimedBy
	b.log.Info("a device has moved to another family", d.log(), slog.String("from", string(from.Name)), slog.String("to", string(to.Name)))
	b.forget(d)
	moved := b.account.add(to, d.ID)
	moved.published.TakeOver(d.published)
	moved.estimator, moved.derived = d.estimator, d.derived
	moved.reading = d.reading
	b.clearStates(d.Ref)
	return moved
}

// forget drops what the bridge keeps of a device, and refuses the commands that wait for it.
func (b *bridge) forget(d *deviceState) {
	for _, c := range b.account.queue.RemoveDevice(d.Ref) {
		b.publishOutcome(c, command.Rejected, errors.New("the device is no longer in the RAPT account"))
	}
	b.account.remove(d)
	b.account.absent.Remove(d.Ref)
	b.mirror.Forget(d.published)
	delete(b.account.heating, d.Ref)
	for _, s := range b.sinks {
		s.Remove(d.Ref)
	}
}
