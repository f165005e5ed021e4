package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// document is the bridge's own document as it is at now.
func (b *bridge) document(now time.Time) []byte {
	a, wall := b.account, b.clock.Wall()
	doc := retained.State{
		Version: b.options.Version, APIStatus: a.Status(now),
		LastSuccessfulPoll: retained.ToTheSecond(a.LastPoll), RequestsLastHour: a.Gate.Requests.LastHour(now), RequestsRemaining: a.Gate.Remaining(now),
		UnknownFields: a.UnknownFields, Devices: a.Devices(), PushedDevices: a.Pushed(), Instance: b.identity.Instance, Account: b.identity.Account,
		Requests: a.key.Sign(a.Gate.Save(now, wall)),
	}
	doc.HeatingUnseenDevices, doc.HeatingOn = a.HeatingUnseen(now), a.Heating.Save()
	doc.HeatingUnseen = len(doc.HeatingUnseenDevices) > 0
	if reset := a.Gate.Health.LimitReset(now); !reset.IsZero() {
		doc.RateLimitReset = retained.ToTheSecond(b.clock.Read(reset))
	}
	if last := text.Line(b.page.LastProblem(), device.MaxText); last != "" {
		doc.LastError = &last
	}
	return doc.JSON()
}

// publishState publishes the bridge's document when something in it has changed. The time of the request log alone is no
// change.
func (b *bridge) publishState() {
	if b.mqtt.phase != running {
		return
	}
	doc := b.document(b.clock.Now())
	if !retained.SameState(doc, b.mqtt.state) {
		b.mqtt.state = doc
		b.mqtt.retain(b.mqtt.topics.BridgeState(), doc)
	}
}

// putState publishes it whatever has changed, and calls onAcked once the broker has it or can't be reached.
func (b *bridge) putState(onAcked func(delivered bool)) {
	b.mqtt.state = b.document(b.clock.Now())
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgeState(), Payload: b.mqtt.state, Retain: true, First: onAcked != nil, OnAcked: onAcked})
}
