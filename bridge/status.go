package bridge

import (
	"bytes"
	"encoding/json"
	"time"
)

// stateDocument is the bridge's own retained document: its diagnostics, and the count of requests that a restart takes
// over.
type stateDocument struct {
	Version            string      `json:"version"`
	APIStatus          apiStatus   `json:"api_status"`
	LastSuccessfulPoll *time.Time  `json:"last_successful_poll"`
	LastError          *string     `json:"last_error"`
	RequestsLastHour   int         `json:"requests_last_hour"`
	RequestsRemaining  int         `json:"requests_remaining"`
	RateLimitReset     *time.Time  `json:"rate_limit_reset"`
	UnknownFields      int         `json:"unknown_fields"`
	Devices            int         `json:"devices"`
	Ledger             savedLedger `json:"ledger"`
}

// remaining is how many requests may still leave: the ceiling's rest, or the vendor's where it is less.
func (b *bridge) remaining(now time.Time) int {
	left := b.ledger.free(now)
	if c := b.condition; c.remaining.Valid && c.reset.After(now) {
		left = min(left, max(0, c.remaining.V))
	}
	return left
}

// limitReset is when the vendor's limit, or the pause after a 429, ends; zero while there is none.
func (b *bridge) limitReset(now time.Time) time.Time {
	c := b.condition
	switch {
	case c.status == apiRateLimited:
		return c.until
	case c.reset.After(now):
		return c.reset
	}
	return time.Time{}
}

func (b *bridge) document(now time.Time) []byte {
	wall := b.options.Wall()
	status, _ := b.status(now)
	doc := stateDocument{
		Version: b.options.Version, APIStatus: status,
		LastSuccessfulPoll: moments(b.lastPoll), RequestsLastHour: b.ledger.lastHour(now), RequestsRemaining: b.remaining(now),
		UnknownFields: b.unknown, Ledger: b.ledger.save(now, wall),
	}
	if reset := b.limitReset(now); !reset.IsZero() {
		doc.RateLimitReset = moments(b.wall(reset))
	}
	if text := shortened(b.lastError); text != "" {
		doc.LastError = &text
	}
	for _, f := range b.families {
		doc.Devices += len(f.order)
	}
	out, _ := json.Marshal(doc) // it holds nothing that can't be JSON
	return out
}

func moments(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// publishState publishes the bridge's document when something in it has changed. The ledger's time alone is no change.
func (b *bridge) publishState() {
	if b.phase == running {
		doc := b.document(b.now())
		if !bytes.Equal(withoutLedger(doc), withoutLedger(b.state)) {
			b.state = doc
			b.put(publication{topic: b.topics.BridgeState(), payload: doc, retain: true})
		}
	}
}

// putState publishes it whatever has changed, and calls handed once the broker has it.
func (b *bridge) putState(handed func()) {
	b.state = b.document(b.now())
	b.put(publication{topic: b.topics.BridgeState(), payload: b.state, retain: true, handed: handed})
}

func withoutLedger(doc []byte) []byte {
	before, _, _ := bytes.Cut(doc, []byte(`,"ledger":`))
	return before
}
