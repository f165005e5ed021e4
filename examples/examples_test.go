package examples_test

import (
	"encoding/json"
	"net/url"
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
	require.Len(t, files, 13)
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
					assert.True(t, input.Default != nil || name == "webhook_id", "%s has no default", name)
					if _, entity := input.Selector["entity"]; entity {
						devices++
					}
				}
				// A number in degrees says in its name that they are °C, whatever Home Assistant shows.
				if number, ok := input.Selector["number"].(map[string]any); ok && number["unit_of_measurement"] == "°C" {
					assert.Regexp(t, `in °C$`, input.Name, name)
					assert.Contains(t, input.Description, "°F", name)
				}
			}
			webhook := file == "blueprints/automation/webhook.yaml"
			assert.Equal(t, webhook, devices == 0, "inputs for devices or entities")
			for name := range used {
				assert.Contains(t, b.Input, name)
			}
			require.Contains(t, b.Input, "actions", "the actions are not left to the user")
			if file != "blueprints/automation/submit-readings.yaml" && !webhook { // they tell of nothing
				assert.Contains(t, read(t, file), "persistent_notification.create")
			}
		})
	}
}

// The families that blueprints publish for are those of the models, and no blueprint sets a temperature in the home's unit.
func TestBlueprintsPublishInCelsiusToTheFamilysTopic(t *testing.T) {
	family := map[string]string{}
	for _, f := range discovery.Families() {
		family[f.Model()] = string(f)
	}
	named := regexp.MustCompile(`'(RAPT [^']+)': '([a-z_]+)'`)
	found := 0
	for _, file := range glob(t, "blueprints/automation/*.yaml") {
		text := read(t, file)
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			assert.Equal(t, family[m[1]], m[2], file)
			found++
		}
		assert.NotContains(t, text, "action: climate.", file)
	}
	assert.Equal(t, 4, found)
}

// A helper of another integration may sit on the same device, with a gravity or a temperature of its own.
func TestBlueprintsTakeOnlyTheBridgesEntitiesOfADevice(t *testing.T) {
	const own = ` | select('in', integration_entities('mqtt'))`
	entities := regexp.MustCompile(`\bdevice_entities\(\w+\)|map\('device_entities'\) \| sum\(start=\[\]\)`)
	found := 0
	for _, file := range glob(t, "blueprints/automation/*.yaml") {
		text := strings.Join(strings.Fields(read(t, file)), " ")
		for _, m := range entities.FindAllStringIndex(text, -1) {
			assert.True(t, strings.HasPrefix(text[m[1]:], own), "%s: %s", file, text[m[0]:min(m[1]+60, len(text))])
			found++
		}
		assert.Equal(t, strings.Count(text, "device_entities"), len(entities.FindAllString(text, -1)), file)
	}
	assert.Greater(t, found, 20)
}

// Home Assistant follows the entities that a trigger's template names when it is rendered. While the broker is away there
// are none; with now() in it, the template is rendered again each minute.
func TestBlueprintsFindEntitiesThatComeAfterTheAutomation(t *testing.T) {
	found := 0
	for _, file := range glob(t, "blueprints/automation/*.yaml") {
		var automation struct {
			Triggers []struct {
				Template string `yaml:"value_template"`
			}
		}
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal([]byte(read(t, file)), &document))
		inputTags(&document, map[string]bool{})
		require.NoError(t, document.Decode(&automation))
		for _, trigger := range automation.Triggers {
			if strings.Contains(trigger.Template, "integration_entities") {
				assert.Contains(t, trigger.Template, "now()", file)
				found++
			}
		}
	}
	assert.Greater(t, found, 10)
}

// What is read line by line from a pipe or a file must not wait in jq until there are 4 kB of it.
func TestPipesOfLinesAreNotBuffered(t *testing.T) {
	for _, line := range strings.Split(read(t, "mqtt.md"), "\n") {
		if _, jq, ok := strings.Cut(line, "jq "); ok && strings.Contains(line, ">>") {
			assert.True(t, strings.HasPrefix(jq, "--unbuffered "), line)
		}
	}
}

// Each blueprint is one click away from the pages that people read, and so is the repository.
func TestPagesHaveMyHomeAssistantLinks(t *testing.T) {
	for _, page := range []string{"../README.md", "../addon/DOCS.md"} {
		links := map[string]bool{}
		for _, m := range regexp.MustCompile(`\]\((https://my\.home-assistant\.io/redirect/[^)]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			link, err := url.Parse(m[1])
			require.NoError(t, err)
			links[path.Base(link.Path)+" "+link.Query().Get("blueprint_url")+link.Query().Get("repository_url")] = true
		}
		files := glob(t, "blueprints/automation/*.yaml")
		for _, file := range files {
			source := regexp.MustCompile(`source_url: (\S+)`).FindStringSubmatch(read(t, file))
			require.Len(t, source, 2, file)
			assert.True(t, links["blueprint_import "+source[1]], "%s has no link to import %s", page, file)
		}
		assert.True(t, links["supervisor_add_addon_repository https://github.com/rapt-bridge/rapt-bridge"], page)
		assert.Len(t, links, len(files)+1, page)
	}
}

// core are the types of nodes that every Node-RED has and that the flows use.
var core = []string{
	"tab", "comment", "mqtt-broker", "mqtt in", "mqtt out", "inject", "debug", "function", "catch", "csv", "file", "file in", "http request",
}

func TestFlowsAreWholeAndCarryNoCredentials(t *testing.T) {
	files := glob(t, "nodered/*.json")
	require.Len(t, files, 5)
	brokers := map[string]any{}
	for _, file := range files {
		t.Run(path.Base(file), func(t *testing.T) {
			var nodes []map[string]any
			require.NoError(t, json.Unmarshal([]byte(read(t, file)), &nodes))
			byID := map[string]map[string]any{}
			own := 0
			for _, node := range nodes {
				id, _ := node["id"].(string)
				require.Regexp(t, `^[0-9a-f]{16}$`, id)
				require.NotContains(t, byID, id)
				byID[id] = node
				assert.Contains(t, core, node["type"])
				assert.NotContains(t, node, "credentials")
				if node["type"] == "mqtt-broker" {
					own++
					if brokers[id] == nil {
						brokers[id] = node
					}
					assert.Equal(t, brokers[id], node, "a broker is the same in all flows that have it, so that an import asks for it once")
					if node["cleansession"] == false {
						assert.NotEmpty(t, node["clientid"])
						assert.Equal(t, false, node["autoUnsubscribe"])
						assert.NotEmpty(t, node["sessionExpiry"])
					}
				}
			}
			assert.Equal(t, 1, own)
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
