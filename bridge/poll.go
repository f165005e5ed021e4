package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

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
	if !b.mqtt.active() || a.uncountedUntil.After(now) {
		return // another bridge of the account may be
	}
	open := a.opening(now)
	if batch := a.queue.Take(now, open); batch != nil {
		b.send(ctx, batch)
		return
	}
	if c := a.queue.TakeUnverified(now, open); c != nil {
		b.verify(ctx, c)
		return
	}
	if d, at := a.nextReadback(now, open); d != nil && !at.After(now) {
		b.readBack(ctx, d)
		return
	}
	if b.mqtt.phase != running {
		return // nobody to publish for
	}
	if c := a.queue.Listless(now, open); c != nil {
		b.poll(ctx, a.byName[c.Family], now, purposeOf(c))
		return
	}
	if p := poll.Next(now, a.turns(), a.nextPolls(now)); p.Ask >= 0 {
		b.poll(ctx, a.families[p.Ask], now, limit.ForPoll)
	} else if ref, due := a.absent.Due(now); due && !a.gate.NextPoll(now).After(now) {
		b.look(ctx, ref, now)
	} else if at := b.nextBackfill(now); !at.IsZero() && !at.After(now) {
		b.fetch(ctx, now)
	}
}

// start hands a call to the worker. carried are the commands that it carries out or verifies.
func (b *bridge) start(ctx context.Context, c *worker.Call, carried ...*command.Command) {
	c.Begin(ctx, b.clock.Now())
	b.account.calling, b.account.carried = c, carried
	b.account.worker.Calls <- c // there is room: one call at a time
}

// poll asks for a family's list, which a command may wait for.
func (b *bridge) poll(ctx context.Context, f *familyState, now time.Time, p limit.Purpose) {
	f.Asked, f.Refresh = now, false
	c := worker.NewCall(p,
		func(ctx context.Context) (device.Listing, error) { return f.List(ctx, b.account.client) },
		func(list device.Listing, err error) {
			if b.polled(f, list, err); err != nil && p != limit.ForPoll {
				b.account.gate.CommandFailed(b.clock.Now(), true)
			}
		})
	c.Yields = p == limit.ForPoll
	b.start(ctx, c)
}

