package bridge

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// resultDocument is a result as an automation reads it.
type resultDocument struct {
	Key     string  `json:"key"`
	Value   any     `json:"value"`
	Outcome string  `json:"outcome"`
	Error   *string `json:"error"`
	ID      *string `json:"id"`
	Note    *string `json:"note"`
	TookMS  int     `json:"took_ms"`
}

func (w *world) results(t testing.TB, topic string) []resultDocument {
	t.Helper()
	var out []resultDocument
	for _, payload := range w.broker.on(topic) {
		var r resultDocument
		require.NoError(t, json.Unmarshal([]byte(payload), &r))
		out = append(out, r)
	}
	return out
}

func outcomes(results []resultDocument) []string {
	var out []string
	for _, r := range results {
		out = append(out, r.Outcome)
	}
	return out
}

// deviceOf returns the first device of a family in the demo brewery.
func (w *world) deviceOf(family string) (id, topic string) {
	for _, d := range w.cloud.Devices() {
		if d.Family == family {
			return d.ID, "rapt/" + family + "/" + d.ID
		}
	}
	return "", ""
}

// writes returns the writes that reached the cloud, as path and query.
func (w *world) writes() []string {
	var out []string
	for _, r := range w.cloud.Requests() {
		if r.Method == "POST" && !r.SignIn {
			q, _ := url.ParseQuery(r.Query)
			q.Del("brewZillaId")
			q.Del("stillId")
			q.Del("temperatureControllerId")
			q.Del("fermentationChamberId")
			q.Del("deviceId")
			out = append(out, strings.TrimPrefix(r.Path, "/api/")+"?"+q.Encode())
		}
	}
	return out
}

func message(topic, payload string) broker.Message {
	return broker.Message{Topic: topic, Payload: []byte(payload)}
}

// withoutCeiling lifts the ceiling for what has nothing to do with it.
func withoutCeiling(o *Options) { o.MaxRequestsPerHour = 100_000 }

const ready = 3 * time.Minute // all devices are there, and the queue of polls is empty

func TestEveryCommandReachesItsSetter(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		for _, c := range []struct{ family, key, payload, request, outcome string }{
			{raptsim.TemperatureController, "target_temperature", "18.5", "TemperatureControllers/SetTargetTemperature?target=18.5", "applied"},
			{raptsim.TemperatureController, "pid_enabled", "ON", "TemperatureControllers/SetPIDEnabled?state=true", "applied"},
			{raptsim.FermentationChamber, "target_temperature", "4", "FermentationChambers/SetTargetTemperature?target=4", "applied"},
			{raptsim.FermentationChamber, "pid_enabled", "off", "FermentationChambers/SetPIDEnabled?state=false", "unchanged"},
			{raptsim.BrewZilla, "target_temperature", "66.5", "BrewZillas/SetTargetTemperature?target=66.5", "applied"},
			{raptsim.BrewZilla, "heating_enabled", "heat", "BrewZillas/SetHeatingEnabled?state=true", "unchanged"},
			{raptsim.BrewZilla, "heating_utilisation", "75", "BrewZillas/SetHeatingUtilisation?utilisation=75", "applied"},
			{raptsim.BrewZilla, "pump_enabled", "1", "BrewZillas/SetPumpEnabled?state=true", "unchanged"},
			{raptsim.BrewZilla, "pump_utilisation", "40", "BrewZillas/SetPumpUtilisation?utilisation=40", "applied"},
			{raptsim.BrewZilla, "pid_enabled", "true", "BrewZillas/SetPIDEnabled?state=true", "applied"},
			{raptsim.Still, "target_temperature", "78.2", "Stills/SetTargetTemperature?target=78.2", "applied"},
			{raptsim.Still, "heating_enabled", "OFF", "Stills/SetHeatingEnabled?state=false", "applied"},
			{raptsim.Still, "heating_utilisation", "100", "Stills/SetHeatingUtilisation?utilisation=100", "applied"},
			{raptsim.Still, "pump_enabled", "ON", "Stills/SetPumpEnabled?state=true", "unchanged"},
			{raptsim.Still, "pump_utilisation", "0", "Stills/SetPumpUtilisation?utilisation=0", "applied"},
			{raptsim.Still, "pid_enabled", "0", "Stills/SetPIDEnabled?state=false", "unchanged"},
		} {
			_, topic := w.deviceOf(c.family)
			before := len(w.writes())
			w.publish(topic+"/"+c.key+"/set", c.payload)
			pass(5 * time.Second)
			require.Len(t, w.writes(), before+1, c.request)
			assert.Equal(t, c.request, w.writes()[before])
			results := w.results(t, topic+"/result")
			require.NotEmpty(t, results)
			last := results[len(results)-1]
			if last.Outcome == "confirmed" {
				last = results[len(results)-2]
			}
			assert.Equal(t, c.outcome, last.Outcome, c.request)
			assert.Equal(t, c.key, last.Key)
			pass(2 * time.Minute) // let the readbacks end
		}
	})
}

