package bridge

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// restore reads what an earlier run left with the broker: the log of its requests, the rhythms it had learned, and the
// devices it announced. A marker of the bridge's own comes back after all of it.
type restore struct {
	marker   string
	since    time.Time
	requests *limit.SavedLog
	devices  map[device.Ref]savedDevice
	configs  map[string]savedConfig // by object id
	account  string                 // the hash of the account that it is of; empty for not known
}

// savedDevice is what matters in a device's retained document.
type savedDevice struct {
	lastActivity, expected time.Time
	interval               time.Duration
	heating, cooling       raptclient.Null[bool]
}

// savedConfig is a discovery payload of ours.
type savedConfig struct {
	topic string
	device.Ref
}

func newRestore() *restore {
	return &restore{devices: map[device.Ref]savedDevice{}, configs: map[string]savedConfig{}}
}

// begin starts the wait for the marker. What was retained may have come in already.
func (t *restore) begin(now time.Time) { t.marker, t.since = rand.Text(), now }

// restoreFilters match what the bridge itself once retained.
func restoreFilters(topics discovery.Topics) []string {
	return []string{topics.BridgeState(), topics.State("+", "+"), topics.BridgeMarker()}
}

// collect keeps what it can read of a retained message, and reports whether the message was one to collect.
func (t *restore) collect(topics discovery.Topics, m broker.Message) bool {
	if m.Topic == topics.BridgeState() {
		var s struct {
			Requests *limit.SavedLog `json:"ledger"`
			Account  string          `json:"account"`
		}
		if json.Unmarshal(m.Payload, &s) == nil && s.Requests != nil {
			t.requests, t.account = s.Requests, s.Account
		}
		return true
	}
	if ref, ok := stateOf(topics, m.Topic); ok {
		if len(m.Payload) > 0 && len(t.devices) < maxRestored && len(ref.ID) <= maxID {
			t.devices[ref] = readSavedDevice(m.Payload)
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
	ref, _ := stateOf(topics, config.StateTopic)
	t.configs[object] = savedConfig{topic: m.Topic, Ref: ref}
	return true
}

// What is kept of the broker's retained messages, which anybody may have written: so many devices, with ids of so many
// bytes.
const (
	maxRestored = 20_000
	maxID       = 64
)

// longestInterval is the longest reporting interval that is believed: the contract's telemetry frequency ends before it.
const longestInterval = 31 * 24 * time.Hour

func readSavedDevice(payload []byte) savedDevice {
	var doc struct {
		LastActivity *time.Time `json:"last_activity"`
		Expected     *time.Time `json:"next_reading_expected"`
		Interval     *float64   `json:"reporting_interval"`
		Heating      *bool      `json:"heating_active"`
		Cooling      *bool      `json:"cooling_active"`
	}
	var d savedDevice
	if json.Unmarshal(payload, &doc) != nil {
		return d
	}
	if doc.LastActivity != nil {
		d.lastActivity = *doc.LastActivity
	}
	if doc.Expected != nil {
		d.expected = *doc.Expected
	}
	if doc.Interval != nil && *doc.Interval >= 1 && *doc.Interval < longestInterval.Seconds() {
		d.interval = time.Duration(*doc.Interval * float64(time.Second))
	}
	if doc.Heating != nil {
		d.heating = raptclient.Some(*doc.Heating)
	}
	if doc.Cooling != nil {
		d.cooling = raptclient.Some(*doc.Cooling)
	}
	return d
}

// device is what an earlier run knew of a device.
func (t *restore) device(ref device.Ref) (savedDevice, bool) {
	d, ok := t.devices[ref]
	return d, ok
}

// stateOf reads family and id from the topic of a device's state.
func stateOf(topics discovery.Topics, topic string) (device.Ref, bool) {
	for _, f := range discovery.Families() {
		rest, ok := strings.CutPrefix(topic, strings.TrimSuffix(topics.State(f, ""), "/state"))
		id, isState := strings.CutSuffix(rest, "/state")
		if ok && isState && id != "" && !strings.Contains(id, "/") {
			return device.Ref{Family: f, ID: id}, true
		}
	}
	return device.Ref{}, false
}

// endRestore goes on where the earlier run left off: the ceiling holds, and devices that are gone are known.
func (b *bridge) endRestore() {
	a, m, now := b.account, &b.mqtt, b.clock.now()
	if b.isForeign(m.restore.account) {
		return
	}
	m.conn.EndRestore()
	if saved := m.restore.requests; saved != nil {
		a.requests.Restore(*saved, now, b.clock.wall())
		b.log.Info("took over from an earlier run", slog.Int("requests_last_hour", a.requests.LastHour(now)), slog.Int("devices", len(m.restore.devices)))
	} else {
		a.requests.Reserve(now)
		b.log.Info("the broker holds nothing of an earlier run; starting with a quarter of the hour's requests", slog.Int("requests", b.options.MaxRequestsPerHour/4))
	}
	for ref := range m.restore.devices {
		a.absent[ref] = &absent{}
	}
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
