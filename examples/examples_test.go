package examples_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryEntityThatIsNamedIsInTheCatalogue(t *testing.T) {
	var devices []discovery.Device
	for _, spec := range raptsim.DemoBrewery() {
		devices = append(devices, discovery.Device{Family: discovery.Family(spec.Family), ID: spec.ID, Name: spec.Name})
	}
	payloads := [][]byte{discovery.BridgeConfig(discovery.Options{})}
	for _, d := range discovery.Distinct(devices) {
		payloads = append(payloads, discovery.Config(discovery.Options{}, d))
	}
	known := map[string]bool{}
	for _, id := range discovery.AnnouncedEntityIDs(payloads...) {
		known[id] = true
	}
	named := regexp.MustCompile(`\b(sensor|binary_sensor|climate|switch|number|button|event)\.[a-z0-9_]+\b`)
	for _, file := range []string{"dashboard.yaml", "mqtt.md"} {
		ids := named.FindAllString(read(t, file), -1)
		for _, id := range ids {
			assert.True(t, known[id], "%s names %s", file, id)
		}
		if file == "dashboard.yaml" {
			assert.Greater(t, len(ids), 100)
		}
	}
}

// The topics that the examples publish to are commands that the catalogue has.
func TestEveryCommandTopicIsInTheCatalogue(t *testing.T) {
	topic := regexp.MustCompile(`rapt/[a-z_]+/[^ \n'"/]+/[a-z_]+/set|rapt/bridge/[a-z_]+/set`)
	found := 0
	for _, file := range glob(t, "nodered/*.json", "mqtt.md") {
		for _, command := range topic.FindAllString(read(t, file), -1) {
			family, _, key, ok := discovery.Topics{}.ParseCommand(regexp.MustCompile(`\$[A-Z]+|<id>`).ReplaceAllString(command, "x"))
			if assert.True(t, ok, "%s: %s", file, command) {
				assert.True(t, slices.ContainsFunc(discovery.Commands(family), func(e discovery.Entity) bool { return e.Key == key }) ||
					family == discovery.Bridge && key == "forget", "%s: %s", file, command)
				found++
			}
		}
	}
	assert.Greater(t, found, 5)
}

// inputTag finds what a blueprint's !input tags name, and reads the rest as plain YAML.
func inputTags(node *yaml.Node, names map[string]bool) {
	if node.Tag == "!input" {
		names[node.Value] = true
		node.Tag = "!!str"
	}
	for _, child := range node.Content {
		inputTags(child, names)
	}
}

func TestBlueprintsAreWhole(t *testing.T) {
	files := glob(t, "blueprints/automation/*.yaml")
	require.Len(t, files, 9)
	models := map[string]bool{}
	for _, f := range discovery.Families() {
		models[f.Model()] = true
	}
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			var document yaml.Node
			require.NoError(t, yaml.Unmarshal([]byte(read(t, file)), &document))
			used := map[string]bool{}
			inputTags(&document, used)
			var automation struct {
				Blueprint struct {
					Name, Description, Domain string
					SourceURL                 string `yaml:"source_url"`
					HomeAssistant             struct {
						MinVersion string `yaml:"min_version"`
					} `yaml:"homeassistant"`
					Input map[string]struct {
						Name, Description string
						Default           any
						Selector          map[string]any
					}
				}
				Mode       string
				Triggers   []any
				Conditions []any
				Actions    []any
			}
			require.NoError(t, document.Decode(&automation))
			b := automation.Blueprint
			assert.True(t, strings.HasPrefix(b.Name, "RAPT: "), b.Name)
			assert.Greater(t, len(b.Description), 80)
			assert.Equal(t, "automation", b.Domain)
			assert.Equal(t, "https://raw.githubusercontent.com/rapt-bridge/rapt-bridge/main/examples/"+file, b.SourceURL)
			assert.NotEmpty(t, b.HomeAssistant.MinVersion)
			assert.NotEmpty(t, automation.Mode)
			assert.NotEmpty(t, automation.Triggers)
			assert.NotEmpty(t, automation.Actions)

			devices := 0
			for name, input := range b.Input {
				assert.True(t, used[name], "input %s is not used", name)
				assert.NotEmpty(t, input.Name, name)
				assert.Len(t, input.Selector, 1, name)
				if device, ok := input.Selector["device"].(map[string]any); ok {
					devices++
					filters, _ := device["filter"].([]any)
					assert.NotEmpty(t, filters, name)
					for _, f := range filters {
						filter, _ := f.(map[string]any)
						assert.Equal(t, "mqtt", filter["integration"])
						assert.Equal(t, "KegLand", filter["manufacturer"])
						if model, narrowed := filter["model"]; narrowed {
							assert.True(t, models[model.(string)], "%v is no model of the catalogue", model)
						}
					}
				} else {
					assert.NotNil(t, input.Default, "%s has no default", name)
				}
			}
			assert.NotZero(t, devices, "no input for a device")
			for name := range used {
				assert.Contains(t, b.Input, name)
			}
			require.Contains(t, b.Input, "actions", "the actions are not left to the user")
			if file != "blueprints/automation/submit-readings.yaml" { // it is told of nothing
				assert.Contains(t, read(t, file), "persistent_notification.create")
			}
		})
	}
}

