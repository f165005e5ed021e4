package discovery

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Topics builds and reads the topics of one bridge. An empty field stands for its default.
type Topics struct {
	Prefix          string // of the bridge's own topics; default "rapt"; may have levels of its own ("home/rapt")
	DiscoveryPrefix string // of Home Assistant's discovery; default "homeassistant"
}

const (
	defaultPrefix          = "rapt"
	defaultDiscoveryPrefix = "homeassistant"
)

func (t Topics) prefix() string {
	if t.Prefix == "" {
		return defaultPrefix
	}
	return t.Prefix
}

func (t Topics) discovery() string {
	if t.DiscoveryPrefix == "" {
		return defaultDiscoveryPrefix
	}
	return t.DiscoveryPrefix
}

func (t Topics) own(levels ...string) string {
	return t.prefix() + "/" + strings.Join(levels, "/")
}

// BridgeAvailability carries online and offline, retained; it is the topic of the last will too.
func (t Topics) BridgeAvailability() string { return t.own("bridge", "availability") }

// BridgeState carries the bridge's own diagnostics, retained JSON.
func (t Topics) BridgeState() string { return t.own("bridge", "state") }

// BridgeMarker is published by the bridge to itself at start: whatever was retained arrives before its echo.
func (t Topics) BridgeMarker() string { return t.own("bridge", "marker") }

// BridgeStandby is where the bridges of one account find out which of them is active, never retained JSON.
func (t Topics) BridgeStandby() string { return t.own("bridge", "standby") }

// BridgePermit is where the bridge answers a program beside it that asks for a request, never retained JSON.
func (t Topics) BridgePermit() string { return t.own("bridge", "permit") }

// BridgeCommand takes commands to the bridge itself, such as refresh.
func (t Topics) BridgeCommand(key string) string { return t.own("bridge", key, "set") }

// State carries a device's state document, retained JSON.
func (t Topics) State(f Family, id string) string { return t.own(string(f), id, "state") }

// Availability carries a device's online and offline, retained.
func (t Topics) Availability(f Family, id string) string { return t.own(string(f), id, "availability") }

// Command takes a device's commands for one key. A retained message there is ignored.
func (t Topics) Command(f Family, id, key string) string { return t.own(string(f), id, key, "set") }

// Result carries the outcome of each of a device's commands, JSON, never retained.
func (t Topics) Result(f Family, id string) string { return t.own(string(f), id, "result") }

// Telemetry carries every telemetry row of a device once, JSON, never retained.
func (t Topics) Telemetry(f Family, id string) string { return t.own(string(f), id, "telemetry") }

// History says until when a device's telemetry is complete, retained JSON.
func (t Topics) History(f Family, id string) string { return t.own(string(f), id, "history") }

// Batch carries what is known of the batch in a device that measures gravity, and what its owner entered, retained JSON.
func (t Topics) Batch(f Family, id string) string { return t.own(string(f), id, "batch") }

// BatchEvent carries what happens to a device's batches, JSON, never retained.
func (t Topics) BatchEvent(f Family, id string) string { return t.own(string(f), id, "batch", "event") }

// EndedBatch carries the summary of a device's batch that has ended, retained JSON.
func (t Topics) EndedBatch(f Family, id string, number int) string {
	return t.own(string(f), id, "batch", strconv.Itoa(number))
}

// EndedBatchFilter matches every topic of EndedBatch, and of BatchEvent.
func (t Topics) EndedBatchFilter() string { return t.own("+", "+", "batch", "+") }

// Config is where Home Assistant looks for a device's discovery payload, retained.
func (t Topics) Config(id string) string {
	return t.discovery() + "/device/" + objectID(id) + "/config"
}

// BridgeConfig is where Home Assistant looks for the discovery payload of the bridge's own device, retained.
func (t Topics) BridgeConfig() string { return t.Config(t.BridgeID()) }

// BridgeID is the id of the bridge's own device in topics of Home Assistant and in unique ids. It is one per prefix, so that
// two bridges on one broker are two devices.
func (t Topics) BridgeID() string {
	prefix := t.prefix()
	if prefix == defaultPrefix {
		return string(Bridge)
	}
	id := string(Bridge) + "_" + replaceInvalid(prefix)
	if !validID(prefix) {
		// home/rapt and home-rapt are two.
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(prefix))
		id += fmt.Sprintf("_%08x", sum.Sum32())
	}
	return id
}

// BridgeDevice is the bridge's own device.
func (t Topics) BridgeDevice() Device {
	d := Device{Family: Bridge, ID: t.BridgeID(), Name: Bridge.Model()}
	if prefix := t.prefix(); prefix != defaultPrefix {
		d.Name += " " + prefix
	}
	return d
}

// stateTopic carries the state document of a device, or of the bridge.
func (t Topics) stateTopic(d Device) string {
	if d.Family == Bridge {
		return t.BridgeState()
	}
	return t.State(d.Family, d.ID)
}

