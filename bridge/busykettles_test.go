package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestCommandsThatGoOnAndOnKeepNoFamilyWaiting has six keys of two kettles set once a minute each, as an automation that
// goes wild does.
func TestCommandsThatGoOnAndOnKeepNoFamilyWaiting(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(2 * time.Hour)
		_, kettle := w.deviceOf(raptsim.BrewZilla)
		_, still := w.deviceOf(raptsim.Still)
		from := time.Now()
		for i := 0; time.Since(from) < 3*time.Hour; i++ {
			for _, topic := range []string{kettle, still} {
				for _, key := range []string{"heating_utilisation", "pump_utilisation", "target_temperature"} {
					w.publish(topic+"/"+key+"/set", fmt.Sprint(20+i%60))
					pass(10 * time.Second)
				}
			}
		}
		assert.Greater(t, len(w.writes()), 500, "commands have the rest")
		for _, list := range []string{"GetHydrometers", "GetTemperatureControllers", "GetBrewZillas", "GetStills"} {
			last, longest := from.Add(time.Hour), time.Duration(0)
			for _, r := range w.cloud.Requests() {
				if r.At.After(last) && strings.HasSuffix(r.Path, list) {
					longest, last = max(longest, r.At.Sub(last)), r.At
				}
			}
			assert.Less(t, max(longest, time.Since(last)), 40*time.Minute, list)
		}
		obeys(t, w, 240)
	})
}

// TestAnOffDoesNotWaitForAListOfAnother that hangs, and that a command to its device waits for.
func TestAnOffDoesNotWaitForAListOfAnother(t *testing.T) {
	devices := []raptsim.DeviceSpec{
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": true}},
		{Family: raptsim.Still, Name: "Still", ReportEvery: time.Minute},
	}
	inVirtualTime(t, raptsim.Options{Devices: devices}, withoutCeiling, func(t *testing.T, w *world) {
		w.cloud.Inject(raptsim.Fault{Path: "/api/Stills", Delay: 40 * time.Second})
		pass(2*time.Minute + 14*time.Second)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		_, still := w.deviceOf(raptsim.Still)
		w.publish(still+"/pump_utilisation/set", "30")
		pass(3 * time.Second)
		w.publish(topic+"/heating_enabled/set", "OFF")
		pass(5 * time.Second)
		assert.Len(t, w.writes(), 1)
	})
}
