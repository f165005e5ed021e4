package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/absence"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/retry"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// account is what belongs to the RAPT account.
type account struct {
	client  *raptclient.Client
	worker  *worker.Worker
	gate    *limit.Gate
	key     limit.Key // of the log as the broker retains it
	lender  limit.Lender
	skew    time.Duration // what the cloud's clock is ahead of steady time
	calling *worker.Call  // in flight; nil for none
	carried command.Queue // the commands that it carries out or verifies

	families []*familyState
	byName   map[discovery.Family]*familyState
	byID     map[string]*deviceState
	absent   *absence.Set
	// withPending are the devices with pending writes, and some that had.
	withPending []*deviceState
	bounds      poll.Bounds

	queue       command.Queue
	heating     command.HeatingWatch
	submissions submissions
	// uncountedUntil is until when nothing is asked because the broker has not taken the count of a request.
	uncountedUntil time.Time

	unknownFields int // that the contract doesn't have, seen so far
	lastPoll      time.Time
}

// newAccount is the account before the first request.
func newAccount(o *Options, clock clock.Clock) (*account, error) {
	w := worker.New(clock)
	api := o.RAPT
	api.Permit, api.Answered, api.Now = w.Authorize, w.Answered, clock.Now
	client, err := raptclient.New(api)
	if err != nil {
		return nil, err
	}
	gate := limit.NewGate(limit.NewRequestLog(o.MaxRequestsPerHour, o.MaxRequestsPerMinute), limit.NewHealth(), limit.NewChanges(o.MaxChangesPerHour), clock.Text)
	return accountOf(o, client, w, gate), nil
}

// accountOf is an account of which nothing is known yet but what its gate knows of the API.
func accountOf(o *Options, client *raptclient.Client, w *worker.Worker, gate *limit.Gate) *account {
	a := &account{
		client: client, worker: w, gate: gate,
		byName: map[discovery.Family]*familyState{}, byID: map[string]*deviceState{},
		absent: absence.NewSet(), heating: command.HeatingWatch{}, key: limit.NewKey(o.RAPT.Username, o.RAPT.APISecret),
		bounds: poll.Bounds{Min: o.MinPollInterval, Max: o.MaxPollInterval},
	}
	for _, f := range device.Families() {
		s := &familyState{Family: f, backOff: retry.New(a.bounds.Min, max(a.bounds.Max, a.bounds.Min), 0)}
		s.turn = s.Due(a.bounds)
		a.families = append(a.families, s)
		a.byName[f.Name] = s
	}
	return a
}

// anew is the account as at a start: what another bridge has done meanwhile is with the broker.
func (a *account) anew(o *Options) *account {
	next := accountOf(o, a.client, a.worker, a.gate.Anew(limit.NewRequestLog(o.MaxRequestsPerHour, o.MaxRequestsPerMinute)))
	next.skew = a.skew
	return next
}

// steady is a time of the cloud's clock in steady time.
func (a *account) steady(cloud time.Time) time.Time {
	if cloud.IsZero() {
		return cloud
	}
	return cloud.Add(-a.skew)
}

// cloud is a steady time on the cloud's clock.
func (a *account) cloud(steady time.Time) time.Time {
	if steady.IsZero() {
		return steady
	}
	return steady.Add(a.skew)
}

// turns are when the families should be asked for, in their order.
func (a *account) turns() []poll.Turn {
	turns := make([]poll.Turn, len(a.families))
	for i, f := range a.families {
		turns[i] = f.turn
	}
	return turns
}

// pollsToLearn is how many polls are kept, where the hour is short of them, for each device whose rhythm is unknown.
const pollsToLearn = 3

// nextPolls are when the ceiling and the API's state let polls leave. Where the hour is short of them, one that teaches a
// rhythm doesn't wait for the others: a fresh installation has but a quarter of the hour.
func (a *account) nextPolls(now time.Time) poll.Open {
	keep := 0
	for _, f := range a.families {
		keep += pollsToLearn * f.Unknown()
	}
	learning, other := a.gate.NextPolls(now, keep)
	return poll.Open{Learning: times.Latest(learning, a.lender.Busy()), Other: times.Latest(other, a.lender.Busy())}
}

// opening is when the limits let commands leave.
func (a *account) opening(now time.Time) command.Opening {
	return command.Opening{Commands: a.gate.NextCommand(now, limit.ForCommand), Off: a.gate.NextCommand(now, limit.ForOff)}
}

// plan works out when a family is due again, after something about it has changed.
func (a *account) plan(f *familyState, now time.Time) {
	f.Devices, f.Silent, f.Heating = f.Devices[:0], f.Silent[:0], false
	f.Hooks, f.Pushed = f.Hooks[:0], f.Pushed[:0]
	for _, d := range f.devices {
		f.Hooks, f.Pushed = append(f.Hooks, &d.hook), append(f.Pushed, d.hook.Pushes(now, d.estimator.Interval()))
		f.Devices = append(f.Devices, &d.estimator)
		f.Silent = append(f.Silent, d.estimator.IsSilent(now, f.Floor))
		f.Heating = f.Heating || d.shown().Heats()
	}
	f.turn = f.Due(a.bounds)
}
