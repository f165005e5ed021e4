package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	takeoverWait  = 10 * time.Second // for the echo of the marker
	stopWithin    = 1500 * time.Millisecond
	tickEvery     = time.Minute     // availability and the counts of the hour change with time alone
	configApart   = 5 * time.Second // Home Assistant drops part of a config that follows another too closely
	preemptAfter  = time.Second     // a poll in flight for longer gives way to a command
	patientEnough = 5 * time.Second // between a failed command and the next try of any
)

type phase int

const (
	away       phase = iota // no broker
	takingOver              // reading what an earlier run retained
	running
)

// bridge is the state that one goroutine owns.
type bridge struct {
	options Options
	log     *slog.Logger
	topics  discovery.Topics
	client  *raptclient.Client
	link    *link
	worker  *worker
	elapsed func() time.Duration // since the start, by the monotonic clock
	origin  time.Time            // the wall clock at the start

	phase       phase
	before      bool // a connection has been up before
	takeover    *takeover
	outbox      *outbox
	trouble     string          // of the broker, the latest
	troubles    map[string]bool // those that the log has told of since the last connection
	brokerSince time.Time       // of the phase
	oddities    map[string]bool

	ledger    *ledger
	condition *condition
	skew      time.Duration // what the cloud's clock is ahead of steady time
	lastSent  time.Time     // when the last request left

	families  []*familyState
	byName    map[discovery.Family]*familyState
	unknown   int // fields that the contract doesn't have, seen so far
	lastPoll  time.Time
	lastError string
	apiLogged apiStatus
	ills      int // errors of the API since its last answer

	desk     desk
	queue    queue
	calling  *call
	notSoon  time.Time // after a command failed: not before
	records  []CommandRecord
	problems []Problem
	requests *history
	metrics  *metrics

	republishAt  time.Time
	tickAt       time.Time
	late         map[*device]time.Time // devices whose announcement waits
	ownConfigAt  time.Time             // the bridge's own announcement,
	ownLate      time.Time             // and when it is due again, where it waits
	state        []byte                // the bridge's own document as published
	buffer       []byte
	snapshotAt   time.Time
	snapshotLate bool // something may have changed since
}

// familyState is a family with its devices.
type familyState struct {
	*family
	asking
	devices  map[string]*device
	order    []*device      // by first sight, so that names and requests are stable
	ghosts   map[string]int // ids retained by an earlier run and not seen since, with their absences
	failures int
	told     bool // that its list can't be read
	dueAt    time.Time
}

// Run mirrors the account until ctx ends, then publishes that the bridge is offline and returns nil. It returns an
// error only for options that can't work; a broker or a cloud that is away is waited for.
func Run(ctx context.Context, o Options) error {
	o.defaults()
	b, err := newBridge(o)
	if err != nil {
		return err
	}
	filters := append(b.topics.CommandFilters(), b.topics.HAStatus())
	if b.link, err = connect(ctx, &b.options, b.will(), filters, b.takeoverFilters()); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return b.run(ctx)
}

func newBridge(o Options) (*bridge, error) {
	b := &bridge{
		options: o, log: o.Log,
		topics:  discovery.Topics{Prefix: o.TopicPrefix, DiscoveryPrefix: o.DiscoveryPrefix},
		elapsed: sinceNow(), origin: o.Wall().Round(0),
		outbox: newOutbox(), oddities: map[string]bool{}, troubles: map[string]bool{}, late: map[*device]time.Time{},
		ledger:    newLedger(o.MaxRequestsPerHour, o.MaxRequestsPerMinute),
		condition: newCondition(),
		byName:    map[discovery.Family]*familyState{},
		requests:  &history{},
		worker:    newWorker(), takeover: newTakeover(),
	}
	b.brokerSince = b.origin
	b.metrics = newMetrics(o.Metrics, o.Version)
	account := o.RAPT
	account.Permit, account.Answered, account.Now = b.worker.permit, b.worker.answered, b.now
	client, err := raptclient.New(account)
	if err != nil {
		return nil, err
	}
	b.client = client
	families := families()
	named := map[discovery.Family]*family{}
	for _, f := range families {
		s := &familyState{family: f, devices: map[string]*device{}, ghosts: map[string]int{}}
		b.families = append(b.families, s)
		b.byName[f.name], named[f.name] = s, f
	}
	b.desk = desk{readOnly: o.ReadOnly, topics: b.topics, rows: commandRows(), families: named, device: b.device}
	return b, nil
}

