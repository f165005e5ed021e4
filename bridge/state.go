package bridge

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// stateDocument is the bridge's own retained document: its diagnostics, and the log of requests that a restart restores.
type stateDocument struct {
	Version            string       `json:"version"`
	APIStatus          limit.Status `json:"api_status"`
	LastSuccessfulPoll *time.Time   `json:"last_successful_poll"`
	LastError          *string      `json:"last_error"`
	RequestsLastHour   int          `json:"requests_last_hour"`
	RequestsRemaining  int          `json:"requests_remaining"`
	RateLimitReset     *time.Time   `json:"rate_limit_reset"`
	UnknownFields      int          `json:"unknown_fields"`
	Devices            int          `json:"devices"`
	PushedDevices      int          `json:"pushed_devices"`
	// HeatingUnseen says that a kettle which was switched on through the bridge has fallen silent; which ones follows, by
	// name. HeatingOn are all that were switched on, for the next start.
	HeatingUnseen        bool     `json:"heating_unseen"`
	HeatingUnseenDevices []string `json:"heating_unseen_devices"`
	HeatingOn            []string `json:"heating_on"`
	// Instance and Account say which bridge wrote this, and a hash of the account that it is for.
	Instance string         `json:"instance"`
	Account  string         `json:"account"`
	Requests limit.SavedLog `json:"ledger"`
}

func (b *bridge) document(now time.Time) []byte {
	a, wall := b.account, b.clock.Wall()
	status, _ := b.apiStatus(now)
	doc := stateDocument{
		Version: b.options.Version, APIStatus: status,
		LastSuccessfulPoll: toTheSecond(a.lastPoll), RequestsLastHour: a.gate.Requests.LastHour(now), RequestsRemaining: a.gate.Remaining(now),
		UnknownFields: a.unknownFields, Devices: len(a.byID), PushedDevices: a.pushed(), Instance: b.identity.instance, Account: b.identity.account,
		Requests: a.key.Sign(a.gate.Requests.Save(now, wall)),
	}
	doc.HeatingUnseenDevices, doc.HeatingOn = b.heatingUnseen(now), a.heating.Save()
	doc.HeatingUnseen = len(doc.HeatingUnseenDevices) > 0
	if reset := a.gate.Health.LimitReset(now); !reset.IsZero() {
		doc.RateLimitReset = toTheSecond(b.clock.Read(reset))
	}
	if last := text.Line(b.page.lastProblem(), device.MaxText); last != "" {
		doc.LastError = &last
	}
	out, _ := json.Marshal(doc) // it holds nothing that can't be JSON
	return out
}

func toTheSecond(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// publishState publishes the bridge's document when something in it has changed. The time of the request log alone is no
// change.
func (b *bridge) publishState() {
	if b.mqtt.phase != running {
		return
	}
	doc := b.document(b.clock.Now())
	if !bytes.Equal(withoutRequests(doc), withoutRequests(b.mqtt.state)) {
		b.mqtt.state = doc
		b.mqtt.retain(b.mqtt.topics.BridgeState(), doc)
	}
}

// putState publishes it whatever has changed, and calls onAcked once the broker has it or can't be reached.
func (b *bridge) putState(onAcked func(delivered bool)) {
	b.mqtt.state = b.document(b.clock.Now())
	b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BridgeState(), Payload: b.mqtt.state, Retain: true, OnAcked: onAcked})
}

func withoutRequests(doc []byte) []byte {
	before, _, _ := bytes.Cut(doc, []byte(`,"ledger":`))
	return before
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
