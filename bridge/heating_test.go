package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAKettleThatHeatsUnseenIsAProblem follows a kettle that was switched on through the bridge and falls silent.
func TestAKettleThatHeatsUnseenIsAProblem(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Devices: []raptsim.DeviceSpec{
			{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
		}}, withoutCeiling)
		w.start(t)
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		unseen := func() any { return w.broker.document(t, "rapt/bridge/state")["heating_unseen"] }
		w.cloud.Silence(id, true)
		pass(20 * time.Minute)
		assert.Equal(t, false, unseen(), "nobody has switched it on")
		w.cloud.Silence(id, false)
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(5 * time.Minute)
		assert.Equal(t, false, unseen(), "it reports")
		w.cloud.Silence(id, true)
		pass(9 * time.Minute)
		assert.Equal(t, false, unseen())
		pass(3 * time.Minute)
		assert.Equal(t, true, unseen())
		assert.Equal(t, []any{"Kettle"}, w.broker.document(t, "rapt/bridge/state")["heating_unseen_devices"])
		w.halt()

		w.start(t)
		defer w.halt()
		pass(3 * time.Minute)
		assert.Equal(t, true, unseen(), "a restart doesn't forget it")
		w.publish(topic+"/heating_enabled/set", "OFF")
		pass(2 * time.Minute)
		assert.Equal(t, false, unseen(), "it was switched off")
	})
}

// TestAKettleIsStillUnseenAfterARestartWithoutTheCloud: what is not known anew is as it was.
func TestAKettleIsStillUnseenAfterARestartWithoutTheCloud(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Devices: []raptsim.DeviceSpec{
			{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
		}}, withoutCeiling)
		w.start(t)
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		unseen := func() any { return w.broker.document(t, "rapt/bridge/state")["heating_unseen"] }
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(5 * time.Minute)
		remove := w.cloud.Inject(raptsim.Fault{Status: 503})
		w.halt()
		pass(20 * time.Minute)
		w.start(t)
		pass(9 * time.Minute)
		assert.Equal(t, false, unseen(), "it may have reported while no bridge ran")
		pass(3 * time.Minute)
		assert.Equal(t, true, unseen(), "nobody has seen it since the start")
		w.halt()
		w.broker.forget()
		w.start(t)
		defer w.halt()
		pass(30 * time.Minute)
		for _, doc := range w.broker.on("rapt/bridge/state") {
			require.Contains(t, doc, `"heating_unseen":true,"heating_unseen_devices":["Kettle"]`)
		}
		remove()
		pass(20 * time.Minute)
		assert.Equal(t, false, unseen(), "it reports")
	})
}

// TestAKettleIsWatchedThatMayHaveBeenSwitchedOn: the answer to the command is lost.
func TestAKettleIsWatchedThatMayHaveBeenSwitchedOn(t *testing.T) {
	inVirtualTime(t, raptsim.Options{CommandDelay: 5 * time.Minute, Devices: []raptsim.DeviceSpec{
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
	}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "BrewZillas/SetHeatingEnabled", Executed: true, Reset: true})
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(2 * time.Minute)
		require.Contains(t, w.broker.on(topic + "/result")[0], "it may have been carried out")
		w.cloud.Silence(id, true)
		pass(30 * time.Minute)
		assert.Equal(t, true, w.broker.document(t, "rapt/bridge/state")["heating_unseen"])
	})
}

// TestAKettleThatTheCloudShowsLateIsWatched: the old value has been seen for minutes, longer than what was set is shown.
func TestAKettleThatTheCloudShowsLateIsWatched(t *testing.T) {
	for name, restart := range map[string]bool{"by one run": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{CommandDelayByFamily: map[string]time.Duration{raptsim.BrewZilla: 4 * time.Minute}, Devices: []raptsim.DeviceSpec{
					{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
				}}, withoutCeiling)
				w.start(t)
				defer func() { w.halt() }()
				pass(ready)
				id, topic := w.deviceOf(raptsim.BrewZilla)
				w.publish(topic+"/heating_enabled/set", "ON")
				pass(2 * time.Minute)
				require.Equal(t, false, w.broker.document(t, topic+"/state")["heating_enabled"])
				if restart {
					w.halt()
					w.start(t)
				}
				pass(time.Minute)
				w.cloud.Silence(id, true)
				pass(15 * time.Minute)
				assert.Equal(t, true, w.broker.document(t, "rapt/bridge/state")["heating_unseen"])
			})
		})
	}
}

func TestAKettleThatWasNotSwitchedOnAfterAllIsNoProblem(t *testing.T) {
	inVirtualTime(t, raptsim.Options{CommandDelayByFamily: map[string]time.Duration{raptsim.BrewZilla: 24 * time.Hour}, Devices: []raptsim.DeviceSpec{
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
	}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(20 * time.Minute)
		w.cloud.Silence(id, true)
		pass(time.Hour)
		assert.Equal(t, false, w.broker.document(t, "rapt/bridge/state")["heating_unseen"])
	})
}

// TestAKettleThatLeavesTheAccountIsNoProblem while no bridge runs: it is not watched for good.
func TestAKettleThatLeavesTheAccountIsNoProblem(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{Devices: []raptsim.DeviceSpec{
			{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
			{Family: raptsim.Hydrometer, Name: "Pill"},
		}}, withoutCeiling)
		w.start(t)
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(5 * time.Minute)
		require.Len(t, w.broker.document(t, "rapt/bridge/state")["heating_on"], 1)
		w.halt()
		w.cloud.Remove(id)
		for range 2 {
			w.start(t)
			pass(3 * time.Hour)
			doc := w.broker.document(t, "rapt/bridge/state")
			assert.Equal(t, false, doc["heating_unseen"])
			assert.Empty(t, doc["heating_on"])
			w.halt()
		}
	})
}

func TestAKettleThatSomebodyElseSwitchesOffIsNoProblem(t *testing.T) {
	inVirtualTime(t, raptsim.Options{Devices: []raptsim.DeviceSpec{
		{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": false}},
	}}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/heating_enabled/set", "ON")
		pass(5 * time.Minute)
		w.cloud.Set(id, "heatingEnabled", false)
		pass(5 * time.Minute)
		w.cloud.Silence(id, true)
		pass(time.Hour)
		assert.Equal(t, false, w.broker.document(t, "rapt/bridge/state")["heating_unseen"])
	})
}

// TestAChangedModeIsAnnouncedAndItsStateFollows: Home Assistant doesn't read the retained state again when an announcement
// has changed.
func TestAChangedModeIsAnnouncedAndItsStateFollows(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.TemperatureController)
		config := "homeassistant/device/rapt_" + id + "/config"
		before := w.broker.last(config)
		w.cloud.Set(id, "heatingEnabled", false)
		w.cloud.Set(id, "coolingEnabled", false)
		w.cloud.ReportNow(id)
		w.broker.forget()
		for len(w.broker.on(config)) == 0 {
			pass(time.Second)
			require.Less(t, len(w.broker.sent), 10_000)
		}
		require.NotEqual(t, before, w.broker.last(config))
		states := len(w.broker.on(topic + "/state"))
		pass(6 * time.Second)
		assert.Greater(t, len(w.broker.on(topic+"/state")), states, "once more, when Home Assistant has set it up")
	})
}
