package bridge

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
)

// pairBroker is a broker in memory for several bridges: it keeps the rule of one connection for each client id, publishes
// wills, and can be restarted, all in virtual time.
type pairBroker struct {
	mu       sync.Mutex
	retained map[string][]byte
	results  map[string][]string // of commands, by topic
	named    *seat               // who has the name
	seats    []*seat
	down     bool
	mute     bool        // no bridge gets its marker back
	changes  []time.Time // when the name got another owner
	work     sync.WaitGroup
}

func newPairBroker() *pairBroker {
	return &pairBroker{retained: map[string][]byte{}, results: map[string][]string{}}
}

// seat is one bridge's connection.
type seat struct {
	hub     *pairBroker
	b       *bridge
	conn    *broker.Connection
	inbox   chan broker.Event
	stop    chan struct{}
	up      bool
	restore bool
	cut     bool // nothing gets through
	dead    bool
	epoch   int
}

// connect is the connection of a bridge that begins as a standby's.
func (h *pairBroker) connect(b *bridge) *seat {
	s := &seat{hub: h, b: b, inbox: make(chan broker.Event, 100_000), stop: make(chan struct{}), restore: true}
	s.conn = &broker.Connection{Events: make(chan broker.Event, 64), Out: make(chan broker.Publication)}
	s.conn.EndRestore = func() { s.locked(func() { s.restore = false }) }
	s.conn.Take = func(restore bool) {
		s.locked(func() {
			s.restore = s.restore || restore
			s.up = false
			s.epoch++
		})
		h.work.Go(func() { s.take() })
	}
	s.conn.Close = func(_ context.Context, last broker.Publication) {
		h.mu.Lock()
		if h.named == s && !s.dead && !s.cut {
			if last.Topic != "" {
				h.publish(last)
			}
			h.named = nil
		}
		s.up, s.dead = false, true
		h.mu.Unlock()
		close(s.stop)
	}
	h.mu.Lock()
	h.seats = append(h.seats, s)
	h.mu.Unlock()
	h.work.Go(s.deliver)
	h.work.Go(s.publish)
	h.work.Go(func() { s.standBy(0) })
	return s
}

func (s *seat) locked(do func()) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	do()
}

func (s *seat) deliver() {
	for {
		select {
		case <-s.stop:
			return
		case e := <-s.inbox:
			select {
			case s.conn.Events <- e:
			case <-s.stop:
				return
			}
		}
	}
}

func (s *seat) publish() {
	for {
		select {
		case <-s.stop:
			return
		case p := <-s.conn.Out:
			delivered := false
			s.locked(func() {
				if delivered = s.up && !s.cut; delivered {
					s.hub.publish(p)
				}
			})
			if !delivered {
				select { // the time that a publication may take
				case <-time.After(30 * time.Second):
				case <-s.stop:
				}
			}
			if p.OnAcked != nil {
				p.OnAcked(delivered)
			}
		}
	}
}

// wait lets time pass and reports whether the seat is still in that epoch.
func (s *seat) wait(d time.Duration, epoch int) (still bool) {
	select {
	case <-time.After(d):
	case <-s.stop:
		return false
	}
	s.locked(func() { still = s.epoch == epoch && !s.dead })
	return still
}

// standBy connects under an id of its own.
func (s *seat) standBy(after time.Duration) {
	var epoch int
	s.locked(func() { epoch = s.epoch })
	for s.wait(after, epoch) {
		connected := false
		s.locked(func() {
			if connected = !s.hub.down && !s.cut; !connected {
				return
			}
			s.up = true
			s.hub.send(s)
			s.inbox <- broker.Event{Kind: broker.Up, Standby: true}
		})
		if connected {
			return
		}
		after = time.Second
	}
}

// take connects under the name; who has it loses it.
func (s *seat) take() {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down || s.cut || s.dead {
		h.work.Go(func() { s.standBy(time.Second) })
		return
	}
	if old := h.named; old != nil && old != s {
		h.drop(old, broker.Event{Kind: broker.Down, Err: errors.New("taken over"), Taken: true})
		h.publish(old.b.mqtt.offline())
	}
	h.named, s.up = s, true
	h.changes = append(h.changes, time.Now())
	h.send(s)
	s.inbox <- broker.Event{Kind: broker.Up}
}

