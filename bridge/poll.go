package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func (b *bridge) bounds() bounds {
	return bounds{min: b.options.MinPollInterval, max: b.options.MaxPollInterval}
}

func (b *bridge) dues() []time.Time {
	dues := make([]time.Time, len(b.families))
	for i, f := range b.families {
		dues[i] = f.dueAt
	}
	return dues
}

// plan works out when a family is due again, after something about it has changed.
func (b *bridge) plan(f *familyState) {
	now := b.now()
	f.rhythms, f.silent, f.hot = f.rhythms[:0], f.silent[:0], false
	for _, d := range f.order {
		f.rhythms = append(f.rhythms, &d.rhythm)
		f.silent = append(f.silent, d.rhythm.silent(now, f.floor))
		f.hot = f.hot || d.hot()
	}
	f.dueAt = f.due(b.bounds())
}

// pollOpens is when the ceiling and the API's state let a poll leave.
func (b *bridge) pollOpens(now time.Time) time.Time {
	return latest(b.ledger.opens(now, forPoll, false), b.ledger.paced(now), b.condition.pollOpens(now, b.lastSent))
}

func (b *bridge) commandOpens(now time.Time) time.Time {
	return latest(b.ledger.opens(now, forCommand, false), b.condition.commandOpens(), b.notSoon)
}

// dispatch gives the worker its next call: a command, a readback or a poll, in this order.
func (b *bridge) dispatch(ctx context.Context, now time.Time) {
	if !b.commandOpens(now).After(now) {
		if batch := b.queue.take(now); batch != nil {
			b.send(ctx, batch)
			return
		}
		if w := b.queue.takeCheck(now); w != nil {
			b.verify(ctx, w)
			return
		}
		if d := b.readbackDue(now); d != nil {
			b.readback(ctx, d)
			return
		}
	}
	if b.phase != running {
		return // nobody to publish for
	}
	if p := next(now, b.dues(), b.pollOpens(now)); p.ask >= 0 {
		b.poll(ctx, b.families[p.ask], now)
	}
}

// slowedBy is how long a poll that is due must be held back for the status to say so.
const slowedBy = time.Minute

// status is the API's status with the reason in words: that of the last answers, or that polls are held back for
// longer than a moment.
func (b *bridge) status(now time.Time) (apiStatus, string) {
	if c := b.condition; c.status != apiOK {
		return c.status, c.reason
	}
	due, open := next(now, b.dues(), time.Time{}).wake, b.pollOpens(now)
	if open.Sub(latest(now, due)) <= slowedBy {
		return apiOK, b.condition.reason
	}
	return apiSlowed, fmt.Sprintf("requests are held back until %s to stay below the limits", b.wall(open).Format(time.TimeOnly))
}

func (b *bridge) start(ctx context.Context, c *call) {
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.since = b.now()
	b.calling = c
	b.worker.calls <- c // there is room: one call at a time
}

// poll asks for a family's list.
func (b *bridge) poll(ctx context.Context, f *familyState, now time.Time) {
	f.asked, f.refresh = now, false
	b.start(ctx, &call{
		use: forPoll, poll: true,
		run:  func(ctx context.Context) (any, error) { return f.list(ctx, b.client) },
		done: func(v any, err error) { b.polled(f, v, err) },
	})
}

// preempt cancels a poll that has been in flight for a while when a command waits.
func (b *bridge) preempt(now time.Time) {
	if b.calling.poll && now.Sub(b.calling.since) >= preemptAfter && len(b.queue) > 0 && !b.commandOpens(now).After(now) {
		b.calling.cancel()
	}
}

// decidePermit answers the worker: the request is counted, and the count is with the broker before it leaves, so that
// a crash doesn't forget it.
func (b *bridge) decidePermit(r permitRequest) {
	now, use := b.now(), forPoll
	if b.calling != nil {
		use = b.calling.use
	}
	if at := b.ledger.opens(now, use, r.request.SignIn); at.After(now) {
		what := "the ceiling of requests is reached"
		if r.request.SignIn && b.ledger.opens(now, use, false).Before(at) {
			what = "the sign-ins of this hour are used up"
		}
		r.reply <- &notYet{at: at, signIn: r.request.SignIn, what: fmt.Sprintf("%s until %s", what, b.wall(at).Format(time.TimeOnly))}
		return
	}
	b.ledger.record(now, use, r.request.SignIn)
	b.lastSent = now
	b.requests.add(b.options.Wall())
	b.putState(func() { r.reply <- nil })
}

