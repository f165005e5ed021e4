package web

import (
	"net/http"
	"strings"
)

// Webhooks is what the page tells of the program's own listener for webhooks.
type Webhooks struct {
	Listen string // the address that it listens on; empty while it is off
	TLS    bool
	Prefix string // of the topics
}

// blueprintLink opens the blueprint that takes webhooks in the reader's own Home Assistant.
const blueprintLink = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url=https%3A%2F%2Fraw.githubusercontent.com%2F" +
	"rapt-bridge%2Frapt-bridge%2Fmain%2Fexamples%2Fblueprints%2Fautomation%2Fwebhook.yaml"

// pushType is a type of device that the portal sends webhooks for, and the variables that it fills in for it, after those of
// all (docs.rapt.io, Custom Web Hooks).
type pushType struct {
	Type, Name string
	variables  []string
}

func pushTypes() []pushType {
	control := []string{"target_temperature"}
	return []pushType{
		{"Hydrometer", "RAPT Pill", []string{"gravity", "battery"}},
		{"FermentationChamber", "Fermentation chamber", control},
		{"TemperatureController", "Temperature controller", control},
		{"BrewZilla", "BrewZilla", control},
	}
}

// Payload is the text to paste into the portal, JSON in which the portal fills its variables in.
func (t pushType) Payload() string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, name := range append([]string{"device_id", "device_type", "device_name", "temperature"}, append(t.variables, "rssi")...) {
		b.WriteString(`  "` + name + `": "@` + name + "\",\n")
	}
	b.WriteString("  \"created_date\": \"@created_date\"\n}")
	return b.String()
}

// pushGuide is what the page that sets up push shows beside the parts.
type pushGuide struct {
	Webhooks
	Blueprint string
	Types     []pushType
}

// Changed is whether the blueprint must be told the prefix of the topics.
func (g *pushGuide) Changed() bool { return g.Prefix != "" && g.Prefix != "rapt" }

// push is the page that sets up push.
func (s *Server) push(w http.ResponseWriter, _ *http.Request) {
	f := s.frame("Set up push")
	f.Push = &pushGuide{s.options.Webhooks, blueprintLink, pushTypes()}
	s.write(w, "push", f)
}