// drop ends a seat's connection, which then begins to look again.
func (h *pairBroker) drop(s *seat, e broker.Event) {
	if h.named == s {
		h.named = nil
	}
	s.up = false
	s.epoch++
	if !s.dead {
		s.inbox <- e
		h.work.Go(func() { s.standBy(time.Second) })
	}
}

// send sends what is retained on the topics that a seat subscribes to.
func (h *pairBroker) send(s *seat) {
	for topic, payload := range maps.Clone(h.retained) {
		if h.subscribed(s, topic, true) {
			s.inbox <- broker.Event{Kind: broker.Received, Message: broker.Message{Topic: topic, Payload: payload, Retained: true}}
		}
	}
}

func (h *pairBroker) subscribed(s *seat, topic string, retained bool) bool {
	t := s.b.mqtt.topics
	if h.named != s {
		return topic == t.BridgeAvailability() || topic == t.BridgeState() || topic == t.BridgeStandby()
	}
	if h.mute && topic == t.BridgeMarker() {
		return false
	}
	_, _, state := t.ParseState(topic)
	_, config := t.ParseConfig(topic)
	if s.restore && (state || config || topic == t.BridgeState() || topic == t.BridgeMarker()) {
		return true
	}
	return !retained && (topic == t.BridgeStandby() || strings.HasSuffix(topic, "/set"))
}

func (h *pairBroker) publish(p broker.Publication) {
	payload := bytes.Clone(p.Payload)
	if strings.HasSuffix(p.Topic, "/result") {
		h.results[p.Topic] = append(h.results[p.Topic], string(payload))
	}
	if p.Retain {
		if h.retained[p.Topic] = payload; len(payload) == 0 {
			delete(h.retained, p.Topic)
		}
	}
	for _, s := range h.seats {
		if s.up && !s.cut && h.subscribed(s, p.Topic, false) {
			s.inbox <- broker.Event{Kind: broker.Received, Message: broker.Message{Topic: p.Topic, Payload: payload}}
		}
	}
}

// receive is a message for the bridge as somebody else would publish it.
func (s *seat) receive(topic, payload string) {
	s.inbox <- broker.Event{Kind: broker.Received, Message: message(topic, payload)}
}

// gone has the broker find out that a connection is dead: the will is published.
func (h *pairBroker) gone(s *seat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.named == s {
		h.drop(s, broker.Event{Kind: broker.Down, Err: errors.New("the broker doesn't answer")})
		h.publish(s.b.mqtt.offline())
	}
}

// restart has the broker away for a while; what it retains it keeps, and no will is published.
func (h *pairBroker) restart(away time.Duration) {
	h.mu.Lock()
	h.down = true
	for _, s := range h.seats {
		h.drop(s, broker.Event{Kind: broker.Down, Err: errors.New("the broker closed the connection")})
	}
	h.mu.Unlock()
	time.Sleep(away)
	h.mu.Lock()
	h.down = false
	h.mu.Unlock()
}

// watched notes each request of a bridge to the cloud, and whether it had the name then.
type watched struct {
	http.RoundTripper
	mu      sync.Mutex
	seat    func() *seat
	times   []time.Time
	signIns []time.Time
	without int // requests without the name
}

func (r *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	s := r.seat()
	named := false
	s.locked(func() { named = s.hub.named == s })
	r.mu.Lock()
	r.times = append(r.times, time.Now())
	if req.URL.Path == "/connect/token" {
		r.signIns = append(r.signIns, time.Now())
	}
	if !named {
		r.without++
	}
	r.mu.Unlock()
	return r.RoundTripper.RoundTrip(req)
}

// since returns how long after a time the first request left; a year for none.
func (r *watched) since(at time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, sent := range r.times {
		if !sent.Before(at) {
			return sent.Sub(at)
		}
	}
	return 365 * 24 * time.Hour
}
