package bridge

import (
	"log/slog"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// raptAccount is what belongs to the RAPT account: what is known of it, and how it is asked.
type raptAccount struct {
	*account.Account
	client      *raptclient.Client
	worker      *worker.Worker
	key         limit.Key     // of the log of requests as the broker retains it
	calling     *worker.Call  // in flight; nil for none
	inFlight    command.Queue // the commands that it carries out or verifies
	submissions command.Submissions
}

// newAccount is the account before the first request.
func newAccount(o *Options, clock clock.Clock) (*raptAccount, error) {
	w := worker.New(clock)
	api := o.RAPT
	api.Permit, api.Answered, api.Now = w.Authorize, w.Answered, clock.Now
	client, err := raptclient.New(api)
	if err != nil {
		return nil, err
	}
	gate := limit.NewGate(newRequestLog(o), limit.NewHealth(), limit.NewChanges(o.MaxChangesPerHour), clock.Text)
	return &raptAccount{
		Account: account.New(poll.Bounds{Min: o.MinPollInterval, Max: o.MaxPollInterval}, gate),
		client:  client, worker: w, key: limit.NewKey(o.RAPT.Username, o.RAPT.APISecret),
	}, nil
}

func newRequestLog(o *Options) *limit.RequestLog {
	return limit.NewRequestLog(o.MaxRequestsPerHour, o.MaxRequestsPerMinute)
}

// anew is the account as at a start: what another bridge has done meanwhile is with the broker.
func (a *raptAccount) anew(o *Options) *raptAccount {
	return &raptAccount{Account: a.Anew(newRequestLog(o)), client: a.client, worker: a.worker, key: a.key}
}

// named is a device in the log.
func named(d *account.Device) slog.Attr { return slog.String("device", d.Name()) }
