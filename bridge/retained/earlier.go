package retained

import (
	"encoding/json"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// What is kept of the broker's retained messages, which anybody may have written: so many devices, with ids of so many
// bytes.
const (
	maxDevices = 20_000
	MaxID      = 64
)

// Earlier is what an earlier run left with the broker: the log of its requests, the rhythms it had learned, and the devices
// it announced.
type Earlier struct {
	// Requests is the log of its requests; nil for none that can be read.
	Requests *limit.SavedLog
	// HeatingOn are the kettles that it had switched on; HeatingUnseen says that one of them had fallen silent.
	HeatingOn     []string
	HeatingUnseen bool
	// Account is the hash of the account that it was for, or DemoAccount; empty for not known.
	Account string
	Devices map[device.Ref]device.Saved
	// Positions are the documents of the devices' histories.
	Positions map[device.Ref][]byte
	// Batches are the documents of the devices' batches, EndedBatches those that have ended, by their numbers.
	Batches      map[device.Ref][]byte
	EndedBatches map[device.Ref]map[int][]byte

	topics  discovery.Topics
	configs map[string]config // by object id
}

// config is a discovery payload of ours.
type config struct {
	topic string
	device.Ref
}

// NewEarlier is of a bridge with these topics, before anything was read.
func NewEarlier(topics discovery.Topics) *Earlier {
	return &Earlier{
		topics: topics, Devices: map[device.Ref]device.Saved{}, Positions: map[device.Ref][]byte{}, configs: map[string]config{},
		Batches: map[device.Ref][]byte{}, EndedBatches: map[device.Ref]map[int][]byte{},
	}
}

// Filters match what a bridge itself once retained, and its marker. Announcements come beside: see discovery's ConfigFilter.
func Filters(topics discovery.Topics) []string {
	return []string{
		topics.BridgeState(), topics.State("+", "+"), topics.History("+", "+"),
		topics.Batch("+", "+"), topics.EndedBatchFilter(), topics.BridgeMarker(),
	}
}

// Collect keeps what it can read of a retained message, and reports whether the message was one to collect.
func (e *Earlier) Collect(topic string, payload []byte) bool {
	if topic == e.topics.BridgeState() {
		e.collectState(payload)
		return true
	}
	if family, id, ok := e.topics.ParseHistory(topic); ok {
		if len(payload) > 0 && len(e.Positions) < maxDevices && len(id) <= MaxID {
			e.Positions[device.Ref{Family: family, ID: id}] = payload
		}
		return true
	}
	if family, id, ok := e.topics.ParseState(topic); ok {
		if len(payload) > 0 && len(e.Devices) < maxDevices && len(id) <= MaxID {
			e.Devices[device.Ref{Family: family, ID: id}] = device.ParseSaved(payload)
		}
		return true
	}
	if family, id, ok := e.topics.ParseBatch(topic); ok {
		if len(payload) > 0 && len(e.Batches) < maxDevices && len(id) <= MaxID {
			e.Batches[device.Ref{Family: family, ID: id}] = payload
		}
		return true
	}
	if family, id, number, ok := e.topics.ParseEndedBatch(topic); ok {
		e.collectEnded(device.Ref{Family: family, ID: id}, number, payload)
		return true
	}
	object, ok := e.topics.ParseConfig(topic)
	if ok {
		e.collectConfig(topic, object, payload)
	}
	return ok
}

// maxEnded is how many batches of a device are read; a bridge retains twenty.
const maxEnded = 1000

func (e *Earlier) collectEnded(ref device.Ref, number int, payload []byte) {
	if len(payload) == 0 || len(e.EndedBatches) >= maxDevices || len(ref.ID) > MaxID || len(e.EndedBatches[ref]) >= maxEnded {
		return
	}
	if e.EndedBatches[ref] == nil {
		e.EndedBatches[ref] = map[int][]byte{}
	}
	e.EndedBatches[ref][number] = payload
}

func (e *Earlier) collectState(payload []byte) {
	var s struct {
		Requests      *limit.SavedLog `json:"ledger"`
		HeatingOn     []string        `json:"heating_on"`
		HeatingUnseen bool            `json:"heating_unseen"`
		Account       string          `json:"account"`
	}
	if json.Unmarshal(payload, &s) == nil && s.Requests != nil {
		e.Requests, e.Account, e.HeatingOn, e.HeatingUnseen = s.Requests, s.Account, s.HeatingOn, s.HeatingUnseen
	}
}

// TakenOverBy drops what the demo left of a cloud that only it has, where a bridge of another account reads it: that bridge
// has made none of its requests, and none of its kettles heats.
func (e *Earlier) TakenOverBy(account string) {
	if e.Account == DemoAccount && account != DemoAccount {
		e.Requests, e.HeatingOn, e.HeatingUnseen = nil, nil, false
	}
}

func (e *Earlier) collectConfig(topic, object string, payload []byte) {
	if !discovery.Own(payload) || len(e.configs) >= maxDevices || len(object) > 2*MaxID {
		return // somebody else's: never touched
	}
	var doc struct {
		StateTopic string `json:"state_topic"`
	}
	_ = json.Unmarshal(payload, &doc)
	family, id, _ := e.topics.ParseState(doc.StateTopic)
	e.configs[object] = config{topic: topic, Ref: device.Ref{Family: family, ID: id}}
}

// Known are the devices that it left, each with the topic of its announcement, empty for none. The lists will tell which of
// them are still there. Without announced, those that were only announced are left out.
func (e *Earlier) Known(announced bool) map[device.Ref]string {
	known := make(map[device.Ref]string, len(e.Devices))
	for ref := range e.Devices {
		known[ref] = ""
	}
	for ref := range e.Positions {
		known[ref] = ""
	}
	for ref := range e.Batches {
		known[ref] = ""
	}
	for ref := range e.EndedBatches {
		known[ref] = ""
	}
	for c := range e.announced {
		if announced {
			known[c.Ref] = c.topic
		}
	}
	return known
}

// Announcements are the topics of the devices that it announced.
func (e *Earlier) Announcements() []string {
	var topics []string
	for c := range e.announced {
		topics = append(topics, c.topic)
	}
	return topics
}

// announced goes through the announcements of this bridge's devices. One whose state is under another prefix is another
// bridge's on the same broker.
func (e *Earlier) announced(yield func(config) bool) {
	for _, c := range e.configs {
		if c.topic != e.topics.BridgeConfig() && c.ID != "" && !yield(c) {
			return
		}
	}
}