// now is the bridge's steady time: the wall clock of the start, carried on by the monotonic clock.
func (b *bridge) now() time.Time { return b.origin.Add(b.elapsed()) }

func sinceNow() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// wall is a steady time as people read it.
func (b *bridge) wall(at time.Time) time.Time { return b.options.Wall().Add(at.Sub(b.now())) }

// steady is a time of the cloud's clock in steady time.
func (b *bridge) steady(cloud time.Time) time.Time {
	if cloud.IsZero() {
		return cloud
	}
	return cloud.Add(-b.skew)
}

func (b *bridge) device(f discovery.Family, id string) *device {
	if s := b.byName[f]; s != nil {
		return s.devices[id]
	}
	return nil
}

func (b *bridge) will() publication {
	return publication{topic: b.topics.BridgeAvailability(), payload: []byte("offline"), retain: true}
}

// run is the loop. Everything that waits is in its one select.
func (b *bridge) run(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); b.worker.run(working) }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var (
			out  chan publication
			next publication
		)
		if p, ok := b.outbox.next(); ok && b.phase != away {
			out, next = b.link.out, p
		}
		select {
		case <-ctx.Done():
			b.stop(stop, done)
			return nil
		case out <- next:
			b.outbox.sent()
			continue // nothing else has changed
		case e := <-b.link.events:
			b.broker(e)
		case r := <-b.worker.permits:
			b.decidePermit(r)
		case r := <-b.worker.results:
			b.finish(r)
		case <-b.options.Refresh:
			b.refresh()
		case <-timer.C:
		}
		timer.Reset(b.step(working))
	}
}

// stop ends the worker and says goodbye to the broker, within two seconds whatever hangs.
func (b *bridge) stop(cancel context.CancelFunc, done <-chan struct{}) {
	cancel() // first, or a request that waits for its count to be with the broker would leave
	b.outbox.clear()
	ctx, end := context.WithTimeout(context.Background(), stopWithin)
	defer end()
	b.link.close(ctx, publication{topic: b.topics.BridgeAvailability(), payload: []byte("offline"), retain: true})
	select {
	case <-done:
	case <-ctx.Done():
	}
	b.client.CloseIdleConnections()
	b.log.Info("stopped")
}

// broker takes an event of the broker's side.
func (b *bridge) broker(e event) {
	switch e.kind {
	case brokerUp:
		b.connected()
	case brokerDown, brokerFail:
		if e.kind == brokerDown {
			b.phase, b.brokerSince = away, b.now()
			b.outbox.clear()
		}
		b.trouble = e.err.Error()
		if text := b.trouble; !b.troubles[text] && len(b.troubles) < 100 {
			b.troubles[text] = true
			b.log.Warn("the MQTT broker can't be used; trying on", slog.String("reason", text))
			b.problem("MQTT: " + text)
		}
	case arrived:
		b.message(e.msg)
	}
}

func (b *bridge) connected() {
	b.log.Info("connected to the MQTT broker", slog.Bool("again", b.before))
	b.trouble, b.brokerSince = "", b.now()
	clear(b.troubles)
	if b.before {
		b.phase = running
		b.republish()
		return
	}
	b.phase = takingOver
	b.takeover.begin(b.now())
	b.put(publication{topic: b.topics.BridgeMarker(), payload: []byte(b.takeover.marker)})
}

