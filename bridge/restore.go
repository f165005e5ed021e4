package bridge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// restore reads what an earlier run left with the broker: the log of its requests, the rhythms it had learned, and the
// devices it announced. A marker of the bridge's own comes back after all of it.
type restore struct {
	marker   string
	since    time.Time
	requests *limit.SavedLog
	// heatingOn are the kettles that an earlier run had switched on.
	heatingOn []string
	devices   map[device.Ref]device.Saved
	configs   map[string]savedConfig // by object id
	account   string                 // the hash of the account that it is of; empty for not known
	// positions are the documents of the devices' histories.
	positions map[device.Ref][]byte
}

// savedConfig is a discovery payload of ours.
type savedConfig struct {
	topic string
	device.Ref
}

func newRestore() *restore {
	return &restore{devices: map[device.Ref]device.Saved{}, configs: map[string]savedConfig{}, positions: map[device.Ref][]byte{}}
}

// begin starts the wait for the marker. What was retained may have come in already.
func (t *restore) begin(now time.Time) { t.marker, t.since = rand.Text(), now }

// restoreFilters match what the bridge itself once retained.
func restoreFilters(topics discovery.Topics, history bool) []string {
	filters := []string{topics.BridgeState(), topics.State("+", "+"), topics.BridgeMarker()}
	if history {
		filters = append(filters, topics.History("+", "+"))
	}
	return filters
}

// collect keeps what it can read of a retained message, and reports whether the message was one to collect.
func (t *restore) collect(topics discovery.Topics, m broker.Message) bool {
	if m.Topic == topics.BridgeState() {
		var s struct {
			Requests  *limit.SavedLog `json:"ledger"`
			HeatingOn []string        `json:"heating_on"`
			Account   string          `json:"account"`
		}
		if json.Unmarshal(m.Payload, &s) == nil && s.Requests != nil {
			t.requests, t.account, t.heatingOn = s.Requests, s.Account, s.HeatingOn
		}
		return true
	}
	if family, id, ok := topics.ParseHistory(m.Topic); ok {
		if len(m.Payload) > 0 && len(t.positions) < maxRestored && len(id) <= maxID {
			t.positions[device.Ref{Family: family, ID: id}] = m.Payload
		}
		return true
	}
	if family, id, ok := topics.ParseState(m.Topic); ok {
		if len(m.Payload) > 0 && len(t.devices) < maxRestored && len(id) <= maxID {
			t.devices[device.Ref{Family: family, ID: id}] = device.ParseSaved(m.Payload)
		}
		return true
	}
	object, ok := topics.ParseConfig(m.Topic)
	if !ok {
		return false
	}
	if !discovery.Own(m.Payload) || len(t.configs) >= maxRestored || len(object) > 2*maxID {
		return true // somebody else's: never touched
	}
	var config struct {
		StateTopic string `json:"state_topic"`
	}
	_ = json.Unmarshal(m.Payload, &config)
	family, id, _ := topics.ParseState(config.StateTopic)
	t.configs[object] = savedConfig{topic: m.Topic, Ref: device.Ref{Family: family, ID: id}}
	return true
}

// What is kept of the broker's retained messages, which anybody may have written: so many devices, with ids of so many
// bytes.
const (
	maxRestored = 20_000
	maxID       = 64
)

// device is what an earlier run knew of a device.
func (t *restore) device(ref device.Ref) (device.Saved, bool) {
	d, ok := t.devices[ref]
	return d, ok
}

// restoreRequests takes over the log of the past hour's requests. Anybody may have written what the broker retains: a log
// that is not to be trusted counts as lost.
func (b *bridge) restoreRequests(now time.Time) {
	a, r := b.account, b.mqtt.restore
	why, level := "the broker holds nothing of an earlier run", slog.LevelInfo
	if r.requests != nil {
		err := a.gate.Requests.Check(a.key, *r.requests, b.clock.Wall())
		if err == nil {
			a.gate.Requests.Restore(*r.requests, now, b.clock.Wall())
			b.log.Info("took over from an earlier run", slog.Int("requests_last_hour", a.gate.Requests.LastHour(now)), slog.Int("devices", len(r.devices)))
			return
		}
		why, level = "the log of requests that the broker holds can't be trusted: "+err.Error(), slog.LevelWarn
	}
	a.gate.Requests.Reserve(now)
	b.log.Log(context.Background(), level, why+"; starting with a quarter of the hour's requests", slog.Int("requests", b.options.MaxRequestsPerHour/4))
}

// endRestore goes on where the earlier run left off: the ceiling holds, and devices that are gone are known.
func (b *bridge) endRestore() {
	a, m, now := b.account, &b.mqtt, b.clock.Now()
	if b.isForeign(m.restore.account) {
		return
	}
	m.conn.EndRestore()
	b.restoreRequests(now)
	a.heating.Restore(m.restore.heatingOn)
	for ref := range m.restore.devices {
		a.absent[ref] = &absent{}
	}
	b.restorePositions(now)
	for object, c := range m.restore.configs {
		switch {
		case object == "rapt_bridge":
		case c.ID == "":
			// Its state is under another prefix: another bridge on this broker may live there.
		case !b.options.Discovery:
			m.clear(c.topic)
		default:
			a.absent[c.Ref] = &absent{config: c.topic}
		}
	}
	if !b.options.Discovery {
		m.clear(m.topics.BridgeConfig())
	}
	m.restored, m.phase = true, running
	b.tickAt = now.Add(tickEvery)
	b.republish()
}
