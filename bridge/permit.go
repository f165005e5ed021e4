package bridge

import (
	"encoding/json"
	"errors"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
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
	answer := func(p limit.Permit) {
		payload, _ := json.Marshal(p) // it holds nothing that can't be JSON
		b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgePermit(), Payload: payload})
	}
	if err != nil {
		b.reject(r, err)
		if errors.Is(err, limit.ErrAnotherTime) {
			answer(a.key.Refuse(asked, err))
		}
		return
	}
	due := b.backfill.History.Due()
	wait := a.Lender.Lend(a.Gate, asked, now, a.calling == nil && b.mqtt.phase == running, !due.IsZero() && !due.After(now))
	if wait <= 0 {
		b.page.Requests.Add(b.clock.Wall())
		b.putState(nil) // before the answer: the outbox keeps the order
	}
	answer(a.key.Answer(asked, wait))
}
