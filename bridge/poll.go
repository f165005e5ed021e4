package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// dispatch gives the worker its next call: a command, a readback, a poll or a request for missing rows, in this order.
func (b *bridge) dispatch(ctx context.Context, now time.Time) {
	a := b.account
	if !b.mqtt.active() || a.Gate.UncountedUntil.After(now) {
		return // another bridge of the account may be
	}
	open := a.Opening(now)
	if batch := a.Queue.Take(now, open); batch != nil {
		b.send(ctx, batch)
		return
	}
	if c := a.Queue.TakeUnverified(now, open); c != nil {
		b.verify(ctx, c)
		return
	}
	if d, at := a.NextReadback(now, open); d != nil && !at.After(now) {
		b.readBack(ctx, d)
		return
	}
	if b.mqtt.phase != running {
		return // nobody to publish for
	}
	if c := a.Queue.Listless(now, open); c != nil {
		b.poll(ctx, a.Family(c.Family), now, purposeOf(c))
		return
	}
	if p := a.NextPoll(now); p.Ask >= 0 {
		b.poll(ctx, a.Families[p.Ask], now, limit.ForPoll)
	} else if ref, due := a.Absent.Due(now); due && !a.Gate.NextPoll(now).After(now) {
		b.look(ctx, ref, now)
	} else if at := b.nextBackfill(now); !at.IsZero() && !at.After(now) {
		b.fetch(ctx, now)
	}
}

// start hands a call to the worker. commands are those that it carries out or verifies.
func (b *bridge) start(ctx context.Context, c *worker.Call, commands ...*command.Command) {
	c.Begin(ctx, b.clock.Now())
	b.account.calling, b.account.inFlight = c, commands
	b.account.worker.Calls <- c // there is room: one call at a time
}

// poll asks for a family's list, which a command may wait for.
func (b *bridge) poll(ctx context.Context, f *account.Family, now time.Time, p limit.Purpose) {
	f.Asked, f.Refresh = now, false
	c := worker.NewCall(p,
		func(ctx context.Context) (device.Listing, error) { return f.List(ctx, b.account.client) },
		func(list device.Listing, err error) {
			if b.polled(f, list, err); err != nil && p != limit.ForPoll && !errors.Is(err, context.Canceled) {
				b.account.Gate.CommandFailed(b.clock.Now(), true)
			}
		})
	c.Yields, c.YieldsToMost = p == limit.ForPoll, true
	b.start(ctx, c)
}

// preempt cancels a poll or a readback that has been in flight for a while when a command may leave now, or one that
// switches something off where commands wait for the answer. A command that waits for its own time cancels nothing.
func (b *bridge) preempt(now time.Time) {
	a := b.account
	open := a.Opening(now)
	if at := a.calling.YieldAt(a.Queue.Ready(open), a.Queue.OffReady(open)); !at.IsZero() && !at.After(now) {
		a.calling.Cancel()
	}
}

// authorize answers the worker: the request is counted, and the count is with the broker before it leaves, so that a
// crash doesn't forget it.
func (b *bridge) authorize(r worker.Permit) {
	a, now, purpose := b.account, b.clock.Now(), limit.ForPoll
	if a.calling != nil {
		purpose = a.calling.Purpose
	}
	if err := a.Gate.Pass(now, purpose, r.SignIn); err != nil {
		r.Reply <- err
		return
	}
	b.page.Requests.Add(b.clock.Wall())
	// The broker's side calls this.
	b.putState(func(delivered bool) {
		u := limit.Uncounted{Asked: now, Answered: b.clock.Now(), Purpose: purpose, SignIn: r.SignIn}
		if delivered && !u.Late() {
			r.Reply <- nil
			return
		}
		select {
		case b.uncounted <- u:
		default: // the loop has enough of them to do
		}
		r.Reply <- u.Err()
	})
}

// finish takes the worker's result.
func (b *bridge) finish(c *worker.Call) {
	c.Cancel()
	b.account.calling, b.account.inFlight = nil, nil
	for len(b.uncounted) > 0 {
		b.account.Gate.Withdraw(<-b.uncounted)
	}
	for _, e := range c.Exchanges {
		b.exchanged(e)
	}
	c.Done()
	b.publishState()
}

// exchanged takes what an answer says beside its body: the cloud's clock and the rate limit.
func (b *bridge) exchanged(e raptclient.Exchange) {
	a, now := b.account, b.clock.Now()
	b.metrics.Exchange(e)
	b.diagnosis.Answer(e, b.clock.Wall())
	if e.Date.Valid && a.Follow(e.Date.V, now) && a.LastPoll.IsZero() && a.Skew.Abs() > time.Minute {
		b.log.Warn("this machine's clock differs from the RAPT Cloud's; check its time setting", slog.Duration("by", -a.Skew.Round(time.Second)))
	}
	a.Gate.Answered(now, e, a.Skew)
	b.log.Debug("asked the RAPT Cloud", slog.String("endpoint", e.Endpoint), slog.Int("status", e.Status), slog.Duration("took", e.Took))
}

// polled takes the answer to a family's list.
func (b *bridge) polled(f *account.Family, list device.Listing, err error) {
	now := b.clock.Now()
	if err != nil {
		b.pollFailed(f, now, err)
		return
	}
	b.onAPISuccess()
	b.notice(list.Report)
	before, again := f.Succeeded(now)
	if again {
		b.log.Info("a family's list can be read again", slog.String("family", string(f.Name)))
	}
	b.account.LastPoll = b.clock.Wall()
	b.metrics.Polled(string(f.Name), now.Sub(f.Asked))

	seen := b.observe(f, list.Readings, now, before)
	if list.Report.Skipped == 0 {
		b.missing(f, seen, now)
	}
	if before.IsZero() {
		b.checkAwaiting(f)
	}
	f.Held(len(f.Members) > 0 || len(seen) > 0, now, before)
	b.account.Plan(f, now)
}

// pollFailed plans another try. A poll that fails changes nothing of what is published about devices.
func (b *bridge) pollFailed(f *account.Family, now time.Time, err error) {
	health := b.account.Gate.Health
	well := health.Status == limit.OK
	b.onAPIError(now, err)
	how := poll.APITrouble
	var held *limit.RateLimitedError
	switch {
	case errors.Is(err, context.Canceled) || errors.As(err, &held):
		how = poll.NotAsked
	case raptclient.Refused(err, http.StatusForbidden):
		how = poll.Forbidden
	case well || !health.Until.After(now): // nothing else would hold the next try back
		how = poll.ListTrouble
	}
	if f.Failed(now, how, limit.AfterForbidden) {
		b.log.Warn("a family's list can't be read; its devices stay as they are", slog.String("family", string(f.Name)), slog.Any("reason", err))
	}
	b.account.Plan(f, now)
}

// refresh has every family asked for at once, within the limits, and says what happens.
func (b *bridge) refresh(now time.Time) string {
	b.log.Info("asking for fresh values of all devices")
	what := b.account.RefreshText(now, b.account.Families...)
	b.account.RefreshAll(now, nil)
	return what
}
