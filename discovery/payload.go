package discovery

import (
	"bytes"
	"encoding/json"
)

// originName is how the bridge knows its own payloads again: see Own.
const originName = "rapt-bridge"

const (
	manufacturer = "KegLand"
	appURL       = "https://app.rapt.io"
)

// Options is what all payloads of one bridge share.
type Options struct {
	Topics
	Version    string // of the bridge
	SupportURL string // http or https; empty leaves it out
	// ReadOnly leaves out every command topic. What can't be without one in Home Assistant becomes what shows the same
	// value: a switch a binary sensor, a number a sensor. The button and the event go.
	ReadOnly bool
	// Language, one of Languages, names the entities and their texts; empty stands for English. Entity ids stay English.
	Language string
}

// payload is the root of a discovery payload, but for its components. Keys that occur once are written out; those of
// components are abbreviated as Home Assistant's MQTT integration allows, because a broker may limit the size of a message.
type payload struct {
	Device           deviceInfo     `json:"device"`
	Origin           origin         `json:"origin"`
	Availability     []availability `json:"availability"`
	AvailabilityMode string         `json:"availability_mode"`
	StateTopic       string         `json:"state_topic"` // of every component that has none of its own
	QoS              int            `json:"qos"`
}

type deviceInfo struct {
	Identifiers      []string    `json:"identifiers"`
	Connections      [][2]string `json:"connections,omitempty"`
	Name             string      `json:"name"`
	Manufacturer     string      `json:"manufacturer"`
	Model            string      `json:"model"`
	SWVersion        string      `json:"sw_version,omitempty"`
	SerialNumber     string      `json:"serial_number,omitempty"`
	ConfigurationURL string      `json:"configuration_url,omitempty"`
	ViaDevice        string      `json:"via_device,omitempty"`
}

type origin struct {
	Name       string `json:"name"`
	SWVersion  string `json:"sw_version,omitempty"`
	SupportURL string `json:"support_url,omitempty"`
}

type availability struct {
	Topic string `json:"t"`
}

// Config is the discovery payload of a device, to be retained on Topics.Config. The same options and device give the
// same bytes.
func Config(o Options, d Device) []byte {
	info := deviceInfo{
		Identifiers:      []string{objectID(d.ID)},
		Name:             DeviceName(d),
		Manufacturer:     manufacturer,
		Model:            d.Family.Model(),
		SWVersion:        tidy(d.Firmware),
		SerialNumber:     tidy(d.SerialNumber),
		ConfigurationURL: appURL,
		ViaDevice:        objectID(o.BridgeID()),
	}
	if m := mac(d.MAC); m != "" {
		info.Connections = [][2]string{{"mac", m}}
	}
	entitySlug := slug(d)
	if d.Suffix != "" {
		entitySlug += "_" + slugify(d.Suffix)
	}
	return write(payload{
		Device:           info,
		Origin:           o.origin(),
		Availability:     []availability{{o.BridgeAvailability()}, {o.Availability(d.Family, d.ID)}},
		AvailabilityMode: "all",
		StateTopic:       o.State(d.Family, d.ID),
		QoS:              1,
	}, o, d, entitySlug)
}

// BridgeConfig is the discovery payload of the bridge's own device, to be retained on Topics.BridgeConfig.
func BridgeConfig(o Options) []byte {
	d := o.BridgeDevice()
	return write(payload{
		Device: deviceInfo{
			Identifiers:  []string{objectID(d.ID)},
			Name:         d.Name,
			Manufacturer: originName,
			Model:        originName,
			SWVersion:    o.Version,
		},
		Origin:           o.origin(),
		Availability:     []availability{{o.BridgeAvailability()}},
		AvailabilityMode: "all",
		StateTopic:       o.BridgeState(),
		QoS:              1,
	}, o, d, slug(d))
}

func (o Options) origin() origin {
	return origin{Name: originName, SWVersion: o.Version, SupportURL: o.SupportURL}
}

// Own says whether a discovery payload is one that a bridge of this program made, whatever its version. Anything else,
// an empty payload and garbage among it, must not be touched.
func Own(payload []byte) bool {
	var root map[string]json.RawMessage
	if json.Unmarshal(payload, &root) != nil {
		return false
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(root["origin"], &o) != nil {
		return false
	}
	var name string
	return json.Unmarshal(o["name"], &name) == nil && name == originName
}

// write puts the components behind the root.
func write(root payload, o Options, d Device, slug string) []byte {
	var b bytes.Buffer
	encode(&b, root)
	b.Truncate(b.Len() - len("}"))
	b.WriteString(`,"components":{`)
	components(&b, o, d, slug)
	b.WriteString("}}")
	return b.Bytes()
}

// encode appends v as JSON without escaping what is for templates.
func encode(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings, and numbers that are finite: nothing that can fail
	}
	b.Truncate(b.Len() - len("\n"))
}