// message takes a message of the broker.
func (b *bridge) message(m message) {
	m.at = b.now()
	switch {
	case m.topic == b.topics.HAStatus():
		if string(m.payload) == "online" && b.phase == running {
			// Not at once: after a start of Home Assistant everybody publishes.
			b.republishAt = m.at.Add(time.Second + rand.N(3*time.Second))
		}
	case m.topic == b.topics.BridgeMarker():
		if b.phase == takingOver && string(m.payload) == b.takeover.marker {
			b.takenOver()
		}
	case !b.before && b.takeover.collect(b.topics, m):
	default:
		b.command(m)
	}
}

// put queues a publication; while the broker is away it is dropped, since all state is published on connecting.
func (b *bridge) put(p publication) {
	if b.phase == away {
		if p.handed != nil {
			p.handed()
		}
		return
	}
	b.outbox.put(p)
}

// step does what is due at this moment and returns how long until something else is.
func (b *bridge) step(ctx context.Context) time.Duration {
	now := b.now()
	if b.phase == takingOver && now.Sub(b.takeover.since) >= takeoverWait {
		b.log.Warn("the broker didn't return a message of the bridge's own; its access rules may forbid it; starting without what an earlier run left",
			slog.String("topic", b.topics.BridgeMarker()))
		b.takenOver()
	}
	if b.phase == running {
		if !b.republishAt.IsZero() && !b.republishAt.After(now) {
			b.republish()
		}
		if !b.tickAt.After(now) {
			b.tick(now)
		}
		b.lateConfigs(now)
	}
	b.expire(now)
	b.endHolds(now)
	if b.calling == nil {
		b.dispatch(ctx, now)
	} else {
		b.preempt(now)
	}
	b.snapshot(now)
	return max(0, b.wake(now).Sub(now))
}

// wake is when the next thing is due; something that happens comes sooner.
func (b *bridge) wake(now time.Time) time.Time {
	at := now.Add(tickEvery)
	sooner := func(t time.Time) { at = soonest(at, t) }
	if b.phase == takingOver {
		sooner(b.takeover.since.Add(takeoverWait))
	}
	if b.phase == running {
		sooner(b.republishAt)
		sooner(b.tickAt)
		sooner(b.nextLateConfig())
		if b.calling == nil {
			sooner(next(now, b.dues(), b.pollOpens(now)).wake)
		}
	}
	if b.calling == nil {
		sooner(b.queue.wake(b.commandOpens(now)))
		sooner(b.nextReadback(now))
	} else {
		sooner(b.queue.wake(now.Add(time.Hour)))
		if b.calling.poll && len(b.queue) > 0 && b.calling.ctx.Err() == nil {
			sooner(latest(b.calling.since.Add(preemptAfter), b.commandOpens(now)))
		}
	}
	sooner(b.nextHoldEnd())
	if b.snapshotLate {
		sooner(b.snapshotAt.Add(snapshotApart))
	}
	return at
}

// tick looks at what changes with time alone.
func (b *bridge) tick(now time.Time) {
	b.tickAt = now.Add(tickEvery)
	for _, f := range b.families {
		for _, d := range f.order {
			b.publishAvailability(d, now)
		}
		b.plan(f)
	}
	b.publishState()
}

// problem keeps something that went wrong for the bridge's entity and the status page.
func (b *bridge) problem(text string) {
	b.lastError = text
	if n := len(b.problems); n > 0 && b.problems[n-1].Text == text {
		b.problems[n-1].Count++
		b.problems[n-1].At = b.options.Wall()
		return
	}
	b.problems = append(b.problems, Problem{At: b.options.Wall(), Text: text, Count: 1})
	if len(b.problems) > keptProblems {
		b.problems = b.problems[1:]
	}
}

// odd logs something strange once.
func (b *bridge) odd(key, format string, args ...any) {
	if b.oddities[key] || len(b.oddities) > 1000 {
		return
	}
	b.oddities[key] = true
	b.log.Warn(fmt.Sprintf(format, args...))
}
