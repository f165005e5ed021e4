package bridge

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/once"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/standby"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

const restoreWait = 10 * time.Second // for the echo of the marker

type phase int

const (
	away       phase = iota // no broker
	standingBy              // looking whether another bridge of the account is active
	restoring               // reading what an earlier run retained
	running
)

// mqtt is the broker's side of the loop's state.
type mqtt struct {
	topics discovery.Topics
	conn   *broker.Connection
	outbox *broker.Outbox

	phase     phase
	since     time.Time // of the phase
	freshFrom int       // commands that come by an earlier connection are from before a sleep
	named     bool      // the connection is under the bridge's own client id
	watch     standby.Watch
	restored  bool   // what an earlier run retained has been read
	marker    string // of the restore that is under way
	earlier   *retained.Earlier
	lastErr   string    // why the broker can't be used; empty while it can
	logged    *once.Set // reasons that the log has told of since the last connection

	republishAt time.Time
	state       []byte // the bridge's own document as published
}

// active reports whether this bridge is the one of the account that may use the API.
func (m *mqtt) active() bool { return m.named && (m.phase == restoring || m.phase == running) }

// put queues a publication. While the broker is away it is dropped, since all state is published on connecting, but for what
// is kept: somebody may wait for the result of a command. What is retained is the active bridge's alone to publish.
func (m *mqtt) put(p broker.Publication) {
	if m.phase == away && !p.Keep || p.Retain && !m.named {
		if p.OnAcked != nil {
			p.OnAcked(false)
		}
		return
	}
	m.outbox.Put(p)
}

// retain publishes a retained message.
func (m *mqtt) retain(topic string, payload []byte) {
	m.put(broker.Publication{Topic: topic, Payload: payload, Retain: true})
}

// retainMade publishes a retained message that is made when its turn comes.
func (m *mqtt) retainMade(topic string, payload func() []byte) {
	m.put(broker.Publication{Topic: topic, Make: payload, Retain: true})
}

// clear takes a retained message off the broker.
func (m *mqtt) clear(topic string) { m.retain(topic, nil) }

// offline is what the broker publishes when the bridge is gone.
func (m *mqtt) offline() broker.Publication {
	return broker.Publication{Topic: m.topics.BridgeAvailability(), Payload: mirror.Offline.Payload(), Retain: true}
}

// connect starts the connection to the broker.
func (b *bridge) connect(ctx context.Context) (err error) {
	b.mqtt.conn, err = broker.Connect(ctx, broker.Options{
		Find: b.options.FindBroker, ClientID: b.options.ClientID, Will: b.mqtt.offline(), Log: b.log,
		Filters: append(b.mqtt.topics.CommandFilters(), b.mqtt.topics.HAStatus(), b.mqtt.topics.BridgeStandby()),
		Restore: retained.Filters(b.mqtt.topics), Foreign: []string{b.mqtt.topics.ConfigFilter()}, Standby: b.standbyConnection(),
	})
	return err
}

// onBroker takes an event of the broker's side.
func (b *bridge) onBroker(e broker.Event) {
	m := &b.mqtt
	old := e.Connection < m.freshFrom
	if old && (e.Kind == broker.Up || e.Kind == broker.Down) {
		return // it is given up already
	}
	switch e.Kind {
	case broker.Up:
		if m.named = !e.Standby; m.named {
			b.connected()
		} else {
			b.standBy()
		}
	case broker.Down:
		b.disconnected(e.Taken)
		b.brokerError(e.Err.Error())
	case broker.Failed:
		b.brokerError(e.Err.Error())
	case broker.Oversized:
		if b.warnOnce("oversized "+e.Topic, "%s", e.Err) {
			b.problem(e.Err.Error())
		}
	case broker.Undelivered:
		m.put(e.Undelivered)
	case broker.Received:
		b.onMessage(e.Message, old)
	}
}

// brokerError notes why the broker can't be used, and tells the log once for each reason.
func (b *bridge) brokerError(reason string) {
	b.mqtt.lastErr = reason
	if b.mqtt.logged.First(reason) {
		b.log.Warn("the MQTT broker can't be used; trying on", slog.String("reason", reason))
		b.problem("MQTT: " + reason)
	}
}

func (b *bridge) connected() {
	m := &b.mqtt
	b.log.Info("connected to the MQTT broker", slog.Bool("again", m.restored))
	m.lastErr, m.since = "", b.clock.Now()
	m.logged.Clear()
	b.account.Gate.UncountedUntil = time.Time{}
	b.identity.Waiting = false
	if m.restored {
		m.phase = running
		b.showActive()
		b.republish()
		return
	}
	b.beginRestore()
}

// onMessage takes a message of the broker. asleep says that it may have come while the bridge did not run.
func (b *bridge) onMessage(msg broker.Message, asleep bool) {
	m, now := &b.mqtt, b.clock.Now()
	switch {
	case msg.Topic == m.topics.BridgeStandby():
		b.onSign(msg.Payload, now)
	case !m.named && !asleep:
		b.onWatched(msg, now)
	case msg.Topic == m.topics.HAStatus():
		if string(msg.Payload) == "online" && m.phase == running {
			// Not at once: after a start of Home Assistant everybody publishes.
			m.republishAt = now.Add(time.Second + rand.N(3*time.Second))
		}
	case msg.Topic == m.topics.BridgeMarker():
		if m.phase == restoring && string(msg.Payload) == m.marker {
			b.endRestore()
		}
	case !m.restored && m.earlier.Collect(msg.Topic, msg.Payload):
	default:
		b.onCommand(msg, asleep, b.turnedAt) // a sleep that begins at this very moment makes it old
	}
}