// preempt cancels a poll or a readback that has been in flight for a while when a command may leave now. A command that
// waits for its own time cancels nothing.
func (b *bridge) preempt(now time.Time) {
	a := b.account
	ready := a.queue.Ready(a.opening(now))
	if a.calling.Yields && now.Sub(a.calling.Since) >= preemptAfter && !ready.IsZero() && !ready.After(now) {
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
	if err := a.gate.Pass(now, purpose, r.SignIn); err != nil {
		r.Reply <- err
		return
	}
	b.page.Requests.Add(b.clock.Wall())
	b.putState(func(delivered bool) {
		if !delivered || b.clock.Now().Sub(now) > staleAck {
			a.gate.Requests.Withdraw(now, purpose, r.SignIn)
			a.uncountedUntil = b.clock.Now().Add(afterUncounted)
			r.Reply <- &limit.RateLimitedError{At: a.uncountedUntil, Reason: "the MQTT broker has not taken the count of requests, so that another bridge of the account may be active"}
			return
		}
		r.Reply <- nil
	})
}

// afterUncounted is how long nothing is asked after the broker has not taken a count: it may never do, where its access
// rules forbid it.
const afterUncounted = 10 * time.Second

// staleAck is how late the broker's answer to a count may come: a process that was frozen finds one from before.
const staleAck = 20 * time.Second

// finish takes the worker's result.
func (b *bridge) finish(c *worker.Call) {
	c.Cancel()
	b.account.calling, b.account.carried = nil, nil
	for _, e := range c.Exchanges {
		b.exchanged(e)
	}
	c.Done()
	b.publishState()
}

// mostSkew is how far the clocks may differ: a machine without a clock of its own starts in 1970.
const mostSkew = 100 * 365 * 24 * time.Hour

// exchanged takes what an answer says beside its body: the cloud's clock and the rate limit.
func (b *bridge) exchanged(e raptclient.Exchange) {
	a, now := b.account, b.clock.Now()
	b.metrics.Exchange(e)
	b.diagnosis.Answer(e, b.clock.Wall())
	if e.Date.Valid {
		if skew := e.Date.V.Sub(now); skew.Abs() < mostSkew && (skew-a.skew).Abs() > 2*time.Second {
			b.adjustClock(skew)
		}
	}
	a.gate.Health.OnHeaders(now, e.RateLimit, a.skew)
	a.gate.Took(now, e.Took)
	b.log.Debug("asked the RAPT Cloud", slog.String("endpoint", e.Endpoint), slog.Int("status", e.Status), slog.Duration("took", e.Took))
}

// adjustClock follows the cloud's clock: what is known of the devices' readings moves with it.
func (b *bridge) adjustClock(skew time.Duration) {
	a := b.account
	by := a.skew - skew
	a.skew = skew
	for d := range a.each {
		d.estimator.Shift(by)
	}
	if a.lastPoll.IsZero() && skew.Abs() > time.Minute {
		b.log.Warn("this machine's clock differs from the RAPT Cloud's; check its time setting", slog.Duration("by", -skew.Round(time.Second)))
	}
}

// polled takes the answer to a family's list.
func (b *bridge) polled(f *familyState, list device.Listing, err error) {
	now := b.clock.Now()
	if err != nil {
		b.pollFailed(f, now, err)
		return
	}
	b.onAPISuccess()
	b.notice(list.Report)
	if f.failureLogged {
		f.failureLogged = false
		b.log.Info("a family's list can be read again", slog.String("family", string(f.Name)))
	}
	before := f.Answered
	f.Answered, f.failures, f.Retry = now, 0, time.Time{}
	f.backOff.Reset()
	b.account.lastPoll = b.clock.Wall()
	b.metrics.Polled(string(f.Name), now.Sub(f.Asked))

	seen := b.observe(f, list.Readings, now, before)
	if list.Report.Skipped == 0 {
		b.missing(f, seen, now)
	}
	if before.IsZero() {
		b.checkAwaiting(f)
	}
	f.Empty++
	if len(f.devices) > 0 || len(seen) > 0 {
		f.Empty = 0
		if !before.IsZero() {
			f.Usual = now.Sub(before)
		}
	}
	b.account.plan(f, now)
}

// keepsFailing is how often a family's list fails in a row, while others are answered, before the log says so.
const keepsFailing = 3

// pollFailed plans another try. A poll that fails changes nothing of what is published about devices. Trouble of the whole
// API is backed off from by the API's health alone; a family that fails while others are answered has a back-off of its
// own.
func (b *bridge) pollFailed(f *familyState, now time.Time, err error) {
	f.Retry = now // as soon as it may
	var held *limit.RateLimitedError
	switch health := b.account.gate.Health; {
	case errors.Is(err, context.Canceled) || errors.As(err, &held):
		f.Asked = f.Answered
	case answered(err, http.StatusForbidden):
		f.failures++
		f.Retry = now.Add(limit.AfterForbidden)
	case health.Status == limit.OK:
		f.failures++
		f.Retry = now.Add(f.backOff.NextBackOff())
	}
	if f.failures >= keepsFailing && !f.failureLogged {
		f.failureLogged = true
		b.log.Warn("a family's list can't be read; its devices stay as they are", slog.String("family", string(f.Name)), slog.Any("reason", err))
	}
	b.onAPIError(now, err)
	b.account.plan(f, now)
}

// answered reports whether the API has refused a request with one of these statuses.
func answered(err error, statuses ...int) bool {
	var api *raptclient.APIError
	return errors.As(err, &api) && slices.Contains(statuses, api.Status)
}

// refresh has every family asked for at once, within the limits, and says what happens.
func (b *bridge) refresh(now time.Time) string {
	b.log.Info("asking for fresh values of all devices")
	what := b.refreshText(now)
	b.askAll(now, nil)
	return what
}

// askAll makes every family due but one.
func (b *bridge) askAll(now time.Time, except *familyState) {
	for _, f := range b.account.families {
		if f != except {
			f.Refresh = true
			b.account.plan(f, now)
		}
	}
}

// refreshPlan is what happens when somebody asks for fresh readings at now.
func (b *bridge) refreshPlan(now time.Time) limit.Plan {
	var retries []limit.Retry
	for _, f := range b.account.families {
		retries = append(retries, limit.Retry{Family: string(f.Name), At: f.Retry})
	}
	return b.account.gate.RefreshPlan(now, retries)
}

// refreshText is the same in words, for who asks over MQTT.
func (b *bridge) refreshText(now time.Time) string { return b.account.gate.Words(b.refreshPlan(now)) }
