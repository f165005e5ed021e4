package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// FuzzRetained starts the bridge with any message among what the broker retains, and sends it the same once more while it
// runs: it ends the restore, polls, and clears no topic but those of its own devices. Where the bridge hangs, so does this.
func FuzzRetained(f *testing.F) {
	const id = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01"
	topics := discovery.Topics{}
	state, at := topics.State(discovery.Hydrometer, id), "2026-11-22T05:00:00Z"
	for _, payload := range []string{
		"", "null", "{}", "[", "\xff", `{"last_activity":"` + at + `","reporting_interval":1e-9}`,
		`{"last_activity":"9999-12-31T23:59:59Z","reporting_interval":1,"next_reading_expected":"0001-01-01T00:00:01Z"}`,
		`{"last_activity":"` + at + `","reporting_interval":1e300,"heating_active":true}`,
	} {
		f.Add(state, []byte(payload), true)
		f.Add("rapt/hydrometer/"+strings.Repeat("x", 100)+"/state", []byte(payload), true)
		f.Add(topics.BridgeState(), []byte(payload), true)
		f.Add(topics.History(discovery.Hydrometer, id), []byte(payload), true)
		f.Add(topics.BridgeStandby(), []byte(payload), false)
	}
	f.Add(topics.BridgeState(), []byte(`{"ledger":{"at":"2026-11-22T06:00:00Z","polls":[[0,1000000000]],"commands":[[-1,-1]],"sign_ins":[[9999999999,5]],"withheld":{"age":-5,"polls":1e9},"code":"x"},"heating_on":["","`+id+`"],"account":"0"}`), true)
	f.Add(topics.History(discovery.Hydrometer, id), []byte(`{"latest":"`+at+`","rows":1e300,"gaps":[{"from":"0001-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z","rows":["`+at+`"]}],"missing":[{}]}`), true)
	f.Add(topics.Config(id), []byte(`{"origin":{"name":"rapt-bridge"},"state_topic":"`+state+`"}`), true)
	f.Add(topics.HAStatus(), []byte("online"), true)
	f.Add("rapt/brewzilla/"+id+"/pump_enabled/set", []byte("ON"), true)
	f.Add(topics.BridgeCommand("forget"), []byte(id), false)
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained bool) {
		v := newVirtual(t, raptsim.Options{Devices: raptsim.DemoBrewery()[:2]}, nil, broker.Message{Topic: topic, Payload: payload, Retained: retained})
		if v.b.ended != nil {
			return // it is another account's
		}
		v.run(t.Context(), 10*time.Minute)
		require.NotEmpty(t, v.cloud.Requests(), "it polls")
		require.LessOrEqual(t, len(v.cloud.Requests()), 240)
		v.b.onMessage(broker.Message{Topic: topic, Payload: payload, Retained: retained}, false)
		v.run(t.Context(), 10*time.Minute)
		for _, cleared := range v.cleared {
			require.True(t, strings.HasPrefix(cleared, "rapt/") || cleared == topic, "%s is nobody's to clear", cleared)
		}
	})
}
