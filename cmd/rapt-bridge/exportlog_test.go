package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAnExportThatIsStoppedAfterA429LeavesTheSilence to the next one, and to a bridge that starts.
func TestAnExportThatIsStoppedAfterA429LeavesTheSilence(t *testing.T) {
	cloud, url := served(t, raptsim.Options{Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill"}}})
	broker := startBroker(t, true)
	fresh(t, broker)
	cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers/GetTelemetry", LimitRate: true, RetryAfter: time.Hour})
	for _, start := range []string{"refused", "after a restart"} {
		before := len(cloud.Requests())
		ctx, cancel := context.WithCancel(t.Context())
		p, _, stderr := newProgram(settings(url, broker.address), "export", "--output", "-", "--from="+time.Now().AddDate(0, 0, -1).Format(time.DateOnly))
		ended := make(chan int)
		go func() { ended <- run(ctx, p) }()
		eventually(t, start, func() bool { return strings.Contains(stderr.String(), "asks for fewer requests (429); going on at") })
		if start != "refused" {
			assert.Equal(t, before, len(cloud.Requests()), "nothing is asked")
		}
		cancel()
		<-ended
	}
	var state struct {
		Ledger limit.SavedLog `json:"ledger"`
	}
	require.NoError(t, json.Unmarshal([]byte(broker.retained("rapt/bridge/state")), &state))
	assert.InDelta(t, 3600, state.Ledger.Silence, 60)
}

// TestAnExportCountsWhatTheBridgeThatEndedDidNot: the bridge gave no answer, so its log lacks those requests.
func TestAnExportCountsWhatTheBridgeThatEndedDidNot(t *testing.T) {
	cloud, url := served(t, raptsim.Options{
		Latency: &raptsim.Latency{Min: 50 * time.Millisecond, Max: 60 * time.Millisecond}, Telemetry: raptsim.Telemetry{Past: 24 * time.Hour},
		Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill"}},
	})
	broker := startBroker(t, true)
	fresh(t, broker)
	require.NoError(t, broker.Publish("rapt/bridge/availability", []byte("online"), true, 1))
	done := make(chan outcome)
	go func() {
		done <- ran(t, append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=1000"), "export", "--output", "-", "--from="+time.Now().AddDate(0, 0, -1).Format(time.DateOnly))
	}()
	eventually(t, "some requests", func() bool { return len(cloud.Requests()) >= 3 })
	require.NoError(t, broker.Publish("rapt/bridge/availability", []byte("offline"), true, 1))
	o := <-done
	require.Equal(t, exitOK, o.status, o.stderr)
	requests, signIns := countedIn(t, broker.retained("rapt/bridge/state"))
	assert.Equal(t, len(cloud.Requests()), requests)
	assert.Equal(t, 1, signIns)
}
