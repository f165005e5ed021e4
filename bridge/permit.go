package bridge

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

const (
	// permitKey is the key of the command by which a program beside the bridge, such as an export, asks for a request.
	permitKey = "permit"

	permitLater = time.Minute // to ask again while the API is ill
	permitSoon  = time.Second // to ask again after a request of the bridge's own
	// A program that was told when to ask again is awaited for so long, and after it had its turn, so is the bridge.
	awaitedFor = 5 * time.Second
	ownTurnFor = 5 * time.Minute
	// So long its request may be under way: the bridge's polls wait until then, or until it asks for its next one.
	underWayFor = 10 * time.Second
)

// lending has the bridge and a program beside it take turns with the requests for what was missed.
type lending struct {
	desk    limit.PermitDesk
	awaited time.Time // until when a program may come for its turn; zero for none
	lent    time.Time // when it had its turn; zero when the bridge has had its own since
	busy    time.Time // until when its request may be under way; zero for none
}

// onPermitRequest answers a program beside the bridge that asks for a request. It counts in the bridge's own log, as what fills
// gaps does, and the count is with the broker before the answer. While a request of the bridge's is under way there is none.
func (b *bridge) onPermitRequest(r command.Request) {
	asked, err := b.account.lending.desk.Take(b.account.key, r.Payload, b.clock.Wall())
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
	wait := b.lend(asked)
	if wait <= 0 {
		b.page.Requests.Add(b.clock.Wall())
		b.putState(nil) // before the answer: the outbox keeps the order
	}
	answer, _ := json.Marshal(b.account.key.Answer(asked, wait)) // it holds nothing that can't be JSON
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgePermit(), Payload: answer})
}

// lend counts a request of a program beside the bridge, or says how long that has to wait before it asks again.
func (b *bridge) lend(asked limit.PermitRequest) (wait time.Duration) {
	a, now := b.account, b.clock.Now()
	at, ok := a.gate.NextBackfill(now)
	a.lending.busy = time.Time{} // it asks for one thing after the other
	defer func() {
		if a.lending.awaited = now.Add(wait + awaitedFor); wait <= 0 {
			a.lending = lending{desk: a.lending.desk, lent: now, busy: now.Add(underWayFor)}
		}
	}()
	switch {
	case !ok || b.mqtt.phase != running:
		return permitLater
	case a.calling != nil:
		return permitSoon
	case at.After(now):
		return at.Sub(now)
	case b.ownTurn(now):
		return awaitedFor
	}
	var held *limit.RateLimitedError
	if errors.As(a.gate.Pass(now, limit.ForBackfill, asked.SignIn), &held) {
		return max(held.At.Sub(now), permitSoon)
	}
	return 0
}

// ownTurn reports whether the bridge has rows to ask for and a program beside it had the turn before.
func (b *bridge) ownTurn(now time.Time) bool {
	due := b.backfill.History.Due()
	return now.Sub(b.account.lending.lent) < ownTurnFor && !due.IsZero() && !due.After(now)
}

// turn is when the bridge may ask for what was missed, beside a program that may be awaited.
func (l *lending) turn() time.Time {
	if l.lent.IsZero() {
		return l.awaited
	}
	return l.busy
}
