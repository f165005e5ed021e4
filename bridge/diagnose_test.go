package bridge

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A bridge that runs can tell how its devices report, how late their reports show, and how the cloud answers.
func TestARunningBridgeKeepsAnAnonymousRecord(t *testing.T) {
	var ask chan chan<- []byte
	devices := []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Ottilie's Pill", ReportEvery: 15 * time.Minute, TimeDigits: 7}}
	o := raptsim.Options{Devices: devices, ReportLagMin: 3 * time.Second, ReportLagMax: 3 * time.Second}
	adapt := func(o *Options) {
		withoutCeiling(o)
		ask = make(chan chan<- []byte) // of virtual time
		o.Diagnose = ask
	}
	inVirtualTime(t, o, adapt, func(t *testing.T, w *world) {
		pass(12 * time.Hour)
		reply := make(chan []byte, 1)
		ask <- reply
		file := <-reply
		type spread struct{ Least, Median float64 }
		var d struct {
			Devices []struct {
				Reports  int
				Interval spread
				Most     spread `json:"lag_at_most"`
			}
			Endpoints []struct {
				Endpoint string
				Fields   map[string]string
			}
			Answers []struct{ Count int }
		}
		require.NoError(t, json.Unmarshal(file, &d))
		require.Len(t, d.Devices, 1)
		assert.Greater(t, d.Devices[0].Reports, 40)
		assert.InDelta(t, 900, d.Devices[0].Interval.Median, 15)
		assert.GreaterOrEqual(t, d.Devices[0].Most.Least, 3.0, "it can't be seen sooner")
		assert.Less(t, d.Devices[0].Most.Median, 60.0)
		assert.Equal(t, "readings of hydrometer", d.Endpoints[0].Endpoint)
		assert.Contains(t, d.Endpoints[0].Fields["gravity"], "known: ")
		counted := 0
		for _, a := range d.Answers {
			counted += a.Count
		}
		assert.Equal(t, len(w.cloud.Requests()), counted)
		id := w.cloud.Devices()[0].ID
		texts := []any{"Ottilie", id, id[:8], "brewer@example.com"}
		for _, field := range []string{"macAddress", "serialNumber", "firmwareVersion"} {
			texts = append(texts, w.cloud.Value(id, field))
		}
		for _, text := range texts {
			assert.NotContains(t, string(file), text)
		}
	})
}
