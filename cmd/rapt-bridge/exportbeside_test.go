package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// countedIn is how many requests and sign-ins a retained state has of the past hour.
func countedIn(t *testing.T, doc string) (requests, signIns int) {
	t.Helper()
	var state struct {
		Ledger limit.SavedLog `json:"ledger"`
	}
	require.NoError(t, json.Unmarshal([]byte(doc), &state))
	for _, entry := range slices.Concat(state.Ledger.Polls, state.Ledger.Commands) {
		requests += entry[1]
	}
	for _, entry := range state.Ledger.SignIns {
		signIns += entry[1]
	}
	return requests, signIns
}

// TestABridgeThatStartsWhileAnExportRunsCountsBoth has the requests of both in one log.
func TestABridgeThatStartsWhileAnExportRunsCountsBoth(t *testing.T) {
	if testing.Short() {
		t.Skip("an export that comes while the bridge starts waits for a minute")
	}
	cloud, url := served(t, raptsim.Options{
		Latency: &raptsim.Latency{Min: 400 * time.Millisecond, Max: 500 * time.Millisecond}, Telemetry: raptsim.Telemetry{Past: 20 * 24 * time.Hour},
		Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, TimeDigits: 7}},
	})
	broker := startBroker(t, true)
	fresh(t, broker)
	env := append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=2000", "RAPT_BRIDGE_HTTP_LISTEN=", "RAPT_BRIDGE_HISTORY_DAYS=0")
	done := make(chan outcome)
	go func() {
		done <- ran(t, env, "export", "--output", "-", "--from="+time.Now().AddDate(0, 0, -20).Format(time.DateOnly))
	}()
	require.Eventually(t, func() bool { return len(cloud.Requests()) >= 3 }, time.Minute, 10*time.Millisecond)
	p, _, _ := newProgram(env)
	stop := started(t, p)
	id := cloud.Devices()[0].ID
	require.Eventually(t, func() bool { return broker.payload("rapt/hydrometer/"+id+"/state") != "" }, time.Minute, 20*time.Millisecond)
	o := <-done
	require.Equal(t, exitOK, o.status, o.stderr)
	require.Equal(t, exitOK, stop())
	requests, signIns := countedIn(t, broker.retained("rapt/bridge/state"))
	assert.Equal(t, len(cloud.Requests()), requests)
	assert.Equal(t, 2, signIns)
}