// finish takes the worker's result.
func (b *bridge) finish(r result) {
	r.call.cancel()
	b.calling = nil
	for _, e := range r.exchanges {
		b.exchanged(e)
	}
	r.call.done(r.value, r.err)
	b.publishState()
}

// exchanged takes what an answer says beside its body: the cloud's clock and the rate limit.
func (b *bridge) exchanged(e raptclient.Exchange) {
	now := b.now()
	b.metrics.exchange(e)
	if e.Date.Valid {
		if skew := e.Date.V.Sub(now); (skew - b.skew).Abs() > 2*time.Second {
			b.adjust(skew)
		}
	}
	b.condition.headers(now, e.RateLimit, b.skew)
	b.log.Debug("asked the RAPT Cloud", slog.String("endpoint", e.Endpoint), slog.Int("status", e.Status), slog.Duration("took", e.Took))
}

// adjust follows the cloud's clock: what is known of the devices' readings moves with it.
func (b *bridge) adjust(skew time.Duration) {
	by := b.skew - skew
	b.skew = skew
	for _, f := range b.families {
		for _, d := range f.order {
			d.rhythm.shift(by)
		}
	}
	if b.lastPoll.IsZero() && skew.Abs() > time.Minute {
		b.log.Warn("this machine's clock differs from the RAPT Cloud's; check its time setting", slog.Duration("by", -skew.Round(time.Second)))
	}
}

// polled takes the answer to a family's list.
func (b *bridge) polled(f *familyState, v any, err error) {
	now := b.now()
	if err != nil {
		b.pollFailed(f, now, err)
		return
	}
	b.healthy()
	list := v.(listing)
	b.noticed(list.report)
	before := f.answered
	if f.told {
		f.told = false
		b.log.Info("a family's list can be read again", slog.String("family", string(f.name)))
	}
	f.answered, f.failures, f.retry = now, 0, time.Time{}
	b.lastPoll = b.options.Wall()
	b.metrics.polled(string(f.name), now.Sub(f.asked))

	seen := make(map[string]bool, len(list.readings))
	for _, r := range list.readings {
		if r.device.Deleted.V {
			continue
		}
		seen[r.device.ID] = true
		b.observe(f, r, now, before)
	}
	if list.report.Skipped == 0 {
		b.missing(f, seen)
	}
	f.empty = f.empty + 1
	if len(f.order) > 0 || len(seen) > 0 {
		f.empty = 0
	}
	b.plan(f)
}

// healthy notes that the API answers.
func (b *bridge) healthy() {
	b.condition.succeeded()
	b.ills = 0
	if b.apiLogged != apiOK && b.apiLogged != "" {
		b.log.Info("the RAPT Cloud answers again")
	}
	if b.apiLogged == "" {
		b.log.Info("the RAPT Cloud answers")
	}
	b.apiLogged = apiOK
}

// pollFailed plans another try. A poll that fails changes nothing of what is published about devices.
func (b *bridge) pollFailed(f *familyState, now time.Time, err error) {
	var held *notYet
	if errors.Is(err, context.Canceled) || errors.As(err, &held) {
		f.retry = now // as soon as it may
		f.asked = f.answered
		b.ailing(now, err)
		b.plan(f)
		return
	}
	f.failures++
	f.retry = now.Add(doubled(b.options.MinPollInterval, f.failures, max(b.options.MaxPollInterval, b.options.MinPollInterval)))
	if isForbidden(err) {
		f.retry = now.Add(afterForbidden)
	}
	if alone := b.condition.status == apiOK || b.condition.status == apiSlowed; f.failures >= keepsFailing && alone && !f.told {
		f.told = true
		b.log.Warn("a family's list can't be read; its devices stay as they are", slog.String("family", string(f.name)), slog.Any("reason", err))
	}
	b.ailing(now, err)
	b.plan(f)
}

func isForbidden(err error) bool {
	var api *raptclient.APIError
	return errors.As(err, &api) && api.Status == 403
}

// keepsFailing is how often a family's list fails in a row, while others are answered, before the log says so.
const keepsFailing = 3

