package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// The library of the tests' broker waits for itself for good when a client leaves while the broker closes
// (Clients.GetByListener takes a read lock twice). What hangs there then is no leak of the bridge's.
func TestMain(m *testing.M) {
	const broker = "github.com/mochi-mqtt/server/v2"
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction(broker+".(*Clients).Len"), goleak.IgnoreAnyFunction(broker+".(*Server).attachClient"),
		goleak.IgnoreAnyFunction(broker+".(*Server).eventLoop"), goleak.IgnoreAnyFunction(broker+".(*Client).WriteLoop"),
		goleak.IgnoreAnyFunction(broker+"/listeners.(*TCP).Serve"),
	)
}

// memoryBroker stands in for a broker where time is virtual: it retains, echoes and records.
type memoryBroker struct {
	mu       sync.Mutex
	retained map[string][]byte
	sent     []broker.Publication
	when     []time.Time // of what was sent
	mute     atomic.Bool // doesn't echo the marker
	stalled  bool        // takes nothing
	refused  string      // the end of topics that nobody may publish to; empty for none
	refusals int         // what was refused so far
	conn     *broker.Connection
	number   int           // of the connection
	slow     time.Duration // until it takes the next message
	each     time.Duration // that every message takes
	stop     chan struct{}
	wake     chan struct{} // stalled has changed
	work     sync.WaitGroup
}

func newMemoryBroker() *memoryBroker {
	return &memoryBroker{retained: map[string][]byte{}, wake: make(chan struct{}, 1)}
}

// connect makes a connection to it, with what it retains on the topics of the restore sent first.
func (m *memoryBroker) connect(b *bridge) *broker.Connection {
	conn := &broker.Connection{Events: make(chan broker.Event, 64), Out: make(chan broker.Publication), EndRestore: func() {}}
	stop := make(chan struct{})
	m.conn, m.stop = conn, stop
	b.mqtt.named = true // there is no other bridge
	m.number++
	conn.Close = func(_ context.Context, last broker.Publication) {
		m.take(last)
		close(stop)
		m.work.Wait()
	}
	emit := func(e broker.Event) {
		select {
		case conn.Events <- e:
		case <-stop:
		}
	}
	conn.Renew = func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		old := m.number
		m.work.Go(func() {
			time.Sleep(time.Second)
			m.mu.Lock()
			m.number = old + 1
			m.mu.Unlock()
			emit(broker.Event{Kind: broker.Up, Connection: old + 1})
		})
		return old
	}
	m.work.Go(func() {
		m.mu.Lock()
		var earlier []broker.Message
		for topic, payload := range m.retained {
			_, _, state := b.mqtt.topics.ParseState(topic)
			if _, _, position := b.mqtt.topics.ParseHistory(topic); position {
				state = true
			}
			if _, _, of := b.mqtt.topics.ParseBatch(topic); of {
				state = true
			}
			if _, _, _, ended := b.mqtt.topics.ParseEndedBatch(topic); ended {
				state = true
			}
			_, config := b.mqtt.topics.ParseConfig(topic)
			if state || config || topic == b.mqtt.topics.BridgeState() {
				earlier = append(earlier, broker.Message{Topic: topic, Payload: payload, Retained: true})
			}
		}
		m.mu.Unlock()
		for _, msg := range earlier {
			emit(broker.Event{Kind: broker.Received, Message: msg})
		}
		emit(broker.Event{Kind: broker.Up})
		for {
			out := conn.Out
			if m.isStalled() {
				out = nil
			}
			select {
			case <-stop:
				return
			case <-m.wake: // it may take again
			case p := <-out:
				if m.refuses(p.Topic) {
					m.mu.Lock()
					m.refusals++
					m.mu.Unlock()
					if p.OnAcked != nil {
						p.OnAcked(false)
					}
					continue
				}
				m.mu.Lock()
				slow := m.slow
				m.slow = 0
				m.mu.Unlock()
				time.Sleep(slow + m.each)
				m.take(p)
				if p.OnAcked != nil {
					p.OnAcked(true)
				}
				if p.Topic == b.mqtt.topics.BridgeMarker() && !m.mute.Load() {
					emit(broker.Event{Kind: broker.Received, Message: broker.Message{Topic: p.Topic, Payload: p.Payload}})
				}
			}
		}
	})
	return conn
}

