package bridge

import (
	"encoding/json"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
)

// permitKey is the key of the command by which a program beside the bridge, such as an export, asks for a request.
const permitKey = "permit"

// onPermitRequest answers a program beside the bridge. Its request counts in the bridge's own log, as what fills gaps does, and
// the count is with the broker before the answer.
func (b *bridge) onPermitRequest(r command.Request) {
	a, now := b.account, b.clock.Now()
	asked, err := a.Lender.Take(a.key, r.Payload, b.clock.Wall())
	switch {
	case r.Retained:
		err = command.ErrRetained
	case r.Asleep:
		err = command.ErrAsleep
	}
	if err != nil {
		b.reject(r, err)
		return
	}
	due := b.backfill.History.Due()
	wait := a.Lender.Lend(a.Gate, asked, now, a.calling == nil && b.mqtt.phase == running, !due.IsZero() && !due.After(now))
	if wait <= 0 {
		b.page.Requests.Add(b.clock.Wall())
		b.putState(nil) // before the answer: the outbox keeps the order
	}
	answer, _ := json.Marshal(a.key.Answer(asked, wait)) // it holds nothing that can't be JSON
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgePermit(), Payload: answer})
}
