package device

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// simulated runs a test on a client of a simulated cloud, in virtual time.
func simulated(t *testing.T, o raptsim.Options, test func(t *testing.T, cloud *raptsim.Cloud, client *raptclient.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Latency, o.ReportLagMax = &raptsim.Latency{}, -1
		cloud := raptsim.New(o)
		client, err := raptclient.New(raptclient.Options{
			APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
		})
		require.NoError(t, err)
		test(t, cloud, client)
	})
}

func fieldsOf(t *testing.T, row Telemetry, backfilled bool) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, json.Unmarshal(row.AppendJSON(nil, backfilled), &doc))
	return doc
}

func TestARowOfTheHistoryIsTheReadingThatTheListShowed(t *testing.T) {
	simulated(t, raptsim.Options{}, func(t *testing.T, _ *raptsim.Cloud, client *raptclient.Client) {
		time.Sleep(3 * time.Hour)
		compared := map[string]bool{}
		for _, f := range Families() {
			list, err := f.List(context.Background(), client)
			require.NoError(t, err)
			for _, r := range list.Readings {
				history, err := f.Telemetry(context.Background(), client, r.ID(), time.Now().Add(-2*time.Hour), time.Time{})
				require.NoError(t, err)
				require.NotEmpty(t, history.Rows, f.Name)
				assert.Zero(t, history.Report.WrongType+history.Report.UnknownFields)

				newest := history.Rows[len(history.Rows)-1]
				require.True(t, newest.At.Equal(r.Activity()), "%s: %s and %s", f.Name, newest.At, r.Activity())
				listed, asked := fieldsOf(t, r.Telemetry(), false), fieldsOf(t, newest, true)
				assert.Equal(t, true, asked["backfilled"])
				assert.Equal(t, false, listed["backfilled"])
				assert.Equal(t, r.Activity().UTC().Format(time.RFC3339Nano), listed["row"], "the list has no rows with keys here")
				assert.NotEqual(t, listed["row"], asked["row"])
				for key, value := range asked {
					if key != "row" && key != "backfilled" {
						assert.Equal(t, listed[key], value, "%s: %s", f.Name, key)
					}
					if value != nil && key != "row" {
						compared[string(f.Name)+" "+key] = true
					}
				}
			}
		}
		assert.Greater(t, len(compared), 70, "values that are there on both sides")
	})
}

func TestAListThatCarriesRowsGivesTheirKey(t *testing.T) {
	simulated(t, raptsim.Options{TelemetryShape: raptsim.TelemetryArray}, func(t *testing.T, _ *raptsim.Cloud, client *raptclient.Client) {
		f := hydrometers()
		list, err := f.List(context.Background(), client)
		require.NoError(t, err)
		r := list.Readings[0]
		history, err := f.Telemetry(context.Background(), client, r.ID(), time.Time{}, time.Time{})
		require.NoError(t, err)
		assert.Equal(t, history.Rows[len(history.Rows)-1].Row, r.Telemetry().Row)
	})
}

func TestTelemetryKeysAreOfTheDocument(t *testing.T) {
	for _, f := range Families() {
		keys := f.TelemetryKeys()
		assert.Contains(t, keys, "rssi", f.Name)
		assert.NotContains(t, keys, "name", "%s: a row measures", f.Name)
		for _, key := range keys {
			if !strings.HasPrefix(key, "profile_") { // of which rows have ids alone
				assert.Contains(t, f.index, key, f.Name)
			}
		}
	}
	assert.Equal(t, []string{"rssi", "gravity", "plato", "gravity_velocity", "temperature", "battery"}, hydrometers().TelemetryKeys())
}

func TestTheSameReadingWithANewTimeIsSentOnceMore(t *testing.T) {
	f := hydrometers()
	pill := func(at time.Time, gravity, rssi float64) Telemetry {
		return f.telemetryRow(&raptclient.Hydrometer{
			Device:  raptclient.Device{RSSI: raptclient.Some(rssi)},
			Gravity: raptclient.Some(gravity), Temperature: raptclient.Some(18.5625),
		}, at, "")
	}
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first := pill(noon, 1016.3, -60)
	assert.True(t, pill(noon.Add(time.Minute), 1016.3, -64).Resends(first))
	assert.False(t, pill(noon.Add(time.Minute), 1016.4, -60).Resends(first))
	assert.False(t, pill(noon, 1016.3, -60).Resends(Telemetry{}))
	empty := f.telemetryRow(&raptclient.Hydrometer{}, noon, "")
	assert.False(t, empty.Resends(empty), "nothing was measured")
	thermometer := bondedDevices()
	warm := thermometer.telemetryRow(&raptclient.BondedDevice{Temperature: raptclient.Some(18.5)}, noon, "")
	assert.False(t, warm.Resends(warm), "only a Pill has been seen to do it")
}
