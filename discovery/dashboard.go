package discovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// DashboardOptions says how a dashboard names the entities of its devices.
type DashboardOptions struct {
	Options
	// EntityIDs are entity ids by unique id, such as AnnouncedEntityIDs reads them from what the broker retains. They go
	// before the ones that this program would give. What a user renamed in Home Assistant only Home Assistant knows.
	EntityIDs map[string]string
}

// Dashboard is a dashboard of Home Assistant for these devices, in YAML for its raw configuration editor: a page for what
// ferments, one for the brew day, one for packaging and one for the bridge, each only where there is a device for it. It
// has no cards but those that Home Assistant ships and names no entity that is disabled by default. Distinct must have
// seen the devices.
func Dashboard(o DashboardOptions, devices []Device) []byte {
	b := board{DashboardOptions: o}
	for _, d := range devices {
		b.devices = append(b.devices, b.shown(d))
	}
	b.bridge = b.shown(Device{Family: Bridge, ID: string(Bridge)})
	var views []view
	for _, page := range pages() {
		v := view{Title: page.title, Path: page.path, Icon: page.icon, Type: "sections", MaxColumns: 3}
		v.Sections = page.sections(&b)
		if len(v.Sections) > 0 {
			views = append(views, v)
		}
	}
	var out bytes.Buffer
	b.head(&out)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(struct {
		Title string `yaml:"title"`
		Views []view `yaml:"views"`
	}{"Brewery", views}); err != nil {
		panic(err) // strings and numbers: nothing that can fail
	}
	return out.Bytes()
}

// AnnouncedEntityIDs reads the entity ids, by unique id, that the discovery payloads of a bridge of this program give
// to Home Assistant. Payloads of others are passed over.
func AnnouncedEntityIDs(payloads ...[]byte) map[string]string {
	ids := map[string]string{}
	for _, p := range payloads {
		var announced struct {
			Components map[string]struct {
				UniqueID        string `json:"unique_id"`
				DefaultEntityID string `json:"default_entity_id"`
			} `json:"components"`
		}
		if !Own(p) || json.Unmarshal(p, &announced) != nil {
			continue
		}
		for _, c := range announced.Components {
			if c.UniqueID != "" && c.DefaultEntityID != "" {
				ids[c.UniqueID] = c.DefaultEntityID
			}
		}
	}
	return ids
}

// board is a dashboard in the making.
type board struct {
	DashboardOptions
	devices []shownDevice
	bridge  shownDevice
}

// shownDevice is a device with the ids of those of its entities that are enabled by default, by key.
type shownDevice struct {
	Device
	title  string
	entity map[string]string
}

func (b *board) shown(d Device) shownDevice {
	s := shownDevice{Device: d, title: DeviceName(d), entity: map[string]string{}}
	payload := Config(b.Options, d)
	if d.Family == Bridge {
		s.title, payload = Bridge.Model(), BridgeConfig(b.Options)
	}
	own := AnnouncedEntityIDs(payload)
	for _, e := range Entities(d.Family) {
		id := objectID(d.ID) + "_" + e.Key
		if own[id] == "" || e.Disabled {
			continue // not there at all when the bridge is read-only
		}
		s.entity[e.Key] = own[id]
		if announced := b.EntityIDs[id]; platform(announced) == platform(own[id]) {
			s.entity[e.Key] = announced
		}
	}
	return s
}

// platform is the part of an entity id before the dot.
func platform(entityID string) string {
	before, _, _ := strings.Cut(entityID, ".")
	return before
}

// of are the devices of some families, in the order of the families.
func (b *board) of(families ...Family) []shownDevice {
	var out []shownDevice
	for _, f := range families {
		for _, d := range b.devices {
			if d.Family == f {
				out = append(out, d)
			}
		}
	}
	return out
}

// name is the part of a device's entity ids that stands for the device.
func (s shownDevice) name() string {
	_, name, _ := strings.Cut(s.entity["last_activity"], ".")
	return strings.TrimSuffix(name, "_last_activity")
}

// head is the comment above the dashboard.
func (b *board) head(out *bytes.Buffer) {
	out.WriteString(`# A dashboard for Home Assistant with the devices of a RAPT account.
#
# Settings > Dashboards > Add dashboard > New dashboard from scratch. Open it, press the pencil, then in the menu at the
# top right "Raw configuration editor", and paste all of this in the place of what is there.
`)
	if len(b.devices) > 0 {
		out.WriteString("#\n# It names the entities of these devices. Replace the name on the left by the one that your device's entity ids begin\n" +
			"# with, or let `rapt-bridge dashboard` print the dashboard for the devices of your account:\n#\n")
	}
	width := 0
	for _, d := range b.devices {
		width = max(width, len(d.name()))
	}
	for _, d := range b.devices {
		fmt.Fprintf(out, "#   %-*s  %s, %s\n", width, d.name(), d.title, d.Family.Model())
	}
	out.WriteString("\n")
}