// core are the types of nodes that every Node-RED has and that the flows use.
var core = []string{
	"tab", "comment", "mqtt-broker", "mqtt in", "mqtt out", "inject", "debug", "function", "catch", "csv", "file", "file in",
}

func TestFlowsAreWholeAndCarryNoCredentials(t *testing.T) {
	files := glob(t, "nodered/*.json")
	require.Len(t, files, 4)
	var broker any
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			var nodes []map[string]any
			require.NoError(t, json.Unmarshal([]byte(read(t, file)), &nodes))
			byID := map[string]map[string]any{}
			brokers := 0
			for _, node := range nodes {
				id, _ := node["id"].(string)
				require.Regexp(t, `^[0-9a-f]{16}$`, id)
				require.NotContains(t, byID, id)
				byID[id] = node
				assert.Contains(t, core, node["type"])
				assert.NotContains(t, node, "credentials")
				if node["type"] == "mqtt-broker" {
					brokers++
					if broker == nil {
						broker = node
					}
					assert.Equal(t, broker, node, "the broker is the same in all flows, so that an import asks for it once")
				}
			}
			assert.Equal(t, 1, brokers)
			assert.NotRegexp(t, `(?i)"(user|username|password|secret|token)"`, read(t, file))

			for _, node := range nodes {
				wires, _ := node["wires"].([]any)
				for _, output := range wires {
					for _, to := range output.([]any) {
						target := byID[to.(string)]
						if assert.NotNil(t, target, "%v is wired to nothing", node["name"]) {
							assert.Equal(t, node["z"], target["z"])
						}
					}
				}
				if z, placed := node["z"]; placed {
					assert.Equal(t, "tab", byID[z.(string)]["type"])
				}
				switch node["type"] {
				case "mqtt in", "mqtt out":
					assert.Equal(t, "mqtt-broker", byID[node["broker"].(string)]["type"])
				case "function":
					assert.Len(t, wires, int(node["outputs"].(float64)), node["name"])
				case "inject":
					if node["payloadType"] == "json" {
						assert.True(t, json.Valid([]byte(node["payload"].(string))), node["name"])
					}
				case "catch":
					for _, id := range node["scope"].([]any) {
						assert.Contains(t, byID, id)
					}
				}
			}
		})
	}
}

// The names of devices that a flow is set to are those of the demo, as everywhere in the examples.
func TestFlowsNameTheDemosDevices(t *testing.T) {
	names := map[string]bool{}
	for _, spec := range raptsim.DemoBrewery() {
		names[strings.TrimSpace(spec.Name)] = true
	}
	for _, file := range glob(t, "nodered/*.json") {
		var nodes []map[string]any
		require.NoError(t, json.Unmarshal([]byte(read(t, file)), &nodes))
		for _, node := range nodes {
			var set map[string]any
			text, _ := node["payload"].(string)
			if node["payloadType"] != "json" || json.Unmarshal([]byte(text), &set) != nil {
				continue
			}
			for _, key := range []string{"kettle", "hydrometer", "controller"} {
				if name, ok := set[key].(string); ok {
					assert.True(t, names[name], "%s: %s", file, name)
				}
			}
		}
	}
}

func glob(t *testing.T, patterns ...string) (files []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		for _, file := range found {
			files = append(files, filepath.ToSlash(file))
		}
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}
