package bridge

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// takeover reads what an earlier run left with the broker: the count of its requests, the rhythms it had learned, and
// the devices it announced. A marker of the bridge's own comes back after all of it.
type takeover struct {
	marker  string
	since   time.Time
	state   *savedState
	devices map[addressee]savedDevice
	configs map[string]savedConfig // by object id
}

// savedState is what matters in the bridge's own retained document.
type savedState struct {
	Ledger *savedLedger `json:"ledger"`
}

// savedDevice is what matters in a device's retained document.
type savedDevice struct {
	lastActivity, expected time.Time
	interval               time.Duration
}

// savedConfig is a discovery payload of ours.
type savedConfig struct {
	topic string
	addressee
}

func newTakeover() *takeover {
	return &takeover{devices: map[addressee]savedDevice{}, configs: map[string]savedConfig{}}
}

// begin starts the wait for the marker. What was retained may have come in already.
func (t *takeover) begin(now time.Time) { t.marker, t.since = rand.Text(), now }

// takeoverFilters match what the bridge itself once retained.
func (b *bridge) takeoverFilters() []string {
	return []string{
		b.topics.BridgeState(), b.topics.State("+", "+"), b.topics.ConfigFilter(), b.topics.BridgeMarker(),
	}
}

// collect keeps what it can read of a retained message, and reports whether the message was one to collect.
func (t *takeover) collect(topics discovery.Topics, m message) bool {
	if m.topic == topics.BridgeState() {
		var s savedState
		if json.Unmarshal(m.payload, &s) == nil && s.Ledger != nil {
			t.state = &s
		}
		return true
	}
	if a, ok := stateOf(topics, m.topic); ok {
		if len(m.payload) > 0 {
			t.devices[a] = readSavedDevice(m.payload)
		}
		return true
	}
	object, ok := topics.ParseConfig(m.topic)
	if !ok {
		return false
	}
	if !discovery.Own(m.payload) {
		return true // somebody else's: never touched
	}
	var config struct {
		StateTopic string `json:"state_topic"`
	}
	_ = json.Unmarshal(m.payload, &config)
	a, _ := stateOf(topics, config.StateTopic)
	t.configs[object] = savedConfig{topic: m.topic, addressee: a}
	return true
}

func readSavedDevice(payload []byte) savedDevice {
	var doc struct {
		LastActivity *time.Time `json:"last_activity"`
		Expected     *time.Time `json:"next_reading_expected"`
		Interval     *float64   `json:"reporting_interval"`
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
	if doc.Interval != nil && *doc.Interval > 0 && *doc.Interval < (31*24*time.Hour).Seconds() {
		d.interval = time.Duration(*doc.Interval * float64(time.Second))
	}
	return d
}

// restored is what an earlier run knew of a device.
func (t *takeover) restored(f discovery.Family, id string) (savedDevice, bool) {
	d, ok := t.devices[addressee{family: f, id: id}]
	return d, ok
}

// stateOf reads family and id from the topic of a device's state.
func stateOf(topics discovery.Topics, topic string) (addressee, bool) {
	for _, f := range discovery.Families() {
		rest, ok := strings.CutPrefix(topic, strings.TrimSuffix(topics.State(f, ""), "/state"))
		id, isState := strings.CutSuffix(rest, "/state")
		if ok && isState && id != "" && !strings.Contains(id, "/") {
			return addressee{family: f, id: id}, true
		}
	}
	return addressee{}, false
}

// takenOver ends the takeover: the ceiling goes on where the earlier run left it, and devices that are gone are known.
func (b *bridge) takenOver() {
	now := b.now()
	b.link.unsubscribe(b.takeoverFilters()...)
	if s := b.takeover.state; s != nil {
		b.ledger.takeOver(*s.Ledger, now, b.options.Wall())
		b.log.Info("took over from an earlier run", slog.Int("requests_last_hour", b.ledger.lastHour(now)), slog.Int("devices", len(b.takeover.devices)))
	} else {
		b.ledger.withhold(now)
		b.log.Info("the broker holds nothing of an earlier run; starting with a quarter of the hour's requests", slog.Int("requests", b.options.MaxRequestsPerHour/4))
	}
	for a := range b.takeover.devices {
		b.byName[a.family].ghosts[a.id] = 0
	}
	for object, c := range b.takeover.configs {
		switch {
		case object == "rapt_bridge":
		case c.id == "":
			// Its state is under another prefix: another bridge on this broker may live there.
		case !b.options.Discovery:
			b.put(publication{topic: c.topic, retain: true})
		default:
			b.byName[c.family].ghosts[c.id] = 0
		}
	}
	if !b.options.Discovery {
		b.put(publication{topic: b.topics.BridgeConfig(), retain: true})
	}
	b.before, b.phase = true, running
	b.tickAt = now.Add(tickEvery)
	b.republish()
}
