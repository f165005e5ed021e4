package bridge

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func withHistory(days int) func(*Options) {
	return func(o *Options) { o.History = HistoryOptions{Enabled: true, Days: days, EveryReading: true} }
}

// streamed is a row of a device's stream.
type streamed struct {
	At         time.Time `json:"at"`
	Row        string    `json:"row"`
	Backfilled bool      `json:"backfilled"`
}

func (m *memoryBroker) stream(t testing.TB, topic string) []streamed {
	t.Helper()
	var out []streamed
	for _, payload := range m.on(topic + "/telemetry") {
		var row streamed
		require.NoError(t, json.Unmarshal([]byte(payload), &row))
		out = append(out, row)
	}
	return out
}

// complete checks that every report of every device since a moment is in the stream, with no more than so many repeated.
// The newest ones may still be on their way.
func complete(t *testing.T, w *world, since time.Time, repeats int, fresh time.Duration) {
	t.Helper()
	repeated := 0
	for _, d := range w.cloud.Devices() {
		topic := "rapt/" + d.Family + "/" + d.ID
		rows := map[int64]int{}
		for _, r := range w.broker.stream(t, topic) {
			if rows[r.At.Unix()]++; rows[r.At.Unix()] > 1 {
				repeated++
			}
		}
		lost, wanted := 0, 0
		for _, r := range w.cloud.Reports(d.ID) {
			if r.At.After(since) && time.Since(r.VisibleAt) > fresh {
				wanted++
				if rows[r.At.Unix()] == 0 {
					lost++
				}
			}
		}
		assert.Positive(t, wanted, d.Name)
		assert.Zero(t, lost, "%s: of %d", d.Name, wanted)
		position := w.broker.document(t, topic+"/history")
		assert.Nil(t, position["last_error"], d.Name)
		assert.LessOrEqual(t, len(w.broker.last(topic+"/history")), 6000)
	}
	assert.LessOrEqual(t, repeated, repeats, "rows in the stream more than once")
}

// historyRequests are the requests for telemetry.
func (w *world) historyRequests() []time.Time {
	var out []time.Time
	for _, r := range w.cloud.Requests() {
		if strings.HasSuffix(r.Path, "/GetTelemetry") {
			out = append(out, r.At)
		}
	}
	return out
}

func TestEveryRowOfABreweryIsStreamedOnce(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withHistory(0), func(t *testing.T, w *world) {
		begin := time.Now()
		pass(6 * time.Hour)
		complete(t, w, begin.Add(time.Minute), 0, 70*time.Minute)
		obeys(t, w, 240)
		asked := w.historyRequests()
		assert.LessOrEqual(t, mostIn(asked, time.Hour), 24)
		t.Logf("%d requests for telemetry in six hours", len(asked))
		assert.Empty(t, w.lines("level=WARN"))
	})
}

func TestANewInstallationGetsTheMonthBeforeWithinTheCeiling(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01, Miss: 0.03},
		{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 5 * time.Minute, Jitter: 0.01, Miss: 0.01},
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: 2 * time.Minute, Jitter: 0.01},
	}
	o := raptsim.Options{Devices: devices, Telemetry: raptsim.Telemetry{Past: 40 * 24 * time.Hour}}
	inVirtualTime(t, o, withHistory(30), func(t *testing.T, w *world) {
		begin := time.Now()
		pass(12 * time.Hour)
		complete(t, w, begin.AddDate(0, 0, -30).Add(time.Hour), 0, 70*time.Minute)
		obeys(t, w, 240)
		asked := w.historyRequests()
		assert.LessOrEqual(t, mostIn(asked, time.Hour), 24)
		t.Logf("%d requests for telemetry", len(asked))
		for _, d := range w.cloud.Devices() {
			before := time.Time{}
			for _, r := range w.broker.stream(t, "rapt/"+d.Family+"/"+d.ID) {
				if r.Backfilled && r.At.Before(begin) {
					assert.True(t, r.At.After(before), "the rows of a gap in the order of their times")
					before = r.At
				}
			}
			position := w.broker.document(t, "rapt/"+d.Family+"/"+d.ID+"/history")
			until, err := time.Parse(time.RFC3339, position["complete_until"].(string))
			require.NoError(t, err)
			assert.Less(t, time.Since(until), 80*time.Minute)
		}
	})
}

func TestNoRowIsLostInAnOutage(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01},
		{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 5 * time.Minute, Jitter: 0.01},
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Jitter: 0.02},
		{Family: raptsim.Still, Name: "Still", ReportEvery: 2 * time.Minute, Jitter: 0.02},
	}
	outages := map[string]func(t *testing.T, w *world, d time.Duration){
		"of the cloud": func(_ *testing.T, w *world, d time.Duration) {
			remove := w.cloud.Inject(raptsim.Fault{Status: 503})
			pass(d)
			remove()
		},
		"of the internet": func(_ *testing.T, w *world, d time.Duration) {
			remove := w.cloud.Inject(raptsim.Fault{Reset: true})
			pass(d)
			remove()
		},
		"of the bridge": func(t *testing.T, w *world, d time.Duration) {
			w.halt()
			pass(d)
			w.start(t)
		},
		"of the broker": func(_ *testing.T, w *world, d time.Duration) {
			w.broker.lose("the broker has gone")
			pass(d)
			w.broker.back()
		},
	}
	for name, outage := range outages {
		for _, d := range []time.Duration{5 * time.Minute, 5 * time.Hour, 5 * 24 * time.Hour} {
			t.Run(name+", "+d.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(raptsim.Options{Devices: devices}, withHistory(0))
					w.start(t)
					defer func() { w.halt() }()
					pass(3 * time.Hour)
					begin := time.Now().Add(-time.Hour)
					outage(t, w, d)
					pass(6 * time.Hour)
					complete(t, w, begin, 1, 70*time.Minute)
					obeys(t, w, 240)
				})
			})
		}
	}
}
