package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/standby"
)

var errOtherActive = errors.New("another bridge of the account is active")

// isForeign reports whether a retained state is another account's. The bridge ends then, and leaves what is there alone.
func (b *bridge) isForeign(account string) bool {
	foreign := account != retained.DemoAccount && b.identity.Foreign(account)
	if foreign {
		b.ended = fmt.Errorf("another RAPT account's bridge publishes below the topic prefix %q; set mqtt.topic_prefix to one of its own for each account. "+
			"If this bridge is to follow the other one there, stop that one and clear what it left: mosquitto_pub -r -n -t %s", b.options.TopicPrefix, b.mqtt.topics.BridgeState())
	}
	return foreign
}

// standbyConnection is the connection that looks whether another bridge of the account is active.
func (b *bridge) standbyConnection() *broker.Standby {
	t := b.mqtt.topics
	return &broker.Standby{
		ClientID: b.options.ClientID + "-standby-" + b.identity.Instance[:6],
		Filters:  []string{t.BridgeAvailability(), t.BridgeState(), t.BridgeStandby()},
	}
}

// standBy begins to look: what the broker retains comes before the echo of the question.
func (b *bridge) standBy() {
	m := &b.mqtt
	m.phase, m.since, m.lastErr = standingBy, b.clock.Now(), ""
	b.ask(m.since)
}

func (b *bridge) ask(now time.Time) {
	b.mqtt.watch.Asked(now)
	b.sign(b.mqtt.watch.Sign())
}

func (b *bridge) sign(s standby.Sign) {
	payload, _ := json.Marshal(s)
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgeStandby(), Payload: payload})
}

// showActive tells the others that this bridge is the active one.
func (b *bridge) showActive() { b.sign(standby.Sign{Instance: b.identity.Instance, Active: true}) }

// onSign takes what bridges tell each other.
func (b *bridge) onSign(payload []byte, now time.Time) {
	m := &b.mqtt
	var s standby.Sign
	switch {
	case json.Unmarshal(payload, &s) != nil || s.Instance == "":
	case m.named && m.phase != away:
		if !s.Active && s.Instance != b.identity.Instance {
			b.showActive()
		}
	case m.watch.Heard(s, now):
		b.ask(now)
	default:
		b.tellWaiting()
	}
}

// onWatched takes what the broker has of the active bridge.
func (b *bridge) onWatched(msg broker.Message, now time.Time) {
	m := &b.mqtt
	switch msg.Topic {
	case m.topics.BridgeAvailability():
		if m.watch.Availability(string(msg.Payload) == string(mirror.Online.Payload())) {
			b.ask(now)
		}
	case m.topics.BridgeState():
		if instance, account, ok := retained.Author(msg.Payload); ok && !b.isForeign(account) {
			m.watch.State(instance)
		}
	}
}

// tellWaiting tells the log once that another bridge is active. What this one knew of the account gets old from now on.
func (b *bridge) tellWaiting() {
	if !b.mqtt.watch.Active() {
		return
	}
	if !b.identity.Waiting {
		b.identity.Waiting = true
		b.log.Info("another bridge of the account is active; standing by until it is gone", slog.String("client_id", b.options.ClientID))
	}
	if b.mqtt.restored {
		b.ended = errOtherActive
	}
}

// takeName takes the name when nobody has it, so that this bridge becomes the active one. Where that is not sure it asks.
func (b *bridge) takeName(now time.Time) {
	m := &b.mqtt
	if m.phase != standingBy || b.ended != nil {
		return
	}
	if m.watch.MayAsk(now) {
		b.ask(now)
	}
	if at := m.watch.TakeAt(); at.IsZero() || at.After(now) {
		return
	}
	if m.restored && m.watch.Other() {
		b.ended = errOtherActive // begin anew, then take it: what is known is old
		return
	}
	if b.identity.Waiting {
		b.log.Info("the active bridge is gone; taking its place")
	}
	b.identity.Lost = false
	b.disconnected(false)
	m.named = true
	m.conn.Take(!m.restored)
}

// disconnected notes that the connection is gone. taken says that another client has taken the name.
func (b *bridge) disconnected(taken bool) {
	m := &b.mqtt
	m.phase, m.since, m.named = away, b.clock.Now(), false
	m.outbox.Clear()
	b.identity.Lost = b.identity.Lost || taken
	m.watch = standby.New(b.identity.Instance, b.identity.Lost)
}

// leave ends the worker, and says goodbye to the broker where the bridge ends for good: without a last message, since
// what is there is another's.
func (b *bridge) leave(cancel context.CancelFunc, done <-chan struct{}) {
	cancel()
	b.mqtt.outbox.Clear()
	ctx, end := context.WithTimeout(context.Background(), stopWithin)
	defer end()
	if !errors.Is(b.ended, errOtherActive) {
		b.mqtt.conn.Close(ctx, broker.Publication{})
		b.account.client.CloseIdleConnections()
	}
	<-done // an HTTP request ends with its context
}

// beginAnew makes the bridge know nothing of the account any more, as at a start, but for its connections.
func (b *bridge) beginAnew() {
	was, a := b.mqtt, b.account
	a.worker.Drain(b.finish)
	b.publishOutcomes(slices.Concat(a.inFlight, a.Queue), command.Rejected, errOtherActive)
	for d := range a.Each {
		for _, s := range b.sinks {
			s.Remove(d.Ref)
		}
	}
	b.begin(a.anew(&b.options))
	b.mqtt.conn, b.mqtt.phase, b.mqtt.since, b.mqtt.watch, b.mqtt.named = was.conn, was.phase, was.since, was.watch, was.named
	b.mqtt.freshFrom, b.mqtt.outbox = was.freshFrom, was.outbox // with the outcomes
}
