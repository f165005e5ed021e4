package account

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/absence"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Account is for one goroutine. Its times are steady time, where nothing else is said.
type Account struct {
	Gate     *limit.Gate
	Lender   limit.Lender // of requests to a program beside the bridge
	Bounds   poll.Bounds
	Skew     time.Duration // what the cloud's clock is ahead of steady time
	Families []*Family
	Absent   *absence.Set // devices that lists lack

	Queue   command.Queue
	Heating command.HeatingWatch
	earlier earlierRun

	UnknownFields int       // that the contract doesn't have, seen so far
	LastPoll      time.Time // of the wall clock; zero before the first answer

	byName map[discovery.Family]*Family
	byID   map[string]*Device
	// withPending are the devices with pending writes, and some that had.
	withPending []*Device
}

// New is an account of which nothing is known yet but what its gate knows of the API.
func New(bounds poll.Bounds, gate *limit.Gate) *Account {
	a := &Account{
		Gate: gate, Bounds: bounds, Absent: absence.NewSet(), Heating: command.HeatingWatch{},
		byName: map[discovery.Family]*Family{}, byID: map[string]*Device{},
	}
	for _, f := range device.Families() {
		s := &Family{Family: f, State: poll.NewState(bounds)}
		s.Turn = s.Due(bounds)
		a.Families = append(a.Families, s)
		a.byName[f.Name] = s
	}
	return a
}

// Anew is the account as at a start, with a new log of requests: what was done meanwhile is not known.
func (a *Account) Anew(requests *limit.RequestLog) *Account {
	next := New(a.Bounds, a.Gate.Anew(requests))
	next.Skew = a.Skew
	return next
}

// Family is the family of a name.
func (a *Account) Family(name discovery.Family) *Family { return a.byName[name] }

// Device is the device with an id; nil for none.
func (a *Account) Device(id string) *Device { return a.byID[id] }

// Devices is how many there are.
func (a *Account) Devices() int { return len(a.byID) }

// Find is the device with that reference; nil for none.
func (a *Account) Find(ref device.Ref) *Device {
	if d := a.byID[ref.ID]; d != nil && d.Family == ref.Family {
		return d
	}
	return nil
}

// Each goes through all devices in the order of their families and their first sight.
func (a *Account) Each(yield func(*Device) bool) {
	for _, f := range a.Families {
		for _, d := range f.Members {
			if !yield(d) {
				return
			}
		}
	}
}

// Online is whether a device counts as online at now.
func (a *Account) Online(d *Device, now time.Time) bool {
	return d.Available(now) && !a.Absent.Unproven(d.Ref)
}

// Listed reports whether every family's list was answered, or failed for a reason of its own.
func (a *Account) Listed() bool {
	return !slices.ContainsFunc(a.Families, func(f *Family) bool { return !f.Tried() })
}

// Add takes a new device in.
func (a *Account) Add(f *Family, id string) *Device {
	d := &Device{Ref: device.Ref{Family: f.Name, ID: id}, Group: f, Writes: command.NewWrites()}
	d.Published = mirror.NewDevice(d.Ref, d)
	a.byID[d.ID] = d
	f.Members = append(f.Members, d)
	return d
}

// Remove takes a device out.
func (a *Account) Remove(d *Device) {
	delete(a.byID, d.ID)
	delete(a.Heating, d.Ref)
	a.Absent.Remove(d.Ref)
	d.Writes.Clear()
	d.Group.Members = slices.DeleteFunc(d.Group.Members, func(other *Device) bool { return other == d })
}

// Move makes a device one of the family that claims it: what is known of it stays.
func (a *Account) Move(d *Device) *Device {
	moved := a.Add(d.ClaimedBy, d.ID)
	moved.Published.AdoptAnnouncement(d.Published)
	moved.Estimator, moved.Derived = d.Estimator, d.Derived
	moved.Reading = d.Reading
	return moved
}

// OnSuccess takes a complete answer of the API into account. Lists that failed while the account was refused are due again.
// It returns a line for the log, empty when there is nothing new to tell.
func (a *Account) OnSuccess(now time.Time) (line string) {
	if a.Gate.Health.Status == limit.Rejected {
		for _, f := range a.Families {
			f.Retry = time.Time{}
			a.Plan(f, now)
		}
	}
	return a.Gate.OnSuccess()
}

// Steady is a time of the cloud's clock in steady time.
func (a *Account) Steady(cloud time.Time) time.Time {
	if cloud.IsZero() {
		return cloud
	}
	return cloud.Add(-a.Skew)
}

// Cloud is a steady time on the cloud's clock.
func (a *Account) Cloud(steady time.Time) time.Time {
	if steady.IsZero() {
		return steady
	}
	return steady.Add(a.Skew)
}

const (
	// mostSkew is how far the clocks may differ: a machine without a clock of its own starts in 1970.
	mostSkew = 100 * 365 * 24 * time.Hour
	// leastSkew is what the cloud's whole seconds, and the time that an answer takes, make of no difference.
	leastSkew = 2 * time.Second
)

// Follow takes the date of an answer at now, and follows the cloud's clock: what is known of the devices' readings moves with
// it. It reports whether it has moved.
func (a *Account) Follow(date, now time.Time) bool {
	skew := date.Sub(now)
	if skew.Abs() >= mostSkew || (skew-a.Skew).Abs() <= leastSkew {
		return false
	}
	by := a.Skew - skew
	a.Skew = skew
	for d := range a.Each {
		d.Estimator.Shift(by)
	}
	return true
}

// Pushed is how many devices' readings come by webhooks.
func (a *Account) Pushed() (n int) {
	for _, f := range a.Families {
		for _, pushed := range f.Pushed {
			if pushed {
				n++
			}
		}
	}
	return n
}
