package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// 67 °F goes out as 19.44 °C, and the cloud may show 19.4.
func TestATargetThatTheCloudRoundsIsConfirmedAndANearOneIsSent(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Latency: &raptsim.Latency{}, CommandDelay: time.Hour}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.FermentationChamber)
		for _, step := range []struct {
			asked string
			shown float64
		}{{"19.44", 19.4}, {"18.5", 18.5}, {"18.55", 18.6}} {
			w.publish(topic+"/target_temperature/set", step.asked)
			pass(3 * time.Second)
			w.cloud.Set(id, "targetTemperature", step.shown)
			w.cloud.ReportNow(id)
			pass(2 * time.Minute)
		}
		assert.Equal(t, []string{"applied", "confirmed", "applied", "confirmed", "applied", "confirmed"}, outcomes(w.results(t, topic+"/result")))
		const call = "FermentationChambers/SetTargetTemperature?target="
		assert.Equal(t, []string{call + "19.44", call + "18.5", call + "18.55"}, w.writes())
	})
}
