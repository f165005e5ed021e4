package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// fresh has the broker retain an empty log of requests, as after an hour without any.
func fresh(t *testing.T, broker *testBroker) {
	t.Helper()
	state, err := json.Marshal(map[string]any{"version": "1.0.0", "ledger": limit.NewKey(account, secret).Unused(time.Now())})
	require.NoError(t, err)
	require.NoError(t, broker.Publish("rapt/bridge/state", state, true, 1))
	require.NoError(t, broker.Publish("rapt/bridge/availability", []byte("offline"), true, 1))
}

func TestExportWritesAFileForEachDevice(t *testing.T) {
	cloud, url := served(t, raptsim.Options{
		Latency: &raptsim.Latency{}, Telemetry: raptsim.Telemetry{Past: 10 * 24 * time.Hour},
		Devices: []raptsim.DeviceSpec{
			{Family: raptsim.Hydrometer, Name: "Pale Ale Pill", ReportEvery: 15 * time.Minute, TimeDigits: 7},
			{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 15 * time.Minute},
		},
	})
	broker := startBroker(t, true)
	fresh(t, broker)
	folder, environ := t.TempDir(), append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=20000")
	from := "--from=" + time.Now().AddDate(0, 0, -20).Format(time.DateOnly)
	o := ran(t, environ, "export", "--output", folder, from)
	require.Equal(t, exitOK, o.status, o.stderr)
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, d := range cloud.Devices() {
		name := strings.ToLower(strings.ReplaceAll(d.Name, " ", "-")) + "-" + d.ID[:8] + ".csv"
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
		require.NoError(t, err)
		assert.Equal(t, len(cloud.Reports(d.ID)), len(rows)-1)
		assert.Contains(t, o.stderr, name)
	}

	t.Run("its requests are in the log that the bridge takes over", func(t *testing.T) {
		var state struct {
			Version string         `json:"version"`
			Ledger  limit.SavedLog `json:"ledger"`
		}
		require.NoError(t, json.Unmarshal([]byte(broker.retained("rapt/bridge/state")), &state))
		assert.Equal(t, "1.0.0", state.Version, "the rest of it is as it was")
		bridges := limit.NewRequestLog(20_000, 2_500)
		bridges.ShareWithBackfill()
		require.NoError(t, limit.NewKey(account, secret).Check(state.Ledger), "the bridge trusts it")
		counted := 0
		for _, entry := range state.Ledger.Polls {
			counted += entry[1]
		}
		assert.Equal(t, len(cloud.Requests()), counted)
		assert.Equal(t, 1, cloud.MaxInFlight())
	})
	t.Run("it goes on where the files end", func(t *testing.T) {
		before, err := os.ReadFile(files[0])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(files[0], before[:len(before)/2], 0o644), "it was interrupted")
		o := ran(t, environ, "export", "--output", folder, from)
		require.Equal(t, exitOK, o.status, o.stderr)
		after, err := os.ReadFile(files[0])
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after))
	})
	t.Run("one device to standard output", func(t *testing.T) {
		o := ran(t, environ, "export", "--output", "-", "--format", "jsonl", "--device", "pale ale pill", from)
		require.Equal(t, exitOK, o.status, o.stderr)
		lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
		assert.Equal(t, len(cloud.Reports(cloud.Devices()[0].ID)), len(lines))
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &row))
		assert.Equal(t, "Pale Ale Pill", row["name"])
		assert.Equal(t, "hydrometer", row["family"])
	})
}

