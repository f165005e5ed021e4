package bridge

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const (
	pillID    = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0c01"
	chamberID = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0c02"
	pillTopic = "rapt/hydrometer/" + pillID
)

// fermenting is an account with a Pill whose beer began ten days ago, and its chamber.
func fermenting(adapt func(*raptsim.DeviceSpec)) raptsim.Options {
	pill := raptsim.DeviceSpec{
		Family: raptsim.Hydrometer, ID: pillID, Name: "Pill", ReportEvery: 15 * time.Minute, Jitter: 0.01, TimeDigits: 7,
		OriginalGravity: 1052, FinalGravity: 1011, Fermentation: raptsim.Monod, Sensor: raptsim.Pill, PairedWith: chamberID,
	}
	if adapt != nil {
		adapt(&pill)
	}
	chamber := raptsim.DeviceSpec{
		Family: raptsim.FermentationChamber, ID: chamberID, Name: "Fridge", ReportEvery: 5 * time.Minute, TimeDigits: 7,
		OriginalGravity: 1052, FinalGravity: 1011,
	}
	return raptsim.Options{
		Devices: []raptsim.DeviceSpec{pill, chamber}, OneBatch: true, Latency: &raptsim.Latency{}, Telemetry: raptsim.Telemetry{Past: 3 * 24 * time.Hour},
	}
}

func (w *world) batch(t testing.TB) map[string]any { return w.broker.document(t, pillTopic+"/batch") }

// events are the kinds of the events of the Pill's batches, in their order.
func (w *world) batchEvents(t testing.TB) []string {
	var kinds []string
	for _, payload := range w.broker.on(pillTopic + "/batch/event") {
		var e struct {
			Kind string `json:"event_type"`
		}
		require.NoError(t, json.Unmarshal([]byte(payload), &e))
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestABatchIsFoundFromTheRowsOfBeforeTheStart(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Minute)
		d := w.batch(t)
		assert.Equal(t, "active", d["stage"])
		assert.Equal(t, 1.0, d["number"])
		assert.InDelta(t, 1.052, d["batch_original_gravity"], 0.001)
		assert.Equal(t, false, d["restored"])
		assert.Contains(t, []any{3.0, 4.0}, d["batch_day"])
		assert.NotNil(t, d["expected_final_gravity"])
		pass(2 * time.Hour)
		assert.NotNil(t, w.batch(t)["cooling_hours"], "once the rows of its controller are there")
		obeys(t, w, 240)
		assert.Empty(t, w.batchEvents(t), "what was before the bridge is not told")
	})
}

func TestABatchGoesItsWay(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(14 * 24 * time.Hour)
		d := w.batch(t)
		assert.Equal(t, "complete", d["stage"])
		assert.Equal(t, []string{"slowing", "complete"}, w.batchEvents(t))
		assert.LessOrEqual(t, w.batchChanges(t, "expected_end"), 50, "it is rounded, and stays while it hardly moves")
		assert.LessOrEqual(t, w.batchChanges(t, "abv"), 45)
		assert.LessOrEqual(t, w.batchChanges(t, "gravity_rate"), 150)
		for _, line := range w.lines("level=WARN") {
			assert.Fail(t, line)
		}
	})
}

// batchChanges is how often a member of the Pill's document has changed.
func (w *world) batchChanges(t testing.TB, key string) (n int) {
	var before any
	for i, payload := range w.broker.on(pillTopic + "/batch") {
		var doc map[string]any
		require.NoError(t, json.Unmarshal([]byte(payload), &doc))
		if i > 0 && doc[key] != before {
			n++
		}
		before = doc[key]
	}
	return n
}

func (w *world) setBatch(key, payload string) { w.publish(pillTopic+"/"+key+"/set", payload) }

