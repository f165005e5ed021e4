package bridge

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
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
				inBubble(t, func(t *testing.T) {
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

// TestNoRowIsLostInACrashLoop ends the bridge at random moments, in the middle of whatever it does.
func TestNoRowIsLostInACrashLoop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Latency: &raptsim.Latency{Min: 200 * time.Millisecond, Max: 2 * time.Second}}, withHistory(0))
		w.start(t)
		pass(2 * time.Hour)
		begin := time.Now().Add(-time.Hour)
		r := rand.New(rand.NewPCG(3, 4))
		const crashes = 60
		for range crashes {
			w.halt()
			w.start(t)
			pass(time.Duration(r.Int64N(int64(4 * time.Minute))))
		}
		pass(4 * time.Hour)
		complete(t, w, begin, crashes, 90*time.Minute)
		obeys(t, w, 240)
		assert.LessOrEqual(t, mostIn(w.historyRequests(), time.Hour), 24, "restarts make no more of them")
		w.halt()
	})
}

func TestACloudThatAnswersOddlyLosesNoRow(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01},
		{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 5 * time.Minute, Jitter: 0.01},
	}
	for name, odd := range map[string]raptsim.Telemetry{
		"newest first":             {Order: raptsim.NewestFirst},
		"in no order":              {Order: raptsim.Shuffled},
		"a limit of rows":          {RowsPerReply: 50},
		"a limit and newest first": {RowsPerReply: 50, Order: raptsim.NewestFirst},
		"late":                     {LateBy: 20 * time.Minute},
		"some of them late":        {LateBy: 40 * time.Minute, LateEvery: 3},
		"some without a key":       {MissingKeyEvery: 2},
	} {
		t.Run(name, func(t *testing.T) {
			odd.Past = 4 * 24 * time.Hour
			inVirtualTime(t, raptsim.Options{Devices: devices, Telemetry: odd}, withHistory(3), func(t *testing.T, w *world) {
				begin := time.Now().AddDate(0, 0, -3).Add(time.Hour)
				pass(3 * time.Hour)
				remove := w.cloud.Inject(raptsim.Fault{Status: 503})
				pass(5 * time.Hour)
				remove()
				pass(6 * time.Hour)
				complete(t, w, begin, 0, 3*time.Hour)
				obeys(t, w, 240)
			})
		})
	}
}

func TestAnAnswerThatIsCutOrRefusedIsAskedForAgain(t *testing.T) {
	devices := []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01}}
	for name, fault := range map[string]raptsim.Fault{
		"cut": {CutBody: true, Times: 3}, "empty": {EmptyList: true, Times: 2}, "too late": {Delay: time.Minute, Times: 2},
		"an error": {Status: 500, Times: 3}, "not found": {Status: 404, Times: 2}, "too many requests": {LimitRate: true, Times: 2}, "a web page": {HTML: true, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := raptsim.Options{Devices: devices, Telemetry: raptsim.Telemetry{Past: 4 * 24 * time.Hour}}
			inBubble(t, func(t *testing.T) {
				w := newWorld(o, withHistory(3))
				fault.Path = "Hydrometers/GetTelemetry"
				w.cloud.Inject(fault)
				w.start(t)
				defer w.halt()
				pass(12 * time.Hour)
				complete(t, w, time.Now().AddDate(0, 0, -3), 0, 90*time.Minute)
				obeys(t, w, 240)
			})
		})
	}
}

// TestACommandGoesBeforeTheHistory: a request for missed rows gives way like a poll.
func TestACommandGoesBeforeTheHistory(t *testing.T) {
	devices := []raptsim.DeviceSpec{{Family: raptsim.TemperatureController, Name: "Fridge", ReportEvery: 15 * time.Minute}}
	o := raptsim.Options{Devices: devices, Telemetry: raptsim.Telemetry{Past: 40 * 24 * time.Hour}, CommandDelay: -1}
	inBubble(t, func(t *testing.T) {
		w := newWorld(o, withHistory(30))
		w.cloud.Inject(raptsim.Fault{Path: "TemperatureControllers/GetTelemetry", Delay: 25 * time.Second, Times: 1})
		w.start(t)
		defer w.halt()
		pass(20 * time.Second)
		require.Len(t, w.historyRequests(), 1, "it is under way")
		_, topic := w.deviceOf(raptsim.TemperatureController)
		asked := time.Now()
		w.publish(topic+"/target_temperature/set", "12.5")
		pass(5 * time.Second)
		results := w.results(t, topic+"/result")
		require.NotEmpty(t, results)
		assert.EqualValues(t, "applied", results[0].Outcome)
		assert.Less(t, time.Since(asked), 6*time.Second)
		pass(3 * time.Hour)
		complete(t, w, time.Now().AddDate(0, 0, -29), 0, 30*time.Minute)
	})
}

// TestABrokerThatRefusesTheStreamStopsNothing: access rules may not know of it.
func TestABrokerThatRefusesTheStreamStopsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withHistory(0))
		w.broker.refuse("/telemetry")
		w.start(t)
		defer w.halt()
		pass(2 * time.Hour)
		_, topic := w.deviceOf(raptsim.Hydrometer)
		assert.Empty(t, w.broker.last(topic+"/history"), "nothing was taken")
		assert.NotEmpty(t, w.broker.on(topic+"/state"))
		w.broker.refuse("")
		pass(6 * time.Hour)
		complete(t, w, time.Now().Add(-7*time.Hour), 0, 80*time.Minute)
	})
}

func TestWithoutHistoryThereIsNone(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(3 * time.Hour)
		assert.Empty(t, w.historyRequests())
		for _, d := range w.cloud.Devices() {
			assert.Empty(t, w.broker.on("rapt/"+d.Family+"/"+d.ID+"/telemetry"))
			assert.Empty(t, w.broker.last("rapt/"+d.Family+"/"+d.ID+"/history"))
		}
	})
}

func TestADeviceThatLeavesTakesItsPositionWithIt(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withHistory(0), func(t *testing.T, w *world) {
		pass(30 * time.Minute)
		id, topic := w.deviceOf(raptsim.BondedDevice)
		require.NotEmpty(t, w.broker.last(topic+"/history"))
		w.cloud.Remove(id)
		pass(2 * time.Hour)
		assert.Empty(t, w.broker.last(topic+"/history"))
		assert.Empty(t, w.broker.last(topic+"/state"))
	})
}

// TestWithoutHistoryAPositionLeavesWithItsDevice: an earlier run had the stream on.
func TestWithoutHistoryAPositionLeavesWithItsDevice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, withHistory(0))
		w.start(t)
		pass(30 * time.Minute)
		w.halt()
		gone, topic := w.deviceOf(raptsim.BondedDevice)
		_, left := w.deviceOf(raptsim.CanFiller)
		_, stays := w.deviceOf(raptsim.Hydrometer)
		kept := w.broker.last(stays + "/history")
		require.NotEmpty(t, kept)
		require.NotEmpty(t, w.broker.last(topic+"/history"))
		w.broker.take(broker.Publication{Topic: left + "0/history", Payload: []byte(kept), Retain: true})
		w.cloud.Remove(gone)

		w.adapt = nil
		w.start(t)
		defer w.halt()
		pass(2 * time.Hour)
		assert.Empty(t, w.broker.last(topic+"/history"))
		assert.Empty(t, w.broker.last(left+"0/history"), "nothing else is left of that device")
		assert.Equal(t, kept, w.broker.last(stays+"/history"), "for when it is turned on again")
	})
}