func TestGainsThatWaitTogetherAreOneCall(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		for _, family := range []string{raptsim.TemperatureController, raptsim.FermentationChamber, raptsim.BrewZilla, raptsim.Still} {
			id, topic := w.deviceOf(family)
			w.cloud.Set(id, "pidDerivative", 7.5)
			pass(16 * time.Minute)
			before := len(w.writes())
			remove := w.cloud.Inject(raptsim.Fault{Path: "/api/", Delay: 500 * time.Millisecond})
			w.publish("rapt/bridge/refresh/set", "PRESS") // something is in flight
			w.publish(topic+"/pid_proportional/set", "3")
			w.publish(topic+"/pid_integral/set", "0.25")
			pass(10 * time.Second)
			remove()
			require.Len(t, w.writes(), before+1, family)
			assert.Contains(t, w.writes()[before], "SetPID?d=7.5&i=0.25&p=3")
			results := w.results(t, topic+"/result")
			assert.Equal(t, []string{"applied", "applied"}, outcomes(results)[:2], family)
			pass(2 * time.Minute)
		}
	})
}

func TestRefusedCommandsSendNothing(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, controller := w.deviceOf(raptsim.TemperatureController)
		_, pill := w.deviceOf(raptsim.Hydrometer)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		gone := "rapt/brewzilla/00000000-0000-4000-8000-000000000000"
		retained := message(controller+"/target_temperature/set", "18")
		retained.Retained = true
		for _, c := range []struct {
			msg  broker.Message
			on   string
			says string
		}{
			{retained, controller, "retained"},
			{message(controller+"/target_temperature/set", "warm"), controller, "18.5"},
			{message(controller+"/target_temperature/set", "500"), controller, " °C, the limits of"},
			{message(controller+"/target_temperature/set", "-200"), controller, "outside"},
			{message(controller+"/target_temperature/set", ""), controller, "empty"},
			{message(controller+"/pump_enabled/set", "ON"), controller, "can't be set"},
			{message(controller+"/temperature/set", "20"), controller, "can't be set"},
			{message(pill+"/gravity/set", "1.050"), pill, "what can is batch_"},
			{message(kettle+"/heating_utilisation/set", "101"), kettle, "outside 0 to 100 %"},
			{message(kettle+"/pid_proportional/set", "-1"), kettle, "outside"},
			{message(gone+"/pump_enabled/set", "ON"), gone, "no brewzilla"},
		} {
			before := len(w.results(t, c.on+"/result"))
			w.broker.deliver(c.msg)
			pass(time.Second)
			results := w.results(t, c.on+"/result")
			require.Len(t, results, before+1, c.msg.Topic)
			assert.Equal(t, "rejected", results[before].Outcome)
			require.NotNil(t, results[before].Error)
			assert.Contains(t, *results[before].Error, c.says)
		}
		assert.Empty(t, w.writes())
	})
}

func TestADraggedSliderIsOneCall(t *testing.T) {
	// At once, so that no poll is in flight when the first value comes.
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/Set", Delay: time.Second, Times: 1})
		for _, payload := range []string{"10", "20", "30", "40", "50"} {
			w.publish(topic+"/pump_utilisation/set", payload)
		}
		pass(20 * time.Second)
		assert.Len(t, w.writes(), 2, "the first was on its way; the last took the place of the others")
		results := w.results(t, topic+"/result")
		assert.Equal(t, 3, strings.Count(strings.Join(outcomes(results), " "), "superseded"))
		assert.EqualValues(t, 50, w.broker.document(t, topic+"/state")["pump_utilisation"])
	})
}

func TestTheAnswerGoesToTheResponseTopicToo(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		m := message(topic+"/pump_enabled/set", "ON")
		m.ResponseTopic, m.Correlation, m.ID = "flows/answers", []byte("42"), "42"
		w.broker.deliver(m)
		pass(2 * time.Second)
		answers := w.results(t, "flows/answers")
		require.Len(t, answers, 1)
		assert.Equal(t, "42", *answers[0].ID)
		i := slices.IndexFunc(w.broker.sent, func(p broker.Publication) bool { return p.Topic == "flows/answers" })
		assert.Equal(t, []byte("42"), w.broker.sent[i].Correlation)
		assert.False(t, w.broker.sent[i].Retain)

		for _, bad := range []string{"rapt/bridge/state", "a/+/b", "$SYS/x", "homeassistant/device/rapt_bridge/config"} {
			m.ResponseTopic = bad
			before := len(w.broker.on(bad))
			w.broker.deliver(m)
			pass(2 * time.Second)
			for _, p := range w.broker.on(bad)[before:] {
				assert.NotContains(t, p, `"outcome"`, bad)
			}
		}
	})
}

