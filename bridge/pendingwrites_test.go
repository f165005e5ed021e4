package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestASetValueIsHeldUntilTheCloudShowsIt follows a target from the dashboard to the device and back.
func TestASetValueIsHeldUntilTheCloudShowsIt(t *testing.T) {
	inVirtualTime(t, raptsim.Options{CommandDelay: 12 * time.Second}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.TemperatureController)
		w.publish(topic+"/target_temperature/set", "12.5")
		pass(5 * time.Second)
		assert.EqualValues(t, 12.5, w.broker.document(t, topic+"/state")["target_temperature"])
		for range 30 {
			pass(time.Second)
			require.EqualValues(t, 12.5, w.broker.document(t, topic+"/state")["target_temperature"])
		}
		assert.Equal(t, []string{"applied", "confirmed"}, outcomes(w.results(t, topic+"/result")))
	})
}

func TestAValueTheCloudNeverShowsIsGivenUp(t *testing.T) {
	inVirtualTime(t, raptsim.Options{CommandDelay: time.Hour}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		old := w.broker.document(t, topic+"/state")["target_temperature"]
		before := len(w.cloud.Requests())
		w.publish(topic+"/target_temperature/set", "61")
		pass(50 * time.Second)
		assert.Equal(t, []string{"applied", "unconfirmed"}, outcomes(w.results(t, topic+"/result")))
		assert.EqualValues(t, 61, w.broker.document(t, topic+"/state")["target_temperature"])
		pass(45 * time.Second)
		assert.Equal(t, old, w.broker.document(t, topic+"/state")["target_temperature"], "after 90 s the cloud's truth is shown")
		readbacks := 0
		for _, r := range w.cloud.Requests()[before:] {
			if strings.HasSuffix(r.Path, "GetBrewZilla") {
				readbacks++
			}
		}
		assert.Equal(t, 4, readbacks)
	})
}

func TestSomebodyElsesLaterValueWins(t *testing.T) {
	inVirtualTime(t, raptsim.Options{CommandDelay: time.Hour}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/target_temperature/set", "61")
		pass(5 * time.Second)
		w.cloud.Set(id, "targetTemperature", 72.0)
		w.cloud.ReportNow(id)
		pass(30 * time.Second)
		assert.EqualValues(t, 72, w.broker.document(t, topic+"/state")["target_temperature"])
	})
}
