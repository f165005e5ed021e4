package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/retry"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// account is what belongs to the RAPT account.
type account struct {
	client   *raptclient.Client
	worker   *worker
	requests *limit.RequestLog
	changes  *limit.Changes
	key      limit.Key // of the log as the broker retains it
	health   *limit.Health
	skew     time.Duration // what the cloud's clock is ahead of steady time
	lastSent time.Time     // when the last request left
	calling  *call         // in flight; nil for none

	families []*familyState
	byName   map[discovery.Family]*familyState
	byID     map[string]*deviceState
	// withPending are the devices with pending writes, and some that had.
	withPending []*deviceState
	bounds      poll.Bounds

	queue command.Queue
	// commandsAfter is when the next command may leave after one that failed.
	commandsAfter time.Time

	unknownFields int // that the contract doesn't have, seen so far
	lastPoll      time.Time
	// logged is the API's status that the log told of last; empty before the first.
	logged            limit.Status
	consecutiveErrors int // of the API since its last answer
}

// newAccount is the account before the first request.
func newAccount(o *Options, clock clock) (*account, error) {
	a := &account{
		worker: newWorker(clock), requests: limit.NewRequestLog(o.MaxRequestsPerHour, o.MaxRequestsPerMinute), health: limit.NewHealth(),
		changes: limit.NewChanges(o.MaxChangesPerHour), key: limit.NewKey(o.RAPT.Username, o.RAPT.APISecret),
		byName: map[discovery.Family]*familyState{}, byID: map[string]*deviceState{},
		bounds: poll.Bounds{Min: o.MinPollInterval, Max: o.MaxPollInterval},
	}
	api := o.RAPT
	api.Permit, api.Answered, api.Now = a.worker.authorize, a.worker.answered, clock.now
	client, err := raptclient.New(api)
	if err != nil {
		return nil, err
	}
	a.client = client
	for _, f := range device.Families() {
		s := &familyState{Family: f, orphans: map[string]int{}, backOff: retry.New(a.bounds.Min, max(a.bounds.Max, a.bounds.Min), 0)}
		a.families = append(a.families, s)
		a.byName[f.Name] = s
	}
	return a, nil
}

// steady is a time of the cloud's clock in steady time.
func (a *account) steady(cloud time.Time) time.Time {
	if cloud.IsZero() {
		return cloud
	}
	return cloud.Add(-a.skew)
}

// dues are when the families should be asked for, in their order.
func (a *account) dues() []time.Time {
	dues := make([]time.Time, len(a.families))
	for i, f := range a.families {
		dues[i] = f.dueAt
	}
	return dues
}

// nextPoll is when the ceiling and the API's state let a poll leave.
func (a *account) nextPoll(now time.Time) time.Time {
	return times.Latest(a.requests.NextAllowed(now, limit.ForPoll, false), a.requests.Paced(now), a.health.NextPoll(now, a.lastSent))
}

// nextCommand is the same for a command, whose purpose is ForCommand or ForOff.
func (a *account) nextCommand(now time.Time, p limit.Purpose) time.Time {
	return times.Latest(a.requests.NextAllowed(now, p, false), a.health.NextCommand(p), a.commandsAfter)
}

// opening is when the limits let commands leave.
func (a *account) opening(now time.Time) command.Opening {
	return command.Opening{Commands: a.nextCommand(now, limit.ForCommand), Off: a.nextCommand(now, limit.ForOff)}
}

// plan works out when a family is due again, after something about it has changed.
func (a *account) plan(f *familyState, now time.Time) {
	f.Devices, f.Silent, f.Heating = f.Devices[:0], f.Silent[:0], false
	for _, d := range f.devices {
		f.Devices = append(f.Devices, &d.estimator)
		f.Silent = append(f.Silent, d.estimator.IsSilent(now, f.Floor))
		f.Heating = f.Heating || d.shown().Heats()
	}
	f.dueAt = f.Due(a.bounds)
}

// remaining is how many requests may still leave: the ceiling's rest, or the vendor's where it is less.
func (a *account) remaining(now time.Time) int {
	left := a.requests.Free(now)
	if vendor, known := a.health.RequestsLeft(now); known {
		left = min(left, vendor)
	}
	return left
}
