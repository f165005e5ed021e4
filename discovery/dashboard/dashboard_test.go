package dashboard

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// demo are the devices of the demo brewery.
func demo() []discovery.Device {
	var devices []discovery.Device
	cloud := raptsim.New(raptsim.Options{})
	for _, spec := range raptsim.DemoBrewery() {
		control, _ := cloud.Value(spec.ID, "controlDeviceType").(string)
		devices = append(devices, discovery.Device{
			Family: discovery.Family(spec.Family), ID: spec.ID, Name: spec.Name, NoControlDevice: control == "" || control == "None",
		})
	}
	return discovery.Distinct(devices)
}

// paired are the pairs of the demo brewery.
func paired() map[string]string {
	pairs := map[string]string{}
	for _, spec := range raptsim.DemoBrewery() {
		if spec.PairedWith != "" {
			pairs[spec.ID] = spec.PairedWith
		}
	}
	return pairs
}

func TestTheExampleIsTheDashboardOfTheDemoBrewery(t *testing.T) {
	got := string(YAML(Options{Paired: paired()}, demo()))
	file := filepath.Join("..", "..", "examples", "dashboard.yaml")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update and read what it writes")
	assert.Equal(t, string(want), got)
}

func TestADashboardNamesOnlyWhatIsThereWithoutTheUsersDoing(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		o := discovery.Options{ReadOnly: readOnly}
		payloads := [][]byte{discovery.BridgeConfig(o)}
		disabled := map[string]bool{}
		for _, d := range demo() {
			payloads = append(payloads, discovery.Config(o, d))
			for _, e := range discovery.Entities(d.Family) {
				disabled[discovery.UniqueID(d.ID, e.Key)] = e.DisabledFor(d)
			}
		}
		known := map[string]bool{}
		for unique, id := range discovery.AnnouncedEntityIDs(payloads...) {
			if !disabled[unique] {
				known[id] = true
			}
		}
		named := entitiesIn(t, YAML(Options{Options: o, Paired: paired()}, demo()))
		assert.Greater(t, len(named), 100)
		for _, id := range named {
			assert.True(t, known[id], "%s (read-only %t)", id, readOnly)
		}
	}
}

func TestADashboardNamesEntitiesAsTheyWereAnnounced(t *testing.T) {
	pill := discovery.Device{Family: discovery.Hydrometer, ID: id, Name: "Renamed"}
	before := pill
	before.Name = "Pale Ale"
	ids := discovery.AnnouncedEntityIDs(discovery.Config(discovery.Options{}, before), []byte(`{"origin":{"name":"another"},"components":{"x":{"unique_id":"rapt_`+id+`_battery","default_entity_id":"sensor.foreign"}}}`), nil)
	named := entitiesIn(t, YAML(Options{EntityIDs: ids}, []discovery.Device{pill}))
	assert.Contains(t, named, "sensor.pale_ale_gravity")
	assert.NotContains(t, strings.Join(named, " "), "renamed")
	assert.NotContains(t, named, "sensor.foreign")
}

func TestPagesWithoutADeviceAreLeftOut(t *testing.T) {
	for _, c := range []struct {
		devices []discovery.Device
		paths   []string
	}{
		{nil, []string{"bridge"}},
		{[]discovery.Device{{Family: discovery.Hydrometer, ID: id}}, []string{"fermentation", "bridge"}},
		{[]discovery.Device{{Family: discovery.Still, ID: id}}, []string{"brew-day", "bridge"}},
		{[]discovery.Device{{Family: discovery.CanFiller, ID: id}}, []string{"packaging", "bridge"}},
		{demo(), []string{"fermentation", "brew-day", "packaging", "bridge"}},
	} {
		var board struct {
			Views []struct {
				Path     string
				Sections []struct{ Cards []any }
			}
		}
		require.NoError(t, yaml.Unmarshal(YAML(Options{}, c.devices), &board))
		var paths []string
		for _, v := range board.Views {
			paths = append(paths, v.Path)
			for _, s := range v.Sections {
				assert.Greater(t, len(s.Cards), 1, "a section with a heading alone on %s", v.Path)
			}
		}
		assert.Equal(t, c.paths, paths)
	}
}

func TestNamesFromTheCloudStayText(t *testing.T) {
	const nasty = "a: [b] # {{ c }} \"d\" 'e' !input &f *g %h @i | > \\ ünï"
	var board any
	require.NoError(t, yaml.Unmarshal(YAML(Options{}, []discovery.Device{{Family: discovery.BrewZilla, ID: id, Name: nasty}}), &board))
	assert.Contains(t, strings.Join(texts(board), "\n"), nasty)
}

// inTemplate finds the entity ids of a template.
var inTemplate = regexp.MustCompile(`'([a-z_]+\.[a-z0-9_]+)'`)

// entitiesIn are all entity ids that a dashboard names, in templates too.
func entitiesIn(t *testing.T, board []byte) []string {
	t.Helper()
	var root any
	require.NoError(t, yaml.Unmarshal(board, &root))
	var ids []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["entity"].(string); ok {
				ids = append(ids, id)
			}
			if content, ok := v["content"].(string); ok {
				for _, found := range inTemplate.FindAllStringSubmatch(content, -1) {
					ids = append(ids, found[1])
				}
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(root)
	return ids
}

// texts are all strings of a document.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		var out []string
		for _, child := range v {
			out = append(out, texts(child)...)
		}
		return out
	case []any:
		var out []string
		for _, child := range v {
			out = append(out, texts(child)...)
		}
		return out
	}
	return nil
}