// ailing notes that the API doesn't answer as it should, and tells the log once for each state it gets into. A single
// error between answers is not worth a line.
func (b *bridge) ailing(now time.Time, err error) {
	var held *notYet
	if errors.As(err, &held) && !held.signIn {
		return // the ceiling is the bridge's own: nothing is wrong with the API
	}
	was := b.condition.reason
	b.condition.failed(now, b.options.Wall(), err)
	c := b.condition
	if c.reason == "" || errors.Is(err, context.Canceled) {
		return
	}
	if c.reason != was {
		b.problem(c.reason)
	}
	b.ills++
	passing := (c.status == apiUnreachable || c.status == apiMaintenance) && b.ills < 2 && !b.lastPoll.IsZero()
	if c.status != b.apiLogged && c.status != apiOK && !passing {
		b.apiLogged = c.status
		level := slog.LevelWarn
		if c.status == apiRejected {
			level = slog.LevelError
		}
		b.log.Log(context.Background(), level, "the RAPT Cloud can't be used as usual", slog.String("status", string(c.status)), slog.String("reason", c.reason))
	} else if c.status == apiOK {
		b.odd(c.reason, "%s", c.reason)
	}
}

// noticed tells of what the contract doesn't have: each once, and counts the unknown fields.
func (b *bridge) noticed(r raptclient.Report) {
	for _, n := range r.Notices {
		if n.Kind == raptclient.UnknownField {
			b.unknown++
		}
		b.log.Warn(n.String())
		b.metrics.notice(string(n.Kind))
	}
}

// observe takes one device of an answer.
func (b *bridge) observe(f *familyState, r reading, now, before time.Time) {
	id := r.device.ID
	d := f.devices[id]
	if d == nil {
		d = &device{family: f.family, id: id, holds: map[string]*hold{}}
		f.devices[id] = d
		f.order = append(f.order, d)
		if known, ok := b.takeover.restored(f.name, id); ok {
			d.rhythm.resume(b.steady(known.lastActivity), known.interval, b.steady(known.expected))
		}
		delete(f.ghosts, id)
		d.reading = r
		b.nameApart()
		b.log.Info("found a device", slog.String("family", string(f.name)), slog.String("device", d.name()))
	} else {
		d.take(r)
	}
	d.absences = 0
	if r.control != nil && r.control.TelemetryFrequency.Valid {
		d.rhythm.stating(float64(r.control.TelemetryFrequency.V))
	}
	activity := r.activity()
	if !activity.IsZero() && d.rhythm.saw(b.steady(activity), now, before) {
		b.metrics.reading(string(f.name), now.Sub(b.steady(activity)))
	}
	d.findings.interval = roundedInterval(d.rhythm.interval)
	d.findings.expected = time.Time{}
	if at := d.rhythm.expected(now); !at.IsZero() && !d.rhythm.silent(now, f.floor) {
		d.findings.expected = b.wall(at)
	}
	b.judge(d)
	b.publishDevice(d, now, false)
}

// roundedInterval keeps the published figure from changing with every reading's jitter.
func roundedInterval(d time.Duration) time.Duration {
	step := time.Second
	for _, s := range []time.Duration{5 * time.Second, 15 * time.Second, time.Minute} {
		if d >= 20*s {
			step = s
		}
	}
	return d.Round(step)
}

// missing counts the devices that a complete answer didn't have. After the second in a row they are gone.
func (b *bridge) missing(f *familyState, seen map[string]bool) {
	for _, d := range append([]*device(nil), f.order...) {
		if seen[d.id] {
			continue
		}
		if d.absences++; d.absences >= 2 {
			b.remove(f, d)
		}
	}
	for id := range f.ghosts {
		if f.ghosts[id]++; f.ghosts[id] >= 2 {
			b.log.Info("cleared a device that an earlier run left behind", slog.String("family", string(f.name)), slog.String("id", id))
			b.clear(f.name, id)
			delete(f.ghosts, id)
		}
	}
}

func (b *bridge) remove(f *familyState, d *device) {
	b.log.Info("a device is no longer in the RAPT account", slog.String("family", string(f.name)), slog.String("device", d.name()))
	for _, w := range b.queue {
		if w.device == d {
			b.tell(w, rejected, errors.New("the device is no longer in the RAPT account"))
		}
	}
	b.queue.dropDevice(d)
	delete(f.devices, d.id)
	for i, other := range f.order {
		if other == d {
			f.order = append(f.order[:i], f.order[i+1:]...)
			break
		}
	}
	b.clear(f.name, d.id)
	b.nameApart()
}