// refuse lets the broker refuse what is published to topics that end like that, "" none.
func (m *memoryBroker) refuse(suffix string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = suffix
}

func (m *memoryBroker) refuses(topic string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused != "" && strings.HasSuffix(topic, m.refused)
}

func (m *memoryBroker) take(p broker.Publication) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.Payload = bytes.Clone(p.Payload)
	m.sent, m.when = append(m.sent, p), append(m.when, time.Now())
	if !p.Retain {
		return
	}
	if len(p.Payload) == 0 {
		delete(m.retained, p.Topic)
		return
	}
	m.retained[p.Topic] = p.Payload
}

// last is what the broker retains on a topic, as text.
func (m *memoryBroker) last(topic string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.retained[topic])
}

func (m *memoryBroker) document(t testing.TB, topic string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.last(topic)), &doc), "%s: %q", topic, m.last(topic))
	return doc
}

// on returns what was published on a topic, in order.
func (m *memoryBroker) on(topic string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, p := range m.sent {
		if p.Topic == topic {
			out = append(out, string(p.Payload))
		}
	}
	return out
}

func (m *memoryBroker) topics(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for topic := range m.retained {
		if strings.HasPrefix(topic, prefix) {
			out = append(out, topic)
		}
	}
	return out
}

func (m *memoryBroker) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent, m.when = nil, nil
}

// hold has the broker take its time for the next message.
func (m *memoryBroker) hold(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow = d
}

// deliver sends a message as somebody else would publish it.
func (m *memoryBroker) deliver(msg broker.Message) {
	m.mu.Lock()
	e := broker.Event{Kind: broker.Received, Connection: m.number, Message: msg}
	m.mu.Unlock()
	m.conn.Events <- e
}

// world is a simulated cloud, a broker in memory and a bridge between them, for use in a bubble of virtual time.
type world struct {
	cloud  *raptsim.Cloud
	broker *memoryBroker
	log    *bytes.Buffer
	mu     sync.Mutex
	end    context.CancelFunc
	done   chan struct{}
	adapt  func(*Options)
}

func newWorld(o raptsim.Options, adapt func(*Options)) *world {
	w := &world{cloud: raptsim.New(o), broker: newMemoryBroker(), log: &bytes.Buffer{}, adapt: adapt}
	return w
}

// Write collects the log.
func (w *world) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func (w *world) options() Options {
	o := Options{
		RAPT:      raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: w.cloud.Transport()},
		Discovery: true, Version: "1.0.0", Log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if w.adapt != nil {
		w.adapt(&o)
	}
	return o
}

// start runs a bridge until halt.
func (w *world) start(t testing.TB) {
	t.Helper()
	b, err := newBridge(w.options(), clock.New)
	require.NoError(t, err)
	b.mqtt.conn = w.broker.connect(b)
	ctx, end := context.WithCancel(context.Background())
	w.end, w.done = end, make(chan struct{})
	go func() {
		defer close(w.done)
		_ = b.run(ctx)
	}()
}

func (w *world) halt() {
	w.end()
	<-w.done
}

// inBubble runs a test in virtual time, beside others.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// inVirtualTime runs a test in a bubble with a world of its own, whose bridge has started.
func inVirtualTime(t *testing.T, o raptsim.Options, adapt func(*Options), test func(t *testing.T, w *world)) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		w := newWorld(o, adapt)
		w.start(t)
		defer w.halt()
		test(t, w)
	})
}

// pass lets virtual time go on, and everything come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// mostIn returns the greatest number of times within any window of that length.
func mostIn(times []time.Time, span time.Duration) int {
	most, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// publish sends a message as somebody else would.
func (w *world) publish(topic, payload string) { w.broker.deliver(message(topic, payload)) }

func (m *memoryBroker) stall(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalled = on
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *memoryBroker) isStalled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stalled
}
