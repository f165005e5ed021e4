package bridge

import (
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// deviceState is one device of the account as the bridge keeps it.
type deviceState struct {
	device.Ref
	family  *familyState
	reading device.Reading // the newest that the cloud has shown

	estimator poll.Estimator
	hook      poll.Hook
	derived   device.Derived
	writes    command.Writes
	// submitAfter is when the next reading may be submitted for an external device.
	submitAfter time.Time

	// claim is the device's reading in another family's list, while its own may still have it too.
	claim device.Reading
	// claimedBy is that family.
	claimedBy *familyState

	published *mirror.Device
}

// familyState is a family with its devices.
type familyState struct {
	*device.Family
	poll.State
	devices  []*deviceState // by first sight, so that names and requests are stable
	backOff  backoff.BackOff
	failures int // in a row
	// failureLogged is set once the log has told that the list can't be read.
	failureLogged bool
	turn          poll.Turn
}

// name is the owner's name for the device, or its family and id while that is unknown, for the log.
func (d *deviceState) name() string { return nameOf(d.reading, d.Ref) }

func nameOf(r device.Reading, ref device.Ref) string {
	v, _ := r.Value("name")
	if name, ok := v.Text(); ok {
		return name
	}
	return string(ref.Family) + " " + ref.ID
}

func (d *deviceState) log() slog.Attr { return slog.String("device", d.name()) }

// Describe is the device as its announcement tells of it.
func (d *deviceState) Describe() discovery.Device { return d.reading.Describe() }

// AppendState writes the state document.
func (d *deviceState) AppendState(b []byte) []byte { return d.shown().AppendJSON(b, &d.derived) }

// shown is the reading with the pending values in it.
func (d *deviceState) shown() device.Reading { return d.writes.Shown(d.reading) }

// take makes r the newest reading and works out what changed since the one before. It reports false for an answer from
// before the newest one.
func (d *deviceState) take(r device.Reading) bool {
	if d.reading.Known() {
		step := r.Activity().Sub(d.reading.Activity())
		if step < 0 && step > -time.Hour {
			return false
		}
		if step != 0 {
			d.derived.Compare(d.reading, r)
		}
	}
	d.reading = r
	return true
}

// available is whether the device counts as online at now, steady time.
func (d *deviceState) available(now time.Time) bool {
	if d.reading.Activity().IsZero() && d.estimator.LastReading().IsZero() {
		// It has never reported a time: what the cloud says of its connection is all there is.
		return d.reading.Connected()
	}
	return !d.estimator.IsSilent(now, d.family.Floor)
}

// find is the device with that reference; nil for none.
func (a *account) find(ref device.Ref) *deviceState {
	if d := a.byID[ref.ID]; d != nil && d.Family == ref.Family {
		return d
	}
	return nil
}

// each goes through all devices in the order of their families and their first sight.
func (a *account) each(yield func(*deviceState) bool) {
	for _, f := range a.families {
		for _, d := range f.devices {
			if !yield(d) {
				return
			}
		}
	}
}

// add takes a new device in.
func (a *account) add(f *familyState, id string) *deviceState {
	d := &deviceState{Ref: device.Ref{Family: f.Name, ID: id}, family: f, writes: command.NewWrites()}
	d.published = mirror.NewDevice(d.Ref, d)
	a.byID[d.ID] = d
	f.devices = append(f.devices, d)
	return d
}

// pending goes through the devices with pending writes.
func (a *account) pending(yield func(*deviceState) bool) {
	a.withPending = slices.DeleteFunc(a.withPending, func(d *deviceState) bool { return d.writes.None() })
	for _, d := range a.withPending {
		if !yield(d) {
			return
		}
	}
}

// follow looks after the pending writes of a device.
func (a *account) follow(d *deviceState) {
	if !slices.Contains(a.withPending, d) {
		a.withPending = append(a.withPending, d)
	}
}

// remove takes a device out.
func (a *account) remove(d *deviceState) {
	delete(a.byID, d.ID)
	d.writes.Clear()
	d.family.devices = slices.DeleteFunc(d.family.devices, func(other *deviceState) bool { return other == d })
}
