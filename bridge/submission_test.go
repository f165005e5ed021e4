package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestASubmissionThatIsForbiddenStopsSubmissionsAlone(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.ExternalDevice)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "ExternalDevices/Telemetry", Status: 403, Times: 1})
		w.publish(topic+"/telemetry/set", `{"gravity":1.05}`)
		pass(5 * time.Second)
		w.publish(topic+"/telemetry/set", `{"gravity":1.049}`)
		w.publish(kettle+"/pump_utilisation/set", "37")
		pass(5 * time.Minute)
		results := w.results(t, topic+"/result")
		require.Equal(t, []string{"failed", "rejected"}, outcomes(results))
		for _, r := range results {
			assert.Contains(t, *r.Error, "KegLand asks a RAPT subscription")
			assert.Contains(t, *r.Note, "all else goes on")
		}
		assert.Equal(t, 1, strings.Count(strings.Join(w.writes(), "\n"), "ExternalDevices/Telemetry"), "it isn't asked again")
		assert.Equal(t, "applied", outcomes(w.results(t, kettle+"/result"))[0])
		state := w.broker.document(t, "rapt/bridge/state")
		assert.Equal(t, "ok", state["api_status"])
		assert.Contains(t, state["last_error"], "subscription")
		before := len(w.cloud.Requests())
		pass(20 * time.Minute)
		assert.Greater(t, len(w.cloud.Requests()), before, "polls go on")

		pass(limit.AfterForbidden)
		w.publish(topic+"/telemetry/set", `{"gravity":1.048}`)
		pass(time.Minute)
		assert.Equal(t, []string{"applied", "confirmed"}, outcomes(w.results(t, topic+"/result")[2:]), "the owner has subscribed meanwhile")
	})
}

// What waits when the refusal comes is not sent either.
func TestASubmissionThatWaitsIsRefusedWithTheForbiddenOne(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.ExternalDevice, Name: "iSpindel"}, {Family: raptsim.ExternalDevice, Name: "Tilt"},
	}
	inVirtualTime(t, raptsim.Options{Devices: devices, Latency: &raptsim.Latency{Min: time.Second, Max: time.Second}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.cloud.Inject(raptsim.Fault{Path: "ExternalDevices/Telemetry", Status: 403})
		for _, d := range w.cloud.Devices() {
			w.publish("rapt/external_device/"+d.ID+"/telemetry/set", `{"gravity":1.05}`)
		}
		pass(time.Minute)
		assert.Len(t, w.writes(), 1)
	})
}

func TestTheFirstGravityThatIsSubmittedIsReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		cloudTakesSG, bridgeSendsSG bool
		outcome, says, do           string
	}{
		"as the cloud takes it":                {false, false, "confirmed", "", ""},
		"as SG, as the cloud takes it":         {true, true, "confirmed", "", ""},
		"1000 times what the cloud takes":      {true, false, "unconfirmed", "1000 times what was submitted", "set rapt.external_gravity to sg and"},
		"a thousandth of what the cloud takes": {false, true, "unconfirmed", "a thousandth of what was submitted", "set rapt.external_gravity to sg_x1000 and"},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{SubmittedAsSG: c.cloudTakesSG}, func(o *Options) {
				withoutCeiling(o)
				o.RAPT.GravityAsSG = c.bridgeSendsSG
			}, func(t *testing.T, w *world) {
				pass(ready)
				id, topic := w.deviceOf(raptsim.ExternalDevice)
				w.publish(topic+"/telemetry/set", `{"temperature":19.5}`)
				pass(2 * time.Minute)
				require.Equal(t, []string{"applied"}, outcomes(w.results(t, topic+"/result")), "no gravity, nothing to look at")
				w.publish(topic+"/telemetry/set", `{"gravity":1.0441}`)
				pass(2 * time.Minute)
				results := w.results(t, topic+"/result")[1:]
				require.Equal(t, []string{"applied", c.outcome}, outcomes(results))
				problem := w.broker.document(t, "rapt/bridge/state")["last_error"]
				if c.says == "" {
					assert.Nil(t, results[1].Error)
					assert.Nil(t, problem)
				} else {
					assert.Contains(t, *results[1].Error, c.says)
					assert.Contains(t, *results[1].Note, c.do)
					assert.Contains(t, problem, c.do)
					assert.Contains(t, w.logged(), "level=ERROR msg=\"the RAPT Cloud misunderstands submitted gravities\"")
				}
				reads := func() (n int) {
					for _, r := range w.cloud.Requests() {
						if r.Path == "/api/ExternalDevices/Get" && strings.Contains(r.Query, id) {
							n++
						}
					}
					return n
				}
				before := reads()
				assert.NotZero(t, before)
				w.publish(topic+"/telemetry/set", `{"gravity":1.0440}`)
				pass(2 * time.Minute)
				assert.Equal(t, before, reads(), "once is enough")
				assert.Equal(t, "applied", outcomes(w.results(t, topic+"/result")[3:])[0])
				assert.Len(t, w.results(t, topic+"/result"), 4)
			})
		})
	}
}

func TestACloudThatShowsNoGravityIsNotAskedForEver(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.ExternalDevice)
		w.cloud.Inject(raptsim.Fault{Path: "ExternalDevices/Get", Status: 404})
		w.cloud.Inject(raptsim.Fault{Path: "ExternalDevices/GetAll", Status: 500})
		for range 5 {
			w.publish(topic+"/telemetry/set", `{"gravity":1.0441}`)
			pass(3 * time.Minute)
		}
		unconfirmed := 0
		for _, r := range w.results(t, topic+"/result") {
			if r.Outcome == "unconfirmed" {
				unconfirmed++
				assert.Contains(t, *r.Error, "not known")
			}
		}
		assert.Equal(t, 3, unconfirmed)
	})
}