// ConfigFilter matches the discovery payloads of all devices, those of other programs too.
func (t Topics) ConfigFilter() string { return t.discovery() + "/device/+/config" }

// HAStatus is where Home Assistant says online at its start and offline at its stop.
func (t Topics) HAStatus() string { return t.discovery() + "/status" }

// CommandFilters match every topic of Command and of BridgeCommand.
func (t Topics) CommandFilters() []string {
	return []string{t.own("+", "+", "+", "set"), t.own("bridge", "+", "set")}
}

// ParseCommand is the reverse of Command, and of BridgeCommand with Bridge and an empty id. It says false for every
// other topic. Whether the device exists and takes the key is for the caller to find out.
func (t Topics) ParseCommand(topic string) (f Family, id, key string, ok bool) {
	rest, ours := strings.CutPrefix(topic, t.prefix()+"/")
	rest, command := strings.CutSuffix(rest, "/set")
	if !ours || !command {
		return "", "", "", false
	}
	switch levels := strings.Split(rest, "/"); {
	case len(levels) == 2 && Family(levels[0]) == Bridge && validID(levels[1]):
		return Bridge, "", levels[1], true
	case len(levels) == 3 && Family(levels[0]).known() && validID(levels[1]) && validID(levels[2]):
		return Family(levels[0]), levels[1], levels[2], true
	}
	return "", "", "", false
}

// ParseState is the reverse of State. It says false for every other topic. Whether the device exists is for the caller to
// find out.
func (t Topics) ParseState(topic string) (f Family, id string, ok bool) {
	return t.parse(topic, "/state")
}

// ParseHistory is the reverse of History.
func (t Topics) ParseHistory(topic string) (f Family, id string, ok bool) {
	return t.parse(topic, "/history")
}

// ParseBatch is the reverse of Batch.
func (t Topics) ParseBatch(topic string) (f Family, id string, ok bool) {
	return t.parse(topic, "/batch")
}

// ParseEndedBatch is the reverse of EndedBatch.
func (t Topics) ParseEndedBatch(topic string) (f Family, id string, number int, ok bool) {
	i := strings.LastIndexByte(topic, '/')
	if i < 0 {
		return "", "", 0, false
	}
	number, err := strconv.Atoi(topic[i+1:])
	if err != nil || number < 1 || strconv.Itoa(number) != topic[i+1:] {
		return "", "", 0, false
	}
	f, id, ok = t.ParseBatch(topic[:i])
	return f, id, number, ok
}

// commandTopic takes a command to a device, or to the bridge.
func (t Topics) commandTopic(d Device, key string) string {
	if d.Family == Bridge {
		return t.BridgeCommand(key)
	}
	return t.Command(d.Family, d.ID, key)
}

// documentTopic carries the document that an entity of a device shows.
func (t Topics) documentTopic(d Device, e Entity) string {
	switch {
	case e.Document == BatchDocument && e.Platform == Event:
		return t.BatchEvent(d.Family, d.ID)
	case e.Document == BatchDocument:
		return t.Batch(d.Family, d.ID)
	case e.Platform == Event:
		return t.Result(d.Family, d.ID)
	}
	return t.stateTopic(d)
}

// parse reads family and id from a topic of a device that ends with a level.
func (t Topics) parse(topic, level string) (f Family, id string, ok bool) {
	rest, ours := strings.CutPrefix(topic, t.prefix()+"/")
	rest, ends := strings.CutSuffix(rest, level)
	family, id, two := strings.Cut(rest, "/")
	if !ours || !ends || !two || !Family(family).known() || id == "" || strings.Contains(id, "/") {
		return "", "", false
	}
	return Family(family), id, true
}

// ParseConfig reads the object id, such as rapt_<id>, from the topic of a discovery payload. Only the payload says
// whose it is: see Own.
func (t Topics) ParseConfig(topic string) (objectID string, ok bool) {
	rest, found := strings.CutPrefix(topic, t.discovery()+"/device/")
	id, config := strings.CutSuffix(rest, "/config")
	if !found || !config || !validID(id) {
		return "", false
	}
	return id, true
}

// objectID is the id of a device in Home Assistant's topics and identifiers.
func objectID(id string) string { return "rapt_" + replaceInvalid(id) }

// validID says whether Home Assistant takes s as an id: [a-zA-Z0-9_-]+.
func validID(s string) bool {
	return s != "" && strings.IndexFunc(s, invalidInID) < 0
}

func invalidInID(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-')
}

// replaceInvalid replaces what Home Assistant does not take in an id. A uuid stays as it is.
func replaceInvalid(s string) string {
	return strings.Map(func(r rune) rune {
		if invalidInID(r) {
			return '-'
		}
		return r
	}, s)
}
