package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/backfill"
	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/diagnose"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/once"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/sleep"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/metrics"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/standby"
	"github.com/rapt-bridge/rapt-bridge/bridge/status"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

const (
	stopWithin = 1500 * time.Millisecond
	tickEvery  = time.Minute // availability and the counts of the hour change with time alone
)

// bridge is the state that one goroutine owns.
type bridge struct {
	options   Options
	log       *slog.Logger
	clock     clock.Clock
	account   *raptAccount
	mqtt      mqtt
	mirror    *mirror.Mirror
	validator command.Validator
	sinks     []Sink
	metrics   *metrics.Metrics
	page      *status.Page
	diagnosis *diagnose.Record
	backfill  *backfill.Stream
	acked     chan bool // what became of the row that is on its way
	uncounted chan limit.Uncounted
	batches   *batches
	tickAt    time.Time
	turnedAt  time.Time // steady time of the loop's last turn
	watch     *sleep.Watch
	warned    *once.Set // what warnOnce has told of
	refusals  *command.Refusals
	identity  standby.Identity
	ended     error // why the loop ends, where ctx doesn't
}

// Run mirrors the account until ctx ends, then publishes that the bridge is offline and returns nil. It returns an
// error only for options that can't work; a broker or a cloud that is away is waited for.
func Run(ctx context.Context, o Options) error {
	b, err := newBridge(o, clock.New)
	if err != nil {
		return err
	}
	if err := b.connect(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return b.run(ctx)
}

func newBridge(o Options, newClock func(wall func() time.Time) clock.Clock) (*bridge, error) {
	o.defaults()
	b := &bridge{options: o, log: o.Log, clock: newClock(o.Wall), warned: once.New(), refusals: command.NewRefusals(), identity: standby.NewIdentity(o.Account)}
	b.metrics, b.page, b.diagnosis = metrics.New(o.Metrics, o.Version), status.NewPage(b.cloud), diagnose.New(o.Version, "bridge")
	account, err := newAccount(&b.options, b.clock)
	if err != nil {
		return nil, err
	}
	b.begin(account)
	return b, nil
}

// begin makes the state that a bridge begins with.
func (b *bridge) begin(account *raptAccount) {
	o := b.options
	b.account, b.ended = account, nil
	topics := discovery.Topics{Prefix: o.TopicPrefix, DiscoveryPrefix: o.DiscoveryPrefix}
	b.mqtt = mqtt{
		topics: topics, outbox: broker.NewOutbox(),
		since: b.clock.Origin, earlier: retained.NewEarlier(topics), logged: once.New(),
		watch: standby.New(b.identity.Instance, b.identity.Lost),
	}
	b.mirror = mirror.New(b.discoveryOptions(), o.Discovery, b.mqtt.retain, b.mqtt.retainMade)
	b.validator = command.Validator{ReadOnly: o.ReadOnly}
	for _, f := range b.account.Families {
		b.validator.Families = append(b.validator.Families, f.Family)
	}
	b.sinks = []Sink{b.metrics, b.page, b.diagnosis}
	b.uncounted = make(chan limit.Uncounted, 4)
	b.acked, b.backfill = make(chan bool, 1), backfill.New(history.Options{
		Days: o.History.Days, EveryReading: o.History.EveryReading, Pace: b.account.Bounds.Pace(),
	}, o.Statistics, b.clock.Now)
	if o.History.Enabled {
		b.sinks = append(b.sinks, b.backfill)
		b.account.Gate.Requests.ShareWithBackfill()
	}
	b.batches = b.newBatches()
	b.sinks = append(b.sinks, b.batches) // after the back-fill, which knows the device then
}

// run runs the loop, anew each time another bridge of the account has been active meanwhile.
func (b *bridge) run(ctx context.Context) error {
	for {
		if err := b.loop(ctx); !errors.Is(err, errOtherActive) {
			return err
		}
		b.beginAnew()
	}
}

// loop is the loop. Everything that waits is in its one select.
func (b *bridge) loop(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); b.work(working) }()
	timer, pulse := time.NewTimer(0), time.NewTicker(pulseEvery)
	defer timer.Stop()
	defer pulse.Stop()
	b.watch = sleep.NewWatch(b.clock.Moment)
	watched := make(chan struct{})
	go func() { defer close(watched); b.watch.Run(working) }()
	defer func() { stop(); <-watched }()
	for {
		var out chan broker.Publication
		next, ok := b.mqtt.outbox.Next()
		if ok && b.mqtt.phase != away {
			out = b.mqtt.conn.Out
		}
		select {
		case <-ctx.Done():
			b.stop(stop, done)
			return nil
		case out <- next:
			b.mqtt.outbox.Sent()
			continue // nothing else has changed
		case e := <-b.mqtt.conn.Events:
			b.turned()
			b.onBroker(e)
		case r := <-b.account.worker.Permits:
			b.turned()
			b.authorize(r)
		case c := <-b.account.worker.Results:
			b.turned()
			b.finish(c)
		case delivered := <-b.acked:
			b.turned()
			b.handedOn(delivered)
		case m := <-b.backfill.Hours.Missing():
			b.backfill.History.Want(m.Ref, m.Span)
		case <-b.options.Refresh:
			b.turned()
			b.refresh(b.clock.Now())
		case hints := <-b.options.Hints:
			b.onHints(hints, b.clock.Now())
		case id := <-b.options.Forget:
			b.turned()
			b.forgetFromPage(id)
		case reply := <-b.options.Diagnose:
			reply <- b.diagnosis.JSON()
			continue // nothing else has changed
		case <-timer.C:
		case <-pulse.C:
			if !b.turned() {
				continue // nothing else has changed
			}
		}
		b.turned()
		wait := b.step(working)
		if b.ended != nil {
			b.leave(stop, done)
			return b.ended
		}
		timer.Reset(wait)
	}
}

