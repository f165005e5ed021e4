package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAnEndpointThatRefusesTheTokenDoesNotStopTheRest: a list, and a setter that is used again and again.
func TestAnEndpointThatRefusesTheTokenDoesNotStopTheRest(t *testing.T) {
	for _, path := range []string{"/api/CanFillers", "/api/BrewZillas/SetPumpUtilisation"} {
		t.Run(path, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
				pass(2 * time.Hour)
				from := time.Now()
				w.cloud.Inject(raptsim.Fault{Path: path, Status: 401})
				_, topic := w.deviceOf(raptsim.BrewZilla)
				for i := range 120 {
					w.publish(topic+"/pump_utilisation/set", fmt.Sprint(20+i%60))
					pass(2 * time.Minute)
				}
				assert.Less(t, w.longestSilence(from, 200), 10*time.Minute)
				signIns := 0
				for _, r := range w.cloud.Requests() {
					if r.At.After(from) && r.SignIn {
						signIns++
					}
				}
				assert.LessOrEqual(t, signIns, 3*4, "in four hours")
				assert.NotContains(t, w.switchOff(t), "failed")
			})
		})
	}
}

// TestAnOffMeetsATokenThatWasTakenBack at an endpoint that refused a fresh one hours ago.
func TestAnOffMeetsATokenThatWasTakenBack(t *testing.T) {
	devices := []raptsim.DeviceSpec{{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": true}}}
	inVirtualTime(t, raptsim.Options{Devices: devices}, withoutCeiling, func(t *testing.T, w *world) {
		pass(2 * time.Hour)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		remove := w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetHeatingEnabled", Status: 401})
		w.publish(topic+"/heating_enabled/set", "OFF")
		pass(time.Minute)
		remove()
		require.Equal(t, []string{"failed"}, outcomes(w.results(t, topic+"/result")))
		pass(5 * time.Hour)
		w.cloud.RevokeTokens()
		w.publish(topic+"/heating_enabled/set", "OFF")
		pass(2 * time.Minute)
		assert.Equal(t, []string{"failed", "applied", "confirmed"}, outcomes(w.results(t, topic+"/result")))
	})
}

// TestAListThatRefusesEachTokenIsNotStormed while something else keeps the API from being well.
func TestAListThatRefusesEachTokenIsNotStormed(t *testing.T) {
	for _, status := range []int{401, 404} {
		devices := []raptsim.DeviceSpec{
			{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: 15 * time.Minute}, {Family: raptsim.Hydrometer, Name: "Pill", ReportEvery: time.Hour},
		}
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{Devices: devices}, nil, func(t *testing.T, w *world) {
				pass(2 * time.Hour)
				w.cloud.Inject(raptsim.Fault{Path: "/api/CanFillers", Status: status})
				pass(3 * time.Hour)
				id, _ := w.deviceOf(raptsim.Hydrometer)
				w.cloud.Remove(id)
				w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometer", Status: 500})
				w.cloud.Inject(raptsim.Fault{Path: "/api/Hydrometers/GetHydrometers", Body: "[]"})
				from := time.Now()
				pass(6 * time.Hour)
				var asked []time.Time
				for _, r := range w.cloud.Requests() {
					if r.At.After(from) && strings.Contains(r.Path, "CanFillers") {
						asked = append(asked, r.At)
					}
				}
				assert.NotEmpty(t, asked)
				assert.Less(t, mostIn(asked, time.Minute), 5, "answered %d", status)
			})
		})
	}
}