func TestACommandDoesNotWaitForAHangingPoll(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Method: "GET", Delay: 25 * time.Second, Times: 1})
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(500 * time.Millisecond)
		w.publish(topic+"/pump_utilisation/set", "33")
		pass(time.Second)
		require.NotEmpty(t, w.writes(), "the poll was cancelled")
		assert.LessOrEqual(t, w.cloud.MaxInFlight(), 1)
	})
}

func TestACommandThatWaitedTooLongIsNotSent(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", RetryAfter: 10 * time.Minute, LimitRate: true, Times: 1})
		w.publish(topic+"/pump_enabled/set", "OFF")
		pass(70 * time.Second)
		results := w.results(t, topic+"/result")
		require.Len(t, results, 1)
		assert.Equal(t, "rejected", results[0].Outcome)
		assert.Contains(t, *results[0].Error, "longer than a minute")
		writes := len(w.writes())
		pass(30 * time.Minute)
		assert.Len(t, w.writes(), writes)
	})
}

func TestAWriteWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fault  raptsim.Fault
		delay  time.Duration
		writes int
		end    string
	}{
		"carried out all the same: read back, not sent again": {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", CutBody: true, Times: 1}, -1, 1, "applied"},
		"lost: sent once more":                                {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Status: 500, Times: 1}, -1, 2, "applied"},
		"lost twice: failed":                                  {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Status: 502}, -1, 2, "failed"},
		"refused: failed at once":                             {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Status: 400}, -1, 1, "failed"},
		"not there: failed at once":                           {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Status: 404}, -1, 1, "failed"},
		"forbidden: failed at once":                           {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", Status: 403}, -1, 1, "failed"},
		"token expired: renewed, repeated once":               {raptsim.Fault{Path: "/api/BrewZillas/SetPumpUtilisation", DropToken: true, Times: 1}, -1, 2, "applied"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{CommandDelay: c.delay}, withoutCeiling, func(t *testing.T, w *world) {
				pass(ready)
				_, topic := w.deviceOf(raptsim.BrewZilla)
				old := w.broker.document(t, topic+"/state")["pump_utilisation"]
				w.cloud.Inject(c.fault)
				w.publish(topic+"/pump_utilisation/set", "37")
				pass(30 * time.Second)
				results := w.results(t, topic+"/result")
				require.NotEmpty(t, results)
				assert.Equal(t, c.end, results[0].Outcome)
				assert.Len(t, w.writes(), c.writes)
				if c.end == "failed" {
					states := w.broker.on(topic + "/state")
					assert.Contains(t, states[len(states)-1], `"pump_utilisation":`)
					assert.Equal(t, old, w.broker.document(t, topic+"/state")["pump_utilisation"])
				}
			})
		})
	}
}

func TestTooManyCommandsAreToldSo(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Devices: raptsim.LargeBrewery(200)}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", Delay: 20 * time.Second})
		sent := 0
		var topics []string
		for _, d := range w.cloud.Devices() {
			if d.Family == raptsim.BrewZilla || d.Family == raptsim.TemperatureController || d.Family == raptsim.Still || d.Family == raptsim.FermentationChamber {
				topic := "rapt/" + d.Family + "/" + d.ID
				topics = append(topics, topic)
				w.publish(topic+"/target_temperature/set", "20")
				sent++
			}
		}
		require.Greater(t, sent, 64+5)
		synctest.Wait()
		refused := 0
		for _, topic := range topics {
			for _, r := range w.results(t, topic+"/result") {
				if r.Outcome == "rejected" && strings.Contains(*r.Error, "too many") {
					refused++
				}
			}
		}
		assert.InDelta(t, sent-64, refused, 1)
	})
}

func TestOneSubmissionPerMinuteForAnExternalDevice(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.ExternalDevice)
		for _, payload := range []string{`{"gravity":1.05}`, `{"gravity":1.049}`, `{"gravity":1.048,"temperature":20}`} {
			w.publish(topic+"/telemetry/set", payload)
			pass(2 * time.Second)
		}
		assert.Len(t, w.writes(), 1)
		pass(time.Minute)
		assert.Len(t, w.writes(), 2)
		assert.Equal(t, []string{"applied", "superseded", "confirmed", "applied"}, outcomes(w.results(t, topic+"/result")))
		pass(20 * time.Minute)
		assert.EqualValues(t, 1.048, w.broker.document(t, topic+"/state")["gravity"])
	})
}

func TestTheLogHasOneLineForEachCommand(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/pump_utilisation/set", "37")
		pass(time.Minute)
		line := ""
		for _, l := range strings.Split(w.logged(), "\n") {
			if strings.Contains(l, "msg=command") && !strings.Contains(l, "level=DEBUG") {
				assert.Empty(t, line, "one line")
				line = l
			}
		}
		for _, part := range []string{"level=INFO", "device=", "key=pump_utilisation", "value=37", "outcome=applied", "took="} {
			assert.Contains(t, line, part)
		}
	})
}