// outcome is the last result of the Pill.
func (w *world) outcome(t testing.TB) (outcome string, value any, reason string) {
	results := w.broker.on(pillTopic + "/result")
	require.NotEmpty(t, results)
	var r struct {
		Outcome string  `json:"outcome"`
		Value   any     `json:"value"`
		Error   *string `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(results[len(results)-1]), &r))
	if r.Error != nil {
		reason = *r.Error
	}
	return r.Outcome, r.Value, reason
}

func TestWhatTheOwnerSaysWinsAndSurvivesARestart(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		requests := len(w.cloud.Requests())
		found := w.batch(t)["batch_original_gravity"]
		w.setBatch("batch_original_gravity", "1.058")
		w.setBatch("batch_name", "Pale Ale 12")
		w.setBatch("batch_final_gravity", "1.009")
		pass(0)
		outcome, value, _ := w.outcome(t)
		assert.Equal(t, "applied", outcome)
		assert.Equal(t, 1.009, value)
		assert.Len(t, w.cloud.Requests(), requests, "the cloud is not asked")
		said := func(when string) {
			d := w.batch(t)
			assert.Equal(t, []any{1.058, 1.009, "Pale Ale 12"}, []any{d["batch_original_gravity"], d["batch_final_gravity"], d["batch_name"]}, when)
		}
		said("at once")
		abv := w.batch(t)["abv"]
		assert.Greater(t, abv, 3.9, "it is that of the owner's original gravity")

		w.halt()
		w.broker.forget()
		w.start(t)
		pass(2 * time.Second)
		for _, payload := range w.broker.on(pillTopic + "/batch") {
			assert.Contains(t, payload, `"stage":"active"`, "no poorer findings meanwhile")
		}
		pass(2 * time.Hour)
		said("after a restart")
		assert.Equal(t, 1.0, w.batch(t)["number"])
		assert.NotNil(t, w.batch(t)["cooling_hours"])
		assert.Empty(t, w.batchEvents(t))

		w.setBatch("batch_original_gravity", "")
		w.setBatch("batch_name", "")
		pass(0)
		d := w.batch(t)
		assert.InDelta(t, found, d["batch_original_gravity"], 0.0002, "an empty payload sets back to what the bridge finds")
		assert.Nil(t, d["batch_name"])
		assert.Equal(t, 1.009, d["batch_final_gravity"])
	})
}

func TestBatchCommandsAreRefusedForAReason(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Minute)
		before := w.batch(t)
		for _, c := range []struct{ key, payload, reason string }{
			{"batch_original_gravity", "NaN", "not an SG"}, {"batch_original_gravity", "inf", "not an SG"}, {"batch_original_gravity", "1052", "outside 0.99 to 1.2 SG"},
			{"batch_final_gravity", "0.5", "outside"}, {"batch_original_gravity", "12 °P", "not an SG"}, {"batch_name", strings.Repeat("x", 101), "101 characters"},
			{"batch_name", strings.Repeat("x", 2000), "2000 bytes"}, {"batch_name", "\xff", "UTF-8"}, {"new_batch", "yes", "PRESS"}, {"new_batch", "", "PRESS"},
		} {
			w.setBatch(c.key, c.payload)
			pass(time.Minute)
			outcome, _, reason := w.outcome(t)
			assert.Equal(t, "rejected", outcome, c.payload)
			assert.Contains(t, reason, c.reason)
		}
		kept := message(pillTopic+"/new_batch/set", "PRESS")
		kept.Retained = true
		w.broker.deliver(kept)
		pass(0)
		_, _, reason := w.outcome(t)
		assert.Contains(t, reason, "retained")
		w.publish("rapt/hydrometer/c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0fff/new_batch/set", "PRESS")
		w.publish("rapt/fermentation_chamber/"+chamberID+"/new_batch/set", "PRESS")
		pass(0)
		assert.Contains(t, w.broker.on("rapt/hydrometer/c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0fff/result")[0], "there is no hydrometer")
		assert.Contains(t, w.broker.on("rapt/fermentation_chamber/" + chamberID + "/result")[0], "can't be set")
		assert.Equal(t, before["entries"], w.batch(t)["entries"])
	})
}

func TestAReadOnlyBridgeTakesNoWordOfABatch(t *testing.T) {
	readOnly := func(o *Options) { withHistory(30)(o); o.ReadOnly = true }
	inVirtualTime(t, fermenting(nil), readOnly, func(t *testing.T, w *world) {
		pass(time.Minute)
		w.setBatch("new_batch", "PRESS")
		pass(0)
		_, _, reason := w.outcome(t)
		assert.Contains(t, reason, "read_only")
		assert.Equal(t, "active", w.batch(t)["stage"], "it is followed all the same")
	})
}

func TestABatchIsBegunByHandOnce(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		w.setBatch("new_batch", "PRESS")
		pass(2 * time.Minute)
		w.setBatch("new_batch", "PRESS")
		pass(time.Minute)
		outcome, _, _ := w.outcome(t)
		assert.Equal(t, "unchanged", outcome, "pressed twice is pressed once")
		d := w.batch(t)
		assert.Equal(t, []any{2.0, 1.0, "lag"}, []any{d["number"], d["batch_day"], d["stage"]})
		assert.Equal(t, []string{"ended", "started"}, w.batchEvents(t))
		first := w.broker.document(t, pillTopic+"/batch/1")
		assert.InDelta(t, 1.052, first["original_gravity"], 0.001)
		assert.InDelta(t, 3, first["days"], 0.6)

		w.broker.forget()
		w.halt()
		w.start(t)
		pass(time.Hour)
		assert.Empty(t, w.batchEvents(t), "told once")
		assert.Equal(t, 2.0, w.batch(t)["number"])
		assert.Equal(t, first, w.broker.document(t, pillTopic+"/batch/1"))
	})
}

func TestTheCloudMayBeDownWhileTheOwnerSpeaks(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		w.halt()
		remove := w.cloud.Inject(raptsim.Fault{Path: "/", Status: 503})
		w.start(t)
		pass(time.Minute)
		w.setBatch("batch_name", "Porter")
		w.setBatch("batch_original_gravity", "1.06")
		pass(time.Second)
		outcome, _, _ := w.outcome(t)
		assert.Equal(t, "applied", outcome)
		d := w.batch(t)
		assert.Equal(t, []any{"Porter", 1.06, "active", true}, []any{d["batch_name"], d["batch_original_gravity"], d["stage"], d["restored"]})
		remove()
		pass(2 * time.Hour)
		d = w.batch(t)
		assert.Equal(t, []any{"Porter", 1.06, "active", false}, []any{d["batch_name"], d["batch_original_gravity"], d["stage"], d["restored"]})
	})
}

func TestBatchesGoWithTheirDevice(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		w.setBatch("new_batch", "PRESS")
		pass(time.Minute)
		assert.Contains(t, w.broker.topics(pillTopic), pillTopic+"/batch/1")
		w.cloud.Remove(pillID)
		pass(6 * time.Hour)
		assert.Empty(t, w.broker.topics(pillTopic))
	})
}

func TestBatchesOfADeviceThatWasRemovedMeanwhileAreCleared(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		w.halt()
		w.broker.mu.Lock()
		const gone = "rapt/hydrometer/c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0ffe/batch"
		for _, topic := range []string{gone, gone + "/3", gone + "/4"} {
			w.broker.retained[topic] = []byte(`{"number":3,"id":"x","stage":"active","began":"1999-12-01T00:00:00Z"}`)
		}
		w.broker.retained["rapt/hydrometer/x/notes"] = []byte("somebody's own")
		w.broker.mu.Unlock()
		w.start(t)
		pass(6 * time.Hour)
		assert.Empty(t, w.broker.topics(gone))
		assert.NotEmpty(t, w.broker.last("rapt/hydrometer/x/notes"), "what is not ours stays")
		assert.Equal(t, "active", w.batch(t)["stage"])
	})
}

// TestAReadingFromTheFarFutureForgetsNothing has the cloud date a Pill's reading years ahead, as the first one after a restart.
func TestAReadingFromTheFarFutureForgetsNothing(t *testing.T) {
	inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
		pass(time.Hour)
		w.setBatch("batch_original_gravity", "1.058")
		w.setBatch("batch_name", "Pale Ale 12")
		pass(time.Second)
		w.halt()
		w.broker.forget()
		w.cloud.Set(pillID, "lastActivityTime", "2099-01-01T00:00:00Z")
		w.start(t)
		pass(time.Hour)
		w.cloud.Set(pillID, "temperature", 19.0) // it reports again, at the right time
		pass(2 * time.Hour)
		d := w.batch(t)
		assert.Equal(t, []any{1.058, "Pale Ale 12"}, []any{d["batch_original_gravity"], d["batch_name"]})
		assert.Equal(t, "active", d["stage"])
		assert.Equal(t, 1.0, d["number"])
		assert.NotNil(t, d["cooling_hours"])
	})
}

// TestThePairedControllersProfileTellsOfTheBeer has the profile run on the chamber beside the Pill, as many brewers have it.
func TestThePairedControllersProfileTellsOfTheBeer(t *testing.T) {
	session := func(name, more string) json.RawMessage {
		began := time.Now().Add(-3 * 24 * time.Hour).UTC().Format(time.RFC3339)
		return json.RawMessage(`{"id":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0ca` + name[len(name)-1:] + `","name":"` + name + `","startDate":"` + began + `"` + more + `}`)
	}
	const otherPill = `,"originalGravity":1071,"hydrometerId":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0c09"`
	for what, test := range map[string]struct {
		controller, own string // what the sessions say
		name            any
		original        float64
	}{
		"the controller's":                {`,"originalGravity":1061,"finalGravity":1012`, "", "Chamber 1", 1.061},
		"the controller's for this Pill":  {`,"originalGravity":1061,"hydrometerId":"` + pillID + `"`, "", "Chamber 1", 1.061},
		"one for another Pill":            {otherPill, "", nil, 1.052},
		"one that says nothing of a beer": {`,"originalGravity":null,"finalGravity":0`, "", nil, 1.052},
		"the Pill's own wins":             {`,"originalGravity":1061`, `,"originalGravity":1057`, "Pill 2", 1.057},
		"the Pill's own, which says less": {`,"originalGravity":1061`, `,"originalGravity":null`, "Pill 2", 1.052},
	} {
		t.Run(what, func(t *testing.T) {
			inVirtualTime(t, fermenting(nil), withHistory(30), func(t *testing.T, w *world) {
				w.halt()
				w.cloud.Set(chamberID, "activeProfileSession", session("Chamber 1", test.controller))
				if test.own != "" {
					w.cloud.Set(pillID, "activeProfileSession", session("Pill 2", test.own))
				}
				w.start(t)
				pass(2 * time.Hour)
				d := w.batch(t)
				assert.Equal(t, test.name, d["batch_name"])
				assert.InDelta(t, test.original, d["batch_original_gravity"], 0.001)
				assert.Equal(t, "active", d["stage"])
				assert.Equal(t, 1.0, d["number"])
			})
		})
	}
}
