// Package dashboard writes a dashboard of Home Assistant for a set of devices.
//
// It knows which cards Home Assistant ships and writes them in YAML. What entities there are, and by what ids, it learns
// from discovery's catalogue and payloads; it must not know HTTP, MQTT or the RAPT client.
package dashboard

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Options says how a dashboard names the entities of its devices.
type Options struct {
	discovery.Options
	// EntityIDs are entity ids by unique id, such as discovery.AnnouncedEntityIDs reads them from what the broker retains.
	// They go before the ones that this program would give. What a user renamed in Home Assistant only Home Assistant knows.
	EntityIDs map[string]string
	// Paired are the ids of the controllers, by the ids of what measures the beer that they keep the temperature of.
	Paired map[string]string
}

// YAML is the dashboard for these devices, for Home Assistant's raw configuration editor: a page for what ferments, one
// for the brew day, one for packaging and one for the bridge, each only where there is a device for it. It has no cards
// but those that Home Assistant ships and names no entity that is disabled by default. [discovery.Distinct] must have
// seen the devices.
func YAML(o Options, devices []discovery.Device) []byte {
	b := board{Options: o}
	for _, d := range devices {
		b.devices = append(b.devices, b.shown(d))
	}
	b.bridge = b.shown(b.BridgeDevice())
	var views []view
	for _, page := range pages() {
		v := view{Title: b.text(page.title), Path: page.path, Icon: page.icon, Type: "sections", MaxColumns: 3}
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
	}{b.text("Brewery"), views}); err != nil {
		panic(err) // strings and numbers: nothing that can fail
	}
	return out.Bytes()
}

// board is a dashboard in the making.
type board struct {
	Options
	devices []shownDevice
	bridge  shownDevice
}

// shownDevice is a device with the ids of those of its entities that are enabled by default, by key.
type shownDevice struct {
	discovery.Device
	language string
	title    string
	entity   map[string]string
}

func (b *board) shown(d discovery.Device) shownDevice {
	s := shownDevice{Device: d, language: b.Language, title: discovery.DeviceName(d), entity: map[string]string{}}
	payload := discovery.Config(b.Options.Options, d)
	if d.Family == discovery.Bridge {
		payload = discovery.BridgeConfig(b.Options.Options)
	}
	own := discovery.AnnouncedEntityIDs(payload)
	for _, e := range discovery.Entities(d.Family) {
		id := discovery.UniqueID(d.ID, e.Key)
		if own[id] == "" || e.DisabledFor(d) {
			continue // not there at all when the bridge is read-only
		}
		s.entity[e.Key] = own[id]
		if announced := b.EntityIDs[id]; platform(announced) == platform(own[id]) {
			s.entity[e.Key] = announced
		}
	}
	return s
}

// text is an English text in the dashboard's language.
func (b *board) text(english string) string { return discovery.Translate(b.Language, english) }

// platform is the part of an entity id before the dot.
func platform(entityID string) string {
	before, _, _ := strings.Cut(entityID, ".")
	return before
}

// of are the devices of some families, in the order of the families.
func (b *board) of(families ...discovery.Family) []shownDevice {
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