func TestExportCountsInTheLogOfTheBridgeThatRuns(t *testing.T) {
	cloud, url := served(t, raptsim.Options{
		Latency: &raptsim.Latency{Min: 50 * time.Millisecond, Max: 200 * time.Millisecond}, Telemetry: raptsim.Telemetry{Past: 2 * 24 * time.Hour},
		Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, TimeDigits: 7}},
	})
	broker := startBroker(t, true)
	fresh(t, broker)
	environ := append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=2000", "RAPT_BRIDGE_HTTP_LISTEN=", "RAPT_BRIDGE_HISTORY_DAYS=0",
		"RAPT_BRIDGE_RAPT_MIN_POLL_INTERVAL=1s", "RAPT_BRIDGE_RAPT_MAX_POLL_INTERVAL=1s")
	p, _, _ := newProgram(environ)
	stop := started(t, p)
	id := cloud.Devices()[0].ID
	require.Eventually(t, func() bool { return broker.payload("rapt/hydrometer/"+id+"/state") != "" }, time.Minute, 50*time.Millisecond)
	bridges := len(cloud.Requests())
	o := ran(t, environ, "export", "--output", "-", "--from="+time.Now().AddDate(0, 0, -3).Format(time.DateOnly))
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.Equal(t, len(cloud.Reports(id)), strings.Count(o.stdout, "\n")-1)
	assert.GreaterOrEqual(t, len(cloud.Requests()), bridges+10, "a sign-in, eight lists and the readings")
	assert.Equal(t, exitOK, stop())
	assert.Equal(t, 1, cloud.MaxInFlight(), "the two ask for one thing after the other")

	var state struct {
		Ledger limit.SavedLog `json:"ledger"`
	}
	require.NoError(t, json.Unmarshal([]byte(broker.retained("rapt/bridge/state")), &state))
	counted := 0
	for _, entry := range slices.Concat(state.Ledger.Polls, state.Ledger.Commands) {
		counted += entry[1]
	}
	assert.Equal(t, len(cloud.Requests()), counted, "all of them are in the bridge's log")
}

// A bridge that doesn't answer is an older one.
func TestExportTakesTheTenthWhileAnOlderBridgeRuns(t *testing.T) {
	cloud, url := served(t, raptsim.Options{Latency: &raptsim.Latency{}, Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill"}}})
	broker := startBroker(t, true)
	fresh(t, broker)
	require.NoError(t, broker.Publish("rapt/bridge/availability", []byte("online"), true, 1))
	before := broker.retained("rapt/bridge/state")
	day := "--from=" + time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	o := ran(t, append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=1000"), "export", "--output", "-", day)
	require.Equal(t, exitOK, o.status, o.stderr)
	assert.LessOrEqual(t, len(cloud.Requests()), 100)
	assert.Equal(t, before, broker.retained("rapt/bridge/state"), "that is the running bridge's to write")
}

// Anybody may write what the broker retains. A log that isn't this account's counts as lost, and is left alone: it may be
// another account's.
func TestExportTrustsNoForgedLog(t *testing.T) {
	cloud, url := served(t, raptsim.Options{Latency: &raptsim.Latency{}, Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill"}}})
	day := "--from=" + time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	full := limit.SavedLog{At: time.Now().UTC().Truncate(time.Second), Polls: [][2]int{{1, 700}}, Commands: [][2]int{}, SignIns: [][2]int{{1, 4}}}
	for name, c := range map[string]struct{ saved any }{
		"unsigned":          {full},
		"another account's": {limit.NewKey("neighbour@example.com", secret).Sign(full)},
		"no log":            {"none"},
		"null":              {nil},
	} {
		t.Run(name, func(t *testing.T) {
			broker := startBroker(t, true)
			state, err := json.Marshal(map[string]any{"ledger": c.saved})
			require.NoError(t, err)
			if c.saved == nil {
				state = []byte("null")
			}
			fresh(t, broker)
			require.NoError(t, broker.Publish("rapt/bridge/state", state, true, 1))
			before := len(cloud.Requests())
			o := ran(t, append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=1000"), "export", "--output", "-", day)
			require.Equal(t, exitOK, o.status, o.stderr)
			assert.Greater(t, len(cloud.Requests()), before, "it doesn't wait for an hour")
			assert.Equal(t, string(state), broker.retained("rapt/bridge/state"))
		})
	}
}

func TestExportSaysWhatIsWrong(t *testing.T) {
	_, url := served(t, raptsim.Options{Latency: &raptsim.Latency{}})
	broker := startBroker(t, true)
	fresh(t, broker)
	good := settings(url, broker.address)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--from", "yesterday"}, "--from: "},
		{[]string{"--from", "2026-02-01", "--to", "2026-01-01"}, "not before"},
		{[]string{"--format", "xlsx"}, "neither csv nor jsonl"},
		{[]string{"--device", "Nobody's"}, "Stout Pill"},
	} {
		o := ran(t, good, append([]string{"export", "--output", "-"}, c.args...)...)
		assert.Equal(t, exitConfig, o.status, c.args)
		assert.Contains(t, o.stderr, c.says)
	}
	o := ran(t, nil, "export")
	assert.Equal(t, exitConfig, o.status)
	assert.Contains(t, o.stderr, "rapt.username")
}
