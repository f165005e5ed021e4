package account

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
)

const (
	// pollsToLearn is how many polls are kept, where the hour is short of them, for each device whose rhythm is unknown.
	pollsToLearn = 3
	// beforePolls is how long before a poll no missing rows are asked for any more.
	beforePolls = 5 * time.Second
)

// Plan works out when a family is due again, after something about it has changed.
func (a *Account) Plan(f *Family, now time.Time) {
	f.Devices, f.Silent, f.Heating = f.Devices[:0], f.Silent[:0], false
	f.Hooks, f.Pushed = f.Hooks[:0], f.Pushed[:0]
	for _, d := range f.Members {
		f.Hooks, f.Pushed = append(f.Hooks, &d.Hook), append(f.Pushed, d.Hook.Pushes(now, d.Estimator.Interval()))
		f.Devices = append(f.Devices, &d.Estimator)
		f.Silent = append(f.Silent, d.Estimator.IsSilent(now, f.Floor))
		f.Heating = f.Heating || d.Shown().Heats()
	}
	f.Turn, f.unknown = f.Due(a.Bounds), f.Unknown()
}

// RefreshAll makes every family due but one.
func (a *Account) RefreshAll(now time.Time, except *Family) {
	for _, f := range a.Families {
		if f != except {
			f.Refresh = true
			a.Plan(f, now)
		}
	}
}

// turns are when the families should be asked for, in their order.
func (a *Account) turns() []poll.Turn {
	turns := make([]poll.Turn, len(a.Families))
	for i, f := range a.Families {
		turns[i] = f.Turn
	}
	return turns
}

// NextPoll is the family to ask for at now, or when to look again. Where the hour is short of polls, one that teaches a
// rhythm doesn't wait for the others: a fresh installation has but a quarter of the hour.
func (a *Account) NextPoll(now time.Time) poll.Plan {
	open, busy := a.open(now), a.Lender.Busy()
	return poll.Next(now, a.turns(), poll.Open{Learning: times.Latest(open.Learning, busy), Other: times.Latest(open.Other, busy)})
}

// open is when the limits let polls leave.
func (a *Account) open(now time.Time) poll.Open {
	keep := 0
	for _, f := range a.Families {
		keep += pollsToLearn * f.unknown
	}
	learning, other := a.Gate.NextPolls(now, keep)
	return poll.Open{Learning: learning, Other: other}
}

// Status is the API's status: that of the last answers, or that polls are held back for longer than a moment.
func (a *Account) Status(now time.Time) limit.Status {
	return a.Gate.Status(now, poll.Next(now, a.turns(), poll.Open{}).Wake, a.NextPoll(now).Wake)
}

// Opening is when the limits let commands leave.
func (a *Account) Opening(now time.Time) command.Opening {
	return command.Opening{Commands: a.Gate.NextCommand(now, limit.ForCommand), Off: a.Gate.NextCommand(now, limit.ForOff)}
}

// NextBackfill is when missing rows may be asked for that are due; zero for not as things are. They come after everything
// else: never while the API is ill or slow, and never just before a poll.
func (a *Account) NextBackfill(now, due time.Time) time.Time {
	open, ok := a.Gate.NextBackfill(now)
	if due.IsZero() || !ok {
		return time.Time{}
	}
	at := times.Latest(due, open, a.Lender.OwnTurn())
	margin := min(beforePolls, a.Bounds.Min/4)
	if !at.Before(a.NextPoll(now).Wake.Add(-margin)) {
		return time.Time{} // that one first
	}
	return at
}

// RefreshPlan is what happens when somebody asks for fresh readings of families at now.
func (a *Account) RefreshPlan(now time.Time, families ...*Family) limit.Plan {
	var (
		open            = a.open(now)
		opens, ofNobody []time.Time // the latter of families without devices
		retries         []limit.Retry
	)
	for _, f := range families {
		asked := f.State
		asked.Refresh = true
		switch at := asked.Due(a.Bounds).Opens(open); {
		case f.Retry.After(now):
			retries = append(retries, limit.Retry{Family: string(f.Name), At: f.Retry})
		case len(f.Members) > 0:
			opens = append(opens, at)
		default:
			ofNobody = append(ofNobody, at)
		}
	}
	if len(opens) == 0 {
		opens = ofNobody
	}
	return a.Gate.RefreshPlan(now, opens, retries)
}

// RefreshText is the same in words, for who asks over MQTT.
func (a *Account) RefreshText(now time.Time, families ...*Family) string {
	return a.Gate.Words(a.RefreshPlan(now, families...))
}

// Await looks after the pending writes of a device.
func (a *Account) Await(d *Device) {
	if !slices.Contains(a.withPending, d) {
		a.withPending = append(a.withPending, d)
	}
}

// Pending goes through the devices with pending writes.
func (a *Account) Pending(yield func(*Device) bool) {
	a.withPending = slices.DeleteFunc(a.withPending, func(d *Device) bool { return d.Writes.None() })
	for _, d := range a.withPending {
		if !yield(d) {
			return
		}
	}
}

// PendingEnd is when the first pending write ends; zero for none.
func (a *Account) PendingEnd() (first time.Time) {
	for d := range a.Pending {
		first = times.Soonest(first, d.Writes.Ends())
	}
	return first
}

// NextReadback is the device that should be read back first, and when that may be within the limits; nil for none.
func (a *Account) NextReadback(now time.Time, open command.Opening) (next *Device, at time.Time) {
	if a.Gate.Requests.Readbacks(now) == 0 {
		return nil, at // the requests that are left are for commands
	}
	for d := range a.Pending {
		if due := d.Writes.NextReadback(); !due.IsZero() && (next == nil || due.Before(at)) {
			next, at = d, due
		}
	}
	if next != nil {
		at = times.Latest(at, open.Commands)
	}
	return next, at
}
