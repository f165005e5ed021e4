package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const nodeREDImage = "nodered/node-red:5"

// nodeRED is a running Node-RED.
type nodeRED struct {
	*container
	base string
}

const nodeREDSettings = `module.exports = {
	uiHost: "0.0.0.0", flowFile: "flows.json", credentialSecret: "of the test",
	editorTheme: { tours: false, projects: { enabled: false } }, telemetry: { enabled: false },
	logging: { console: { level: "info", metrics: false, audit: false } },
};
`

// startNodeRED runs a Node-RED with flows, on a network where it finds "mosquitto".
func startNodeRED(t testing.TB, nw *testcontainers.DockerNetwork, flows []map[string]any) *nodeRED {
	t.Helper()
	content, err := json.Marshal(flows)
	require.NoError(t, err)
	port := freePort(t)
	n := &nodeRED{base: fmt.Sprintf("http://127.0.0.1:%d", port)}
	n.container = startContainer(t, t, nodeREDImage, map[int]int{1880: port},
		network.WithNetwork([]string{"nodered"}, nw),
		testcontainers.WithFiles(file("/data/flows.json", string(content)), file("/data/settings.js", nodeREDSettings)))
	n.ready(t, 1)
	return n
}

// ready waits until the flows have started so many times.
func (n *nodeRED) ready(t testing.TB, times int) {
	t.Helper()
	within(t, patience, "Node-RED starts the flows", func() error {
		if got := strings.Count(n.logText(t), "Started flows"); got < times {
			return fmt.Errorf("%d times so far", got)
		}
		return nil
	})
}