// work runs what has a goroutine of its own until ctx ends.
func (b *bridge) work(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { b.account.worker.Run(ctx) })
	if w := b.options.Statistics; w != nil {
		all.Go(func() { w.Run(ctx) })
	}
	all.Wait()
}

// stop ends the worker and says goodbye to the broker, within two seconds whatever hangs.
func (b *bridge) stop(cancel context.CancelFunc, done <-chan struct{}) {
	cancel() // first, or a request that waits for its count to be with the broker would leave
	b.mqtt.outbox.Clear()
	ctx, end := context.WithTimeout(context.Background(), stopWithin)
	defer end()
	b.mqtt.conn.Close(ctx, b.mqtt.offline())
	select {
	case <-done:
	case <-ctx.Done():
	}
	b.account.client.CloseIdleConnections()
	b.log.Info("stopped")
}

// step does what is due at this moment and returns how long until something else is.
func (b *bridge) step(ctx context.Context) time.Duration {
	now := b.clock.Now()
	b.takeName(now)
	if b.mqtt.phase == restoring && now.Sub(b.mqtt.since) >= restoreWait {
		b.log.Warn("the broker didn't return a message of the bridge's own; its access rules may forbid it; starting without what an earlier run left",
			slog.String("topic", b.mqtt.topics.BridgeMarker()))
		b.endRestore()
	}
	if b.mqtt.phase == running {
		if at := b.mqtt.republishAt; !at.IsZero() && !at.After(now) {
			b.republish()
		}
		if !b.tickAt.After(now) {
			b.tick(now)
		}
		for _, ref := range b.mirror.Deferred(now) {
			b.batchAgain(ref)
		}
		b.handOn(now)
		b.followBatches()
	}
	if n := b.mqtt.outbox.Dropped(); n > 0 {
		b.warnOnce("outbox", "the MQTT broker takes messages too slowly; the oldest results of commands are not published")
	}
	b.summarizeRefusals(now)
	b.expireCommands(now)
	b.expirePending(now)
	if b.account.calling == nil {
		b.dispatch(ctx, now)
	} else {
		b.preempt(now)
	}
	b.backfill.Hours.Make(now, b.backfill.History)
	b.snapshot(now)
	return max(0, b.wake(now).Sub(now))
}

// wake is when the next thing is due; something that happens comes sooner.
func (b *bridge) wake(now time.Time) time.Time {
	a, m := b.account, &b.mqtt
	at := now.Add(tickEvery)
	sooner := func(t time.Time) { at = times.Soonest(at, t) }
	mayCall := a.calling == nil
	if a.Gate.UncountedUntil.After(now) {
		mayCall = false
		sooner(a.Gate.UncountedUntil)
	}
	if m.phase == standingBy {
		sooner(m.watch.Wake())
	}
	if m.phase == restoring {
		sooner(m.since.Add(restoreWait))
	}
	if m.phase == running {
		sooner(m.republishAt)
		sooner(b.tickAt)
		sooner(b.mirror.Due())
		if mayCall {
			sooner(a.NextPoll(now).Wake)
			sooner(a.Queue.ListlessFrom(a.Opening(now)))
			if !a.Absent.NextLook().IsZero() {
				sooner(times.Latest(a.Absent.NextLook(), a.Gate.NextPoll(now)))
			}
			sooner(b.nextBackfill(now))
		}
		sooner(b.backfill.RetryAt())
		sooner(b.backfill.Hours.Due())
		sooner(b.nextBatch())
	}
	sooner(a.PendingEnd())
	sooner(b.refusals.Due())
	sooner(b.page.Due())
	switch open := a.Opening(now); {
	case mayCall && m.active():
		sooner(a.Queue.Wake(open))
		_, at := a.NextReadback(now, open)
		sooner(at)
	default:
		sooner(a.calling.YieldAt(a.Queue.Ready(open), a.Queue.OffReady(open)))
		later := now.Add(time.Hour)
		sooner(a.Queue.Wake(command.Opening{Commands: later, Off: later}))
	}
	return at
}

// tick looks at what changes with time alone.
func (b *bridge) tick(now time.Time) {
	b.tickAt = now.Add(tickEvery)
	for d := range b.account.Each {
		b.publishAvailability(d, now)
	}
	for _, f := range b.account.Families {
		b.account.Plan(f, now)
	}
	b.publishState()
}

// problem keeps something that went wrong for the bridge's entity and the status page.
func (b *bridge) problem(text string) { b.page.AddProblem(text, b.clock.Wall()) }

// warnOnce logs something strange once, and reports whether it did.
func (b *bridge) warnOnce(key, format string, args ...any) bool {
	first := b.warned.First(key)
	if first {
		b.log.Warn(fmt.Sprintf(format, args...))
	}
	return first
}
