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
		Version: b.options.Version, APIStatus: b.apiStatus(now),
		LastSuccessfulPoll: retained.ToTheSecond(a.lastPoll), RequestsLastHour: a.gate.Requests.LastHour(now), RequestsRemaining: a.gate.Remaining(now),
		UnknownFields: a.unknownFields, Devices: len(a.byID), PushedDevices: a.pushed(), Instance: b.identity.instance, Account: b.identity.account,
		Requests: a.key.Sign(a.gate.Requests.Save(now, wall)),
	}
	doc.HeatingUnseenDevices, doc.HeatingOn = b.heatingUnseen(now), a.heating.Save()
	doc.HeatingUnseen = len(doc.HeatingUnseenDevices) > 0
	if reset := a.gate.Health.LimitReset(now); !reset.IsZero() {
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
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgeState(), Payload: b.mqtt.state, Retain: true, OnAcked: onAcked})
}

// heatingUnseen are the names of the kettles that were switched on through the bridge and have fallen silent.
func (b *bridge) heatingUnseen(now time.Time) []string {
	names := []string{}
	unseen := b.account.heating.Unseen(now, func(ref device.Ref) time.Time {
		if d := b.account.find(ref); d != nil {
			return b.account.steady(d.reading.Activity())
		}
		return now // the list will tell
	})
	for _, ref := range unseen {
		names = append(names, b.account.find(ref).name())
	}
	return names
}