// press presses the button of an inject node.
func (n *nodeRED) press(t testing.TB, id string) {
	t.Helper()
	within(t, patience, "the button", func() error {
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Post(n.base+"/inject/"+id, "application/json", nil)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
}

// remembered is what Node-RED has in a context store, such as "global/rapt", decoded into out.
func (n *nodeRED) remembered(path string, out any) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(n.base + "/context/" + path)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var stored struct {
		Message string `json:"msg"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&stored); err != nil {
		return err
	}
	return json.Unmarshal([]byte(stored.Message), out)
}

// file is a file of the container; empty while there is none.
func (n *nodeRED) file(t testing.TB, path string) string {
	t.Helper()
	r, err := n.CopyFileFromContainer(t.Context(), path)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(content)
}

// exampleFlows are all flows of the examples as a brewer has them who imported one after the other: the broker, which is
// in each of them, is there once, and has the address of this network's.
func exampleFlows(t testing.TB) []map[string]any {
	t.Helper()
	files, err := filepath.Glob("../../../examples/nodered/*.json")
	require.NoError(t, err)
	require.Len(t, files, 5)
	var all []map[string]any
	seen := map[any]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var nodes []map[string]any
		require.NoError(t, json.Unmarshal(content, &nodes), file)
		for _, node := range nodes {
			if seen[node["id"]] {
				require.Equal(t, "mqtt-broker", node["type"], "%s has a node that another flow has", file)
				continue
			}
			seen[node["id"]] = true
			if node["type"] == "mqtt-broker" {
				node["broker"] = "mosquitto"
			}
			all = append(all, node)
		}
	}
	return all
}

// nodeNamed is the node of a type with a name.
func nodeNamed(t testing.TB, flows []map[string]any, kind, name string) map[string]any {
	t.Helper()
	for _, node := range flows {
		if node["type"] == kind && node["name"] == name {
			return node
		}
	}
	t.Fatalf("no %s called %q", kind, name)
	return nil
}

// mash is what the step mash remembers.
type mash struct {
	Kettle  string
	Phase   string
	Text    string
	Step    int
	Reached []struct {
		Step        string
		Temperature float64
	}
}

// All flows of the examples in one Node-RED, against a brewery where a minute takes a second.
func TestNodeREDRunsTheFlowsOfTheExamples(t *testing.T) {
	t.Parallel()
	nw := newNetwork(t, t)
	broker := startMosquitto(t, t, mosquittoOptions{network: nw, persistence: true})
	cloud := startCloud(t, t, raptsim.Options{Speed: 60, CommandDelay: -1, ReportLagMax: -1, OneBatch: true})
	startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url(), "RAPT_MAX_REQUESTS_PER_HOUR": "100000"}))
	watcher := newMQTTClient(t, t, broker, "", "")

	flows := exampleFlows(t)
	start := nodeNamed(t, flows, "inject", "Start the mash")
	start["payload"] = `{"kettle":"Sparge Water","pump":true,"off_at_end":true,"steps":[
		{"name":"Alpha","temperature_celsius":80,"minutes":0.1},{"name":"Mash out","temperature_celsius":84,"minutes":0.1},{"name":"Hot","temperature_celsius":88,"minutes":0.05}]}`
	fahrenheit := maps.Clone(start)
	fahrenheit["id"], fahrenheit["name"] = "72617074ffffff01", "Start a mash in °F"
	fahrenheit["payload"] = strings.Replace(start["payload"].(string), "80", "152", 1)
	flows = append(flows, fahrenheit)
	flows = withInfluxDB(t, flows)
	red := startNodeRED(t, nw, flows)
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))
	rows := newStream(t, cloud)

	mirroredInNodeRED := func(t *testing.T) {
		within(t, patience, "every device in the global context", func() error {
			var rapt struct {
				Bridge  string
				Devices map[string]struct {
					Name, Family string
					Online       bool
					State        map[string]any
				}
			}
			if err := red.remembered("global/rapt", &rapt); err != nil {
				return err
			}
			for _, d := range cloud.devices(t) {
				got := rapt.Devices[d.ID]
				if got.Name != strings.TrimSpace(d.Name) || got.Family != d.Family || !got.Online || len(got.State) < 5 {
					return fmt.Errorf("%s: %+v", d.Name, got)
				}
			}
			if rapt.Bridge != "online" {
				return errors.New("the bridge is " + rapt.Bridge)
			}
			return nil
		})
	}
	atMash := func(t *testing.T, what string, is func(mash) bool) (m mash) {
		t.Helper()
		watcher.waitFor(t, 2*patience, "nodered/step_mash", func(payload string) bool {
			m = mash{}
			return json.Unmarshal([]byte(payload), &m) == nil && is(m)
		})
		return m
	}

	t.Run("the mirror has every device", mirroredInNodeRED)
	rows.publish(t, watcher, "2026-10-31T23:59:50Z", true)
	rows.publish(t, watcher, "2026-11-01T00:00:00.5Z", false)
	rows.publish(t, watcher, "2026-11-01T00:00:00.5Z", false) // once more, as after a crash
	t.Run("the CSV files have every row", func(t *testing.T) { rows.inCSV(t, red) })
	t.Run("InfluxDB has every row", func(t *testing.T) { rows.inInfluxDB(t, red) })
	red.press(t, fahrenheit["id"].(string))
	t.Run("the step mash reaches its steps, through a restart of Node-RED and one of the broker", func(t *testing.T) {
		red.press(t, start["id"].(string))
		atMash(t, "the first step", func(m mash) bool { return len(m.Reached) == 1 })
		for _, m := range watcher.all() {
			assert.False(t, m.topic == "nodered/step_mash" && strings.Contains(m.payload, "152"), "the mash in °F has begun")
		}
		red.stop(t)
		rows.publish(t, watcher, "2026-11-02T12:00:00Z", false) // which the broker keeps for it
		rows.publish(t, watcher, "2026-11-01T00:00:00.5Z", false)
		red.start(t)
		red.ready(t, 2)
		atMash(t, "the second step", func(m mash) bool { return len(m.Reached) == 2 })
		broker.restart(t)
		m := atMash(t, "the end", func(m mash) bool { return m.Phase == "done" })
		require.Len(t, m.Reached, 3)
		for i, want := range []float64{80, 84, 88} {
			assert.GreaterOrEqual(t, m.Reached[i].Temperature, want-0.5)
		}
		kettle := deviceNamed(t, cloud, "Sparge Water")
		within(t, patience, "the kettle as the mash left it", func() error {
			for field, want := range map[string]any{"targetTemperature": 88.0, "heatingEnabled": false, "pumpEnabled": false} {
				if got := cloud.actual(t, kettle.ID, field); got != want {
					return fmt.Errorf("%s is %v", field, got)
				}
			}
			return nil
		})
	})
	t.Run("the mirror has every device after it", mirroredInNodeRED)
	t.Run("the diacetyl rest begins when the gravity is low, once", func(t *testing.T) {
		pill, fridge := deviceNamed(t, cloud, "Pale Ale Pill"), deviceNamed(t, cloud, "Fermentation Fridge")
		require.Equal(t, 18.5, cloud.value(t, fridge.ID, "targetTemperature"))
		cloud.set(t, pill.ID, "telemetryFrequency", 1440.0) // no readings but those of the test
		measures := func(gravity float64) {
			// Documents tell the time of a reading to the second, and two in one second are one to the flow.
			before := time.Now().Unix()
			within(t, patience, "another second", func() error {
				if time.Now().Unix() == before {
					return errors.New("not yet")
				}
				return nil
			})
			cloud.set(t, pill.ID, "gravity", gravity)
			watcher.publish(t, discovery.Topics{}.BridgeCommand("refresh"), "PRESS", false)
			within(t, patience, "the reading in the flow", func() error {
				var rest struct{ Gravity float64 }
				if err := red.remembered("flow/"+nodeNamed(t, flows, "function", "Diacetyl rest")["z"].(string)+"/rest", &rest); err != nil {
					return err
				}
				if math.Abs(rest.Gravity-gravity/1000) > 0.00005 {
					state, _ := watcher.get(discovery.Topics{}.State(discovery.Hydrometer, pill.ID))
					return fmt.Errorf("it has %v; the device's document: %s", rest.Gravity, state.payload)
				}
				return nil
			})
		}
		for _, gravity := range []float64{1015.4, 1015.2, 1015.0, 1014.8} {
			measures(gravity)
		}
		within(t, patience, "the fridge warms", func() error {
			if got := cloud.actual(t, fridge.ID, "targetTemperature"); got != 20.0 {
				return fmt.Errorf("its target is %v", got)
			}
			return nil
		})
		watcher.waitFor(t, patience, "nodered/diacetyl_rest", equal(`{"begun":true}`))

		// Whoever cools the beer afterwards has the last word.
		cloud.set(t, fridge.ID, "targetTemperature", 18.0)
		for _, gravity := range []float64{1013.4, 1013.2, 1013.0, 1012.8} {
			measures(gravity)
		}
		assert.Equal(t, 18.0, cloud.actual(t, fridge.ID, "targetTemperature"))
	})
	t.Run("the CSV files have every row, also those from the restart", func(t *testing.T) { rows.inCSV(t, red) })
	t.Run("InfluxDB has them too", func(t *testing.T) { rows.inInfluxDB(t, red) })
	for _, line := range regexp.MustCompile(`(?m)^.*\[(?:error|warn)\].*$`).FindAllString(red.logText(t), -1) {
		// Node-RED's own: every installation without projects and without any credentials begins with them.
		assert.Regexp(t, "Projects disabled|Encrypted credentials not found", line, "a warning or an error in Node-RED's log")
	}
	assert.Equal(t, 2, strings.Count(red.logText(t), "Started flows"))
}

// deviceNamed is the device of a cloud with a name.
func deviceNamed(t testing.TB, c *cloud, name string) raptsim.Info {
	t.Helper()
	for _, d := range c.devices(t) {
		if strings.TrimSpace(d.Name) == name {
			return d
		}
	}
	t.Fatalf("the cloud has no %q", name)
	return raptsim.Info{}
}
