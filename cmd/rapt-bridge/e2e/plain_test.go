package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcexec "github.com/testcontainers/testcontainers-go/exec"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// The lines of examples/mqtt.md, run by Mosquitto's own clients against the demo brewery.
func TestTheLinesForPlainMQTTWork(t *testing.T) {
	t.Parallel()
	broker := startMosquitto(t, t, mosquittoOptions{})
	cloud := startCloud(t, t, raptsim.Options{CommandDelay: -1, ReportLagMax: -1})
	startBridge(t, t, cloud.account().with(settings{"MQTT_URL": broker.url()}))
	watcher := newMQTTClient(t, t, broker, "", "")
	mirrored(t, watcher, "rapt", len(cloud.devices(t)))

	text, err := os.ReadFile("../../../examples/mqtt.md")
	require.NoError(t, err)
	ids, pubs, subs, asks := "", []string{}, []string{}, []string{}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, line := range strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			if regexp.MustCompile(`^  (jq|while) `).MatchString(line) {
				continue // goes on after a pipe
			}
			line, _, _ = strings.Cut(strings.TrimSuffix(line, " |"), " | ") // jq and grep are not in the broker's image
			switch {
			case regexp.MustCompile(`^[A-Z]+=`).MatchString(line):
				ids += line + "\n"
			case strings.HasPrefix(line, "mosquitto_pub "):
				pubs = append(pubs, line)
			case strings.HasPrefix(line, "mosquitto_sub "):
				subs = append(subs, line)
			case strings.HasPrefix(line, "mosquitto_rr "):
				asks = append(asks, line)
			case line != "":
				t.Errorf("a line of another kind: %s", line)
			}
		}
	}
	require.Len(t, pubs, 10)
	require.Len(t, asks, 1)
	require.Greater(t, len(subs), 7)
	shell := clientShell(t, broker)
	run := func(line string) string { return shell(ids + line) }
	shows := func(line, pattern string) { // in the seconds that it listens for, which may be too few on a busy machine
		t.Helper()
		within(t, patience, line, func() error {
			if out := run(line); strings.Contains(out, "Error") || !regexp.MustCompile(pattern).MatchString(out) {
				return errors.New(out)
			}
			return nil
		})
	}

	pill := deviceNamed(t, cloud, "Pale Ale Pill")
	topic, row := "rapt/hydrometer/"+pill.ID+"/telemetry", `{"at":"2026-11-22T05:40:50Z","row":"1","backfilled":false,"gravity":1.0303}`
	// Retained, as the bridge does it.
	watcher.publish(t, "rapt/hydrometer/by-hand/history", `{"complete_until":"2026-11-22T05:40:50Z","rows":1,"backfilled":0,"missing":[],"last_error":null}`, true)
	watcher.publish(t, "rapt/hydrometer/by-hand/batch/1", `{"number":1,"final_gravity":1.0101}`, true)
	for _, line := range subs {
		if strings.Contains(line, "rapt/+/+/result") || strings.Contains(line, "/batch/event") || strings.Contains(line, "brewer/answers") {
			continue // nothing is retained there
		}
		if strings.Contains(line, "/telemetry'") {
			// Its session begins, something comes while it is away, and that is there when it is back.
			require.NotContains(t, run(strings.Replace(line, "mosquitto_sub ", "mosquitto_sub -W 5 ", 1)), "Error", line)
			watcher.publish(t, topic, row, false)
			shows(strings.Replace(line, "mosquitto_sub ", "mosquitto_sub -W 1 ", 1), fmt.Sprintf(`"topic":%q`, topic))
			continue
		}
		shows(strings.Replace(strings.Replace(line, "-W 2 ", "", 1), "mosquitto_sub ", "mosquitto_sub -W 2 ", 1), "Pale Ale Pill|online|complete_until|final_gravity|\"stage\"")
	}
	fridge, kettle := deviceNamed(t, cloud, "Fermentation Fridge"), deviceNamed(t, cloud, "BrewZilla")
	for _, line := range pubs {
		// A value that is there already would be unchanged.
		cloud.set(t, fridge.ID, "targetTemperature", 12.0)
		cloud.set(t, kettle.ID, "heatingEnabled", false)
		cloud.set(t, kettle.ID, "heatingUtilisation", 50.0)
		cloud.set(t, kettle.ID, "pumpEnabled", true)
		command := regexp.MustCompile(`rapt/[a-z_]+/\$?[A-Za-z]+/([a-z_]+)/set`).FindStringSubmatch(line)
		before := len(watcher.all())
		require.Empty(t, run(line), line)
		if command == nil { // to the bridge, which gives no result
			continue
		}
		within(t, patience, "the result of "+line, func() error {
			for _, m := range watcher.all()[before:] {
				var result struct{ Key, Outcome string }
				if strings.HasSuffix(m.topic, "/result") && json.Unmarshal([]byte(m.payload), &result) == nil && result.Key == command[1] {
					switch result.Outcome {
					case "applied":
						return nil
					case "unchanged", "rejected", "failed":
						t.Fatal(m.payload)
					}
				}
			}
			return errors.New("none")
		})
	}
	within(t, patience, "the answer with its correlation data", func() error {
		for _, m := range watcher.all() {
			if m.topic == "brewer/answers" && string(m.reply) == "command-17" && strings.Contains(m.payload, `"key":"target_temperature"`) {
				return nil
			}
		}
		return errors.New("none")
	})
	cloud.set(t, fridge.ID, "targetTemperature", 12.0)
	assert.Contains(t, run(asks[0]), `"outcome":"applied"`)
	assert.Equal(t, "18.5", fmt.Sprint(cloud.actual(t, fridge.ID, "targetTemperature")))
}

// clientShell runs a script where Mosquitto's clients are: in the broker's container, as the upstream image has them, or
// on this machine.
func clientShell(t *testing.T, broker *mosquitto) func(script string) string {
	inside := func(script string) string {
		_, r, err := broker.Exec(t.Context(), []string{"sh", "-c", script}, tcexec.Multiplexed())
		require.NoError(t, err)
		out, err := io.ReadAll(r)
		require.NoError(t, err)
		return string(out)
	}
	if inside("command -v mosquitto_rr") != "" {
		return inside
	}
	if _, err := exec.LookPath("mosquitto_rr"); err != nil {
		t.Fatal("Mosquitto's clients are neither in its image nor on this machine: use the image eclipse-mosquitto:2, or install mosquitto-clients")
	}
	home := t.TempDir() // the clients read what every line has from there
	require.NoError(t, os.Mkdir(filepath.Join(home, ".config"), 0o700))
	for _, client := range []string{"mosquitto_pub", "mosquitto_sub", "mosquitto_rr"} {
		require.NoError(t, os.WriteFile(filepath.Join(home, ".config", client), fmt.Appendf(nil, "-h 127.0.0.1\n-p %d\n", broker.tcp), 0o600))
	}
	return func(script string) string {
		command := exec.Command("sh", "-c", script)
		command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
		out, _ := command.CombinedOutput() // mosquitto_sub says by its status that the time was over
		return string(out)
	}
}
