package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// What Home Assistant could take and nobody would carry out is not announced: no command, and of a kettle's modes the present one.
func TestReadOnlyRefusesEverything(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { withoutCeiling(o); o.ReadOnly = true }, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/pump_enabled/set", "ON")
		pass(time.Second)
		assert.Equal(t, []string{"rejected"}, outcomes(w.results(t, topic+"/result")))
		assert.Empty(t, w.writes())
		config := "homeassistant/device/rapt_" + id + "/config"
		assert.NotContains(t, w.broker.last(config), "command_topic")
		assert.NotContains(t, w.broker.last(config), "cmd_t")
		for on, modes := range map[bool]string{true: `"modes":["heat"]`, false: `"modes":["off"]`} {
			w.cloud.Set(id, "heatingEnabled", on)
			w.cloud.ReportNow(id)
			pass(20 * time.Minute)
			assert.Contains(t, w.broker.last(config), modes)
		}
	})
}
