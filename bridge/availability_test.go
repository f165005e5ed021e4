package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestADeviceThatStopsReportingGoesOffline(t *testing.T) {
	for _, c := range []struct {
		is      string
		family  string
		every   time.Duration
		offline time.Duration // after the last reading
	}{
		{"a controller every minute: the floor", raptsim.TemperatureController, time.Minute, 30 * time.Minute},
		{"a controller every 20 minutes: three rhythms", raptsim.TemperatureController, 20 * time.Minute, time.Hour},
		{"a Pill every 15 minutes: the floor of the hydrometers", raptsim.Hydrometer, 15 * time.Minute, 3 * time.Hour},
		{"a Pill every two hours: three rhythms", raptsim.Hydrometer, 2 * time.Hour, 6 * time.Hour},
	} {
		for name, offset := range map[string]time.Duration{"": 0, ", the cloud's clock an hour ahead": time.Hour, ", the cloud's clock an hour behind": -time.Hour} {
			t.Run(c.is+name, func(t *testing.T) {
				spec := []raptsim.DeviceSpec{{Family: c.family, Name: "One", ReportEvery: c.every}}
				inVirtualTime(t, raptsim.Options{Devices: spec, ClockOffset: offset}, nil, func(t *testing.T, w *world) {
					pass(5*c.every + 90*time.Minute)
					id, topic := w.deviceOf(c.family)
					assert.Equal(t, []string{"online"}, w.broker.on(topic+"/availability"))
					reports := w.cloud.Reports(id)
					w.cloud.Silence(id, true)
					last := reports[len(reports)-1].At
					pass(time.Until(last.Add(c.offline - 2*time.Minute)))
					assert.Equal(t, "online", w.broker.last(topic+"/availability"))
					pass(5 * time.Minute)
					assert.Equal(t, "offline", w.broker.last(topic+"/availability"))
					assert.Equal(t, "online", w.broker.last("rapt/bridge/availability"))
					asked := len(w.cloud.Requests())
					pass(10 * time.Hour)
					assert.Less(t, (len(w.cloud.Requests())-asked)/10, 18, "it costs almost nothing")
					w.cloud.Silence(id, false)
					pass(20 * time.Minute)
					assert.Equal(t, "online", w.broker.last(topic+"/availability"))
					assert.Equal(t, []string{"online", "offline", "online"}, w.broker.on(topic+"/availability"))
					for _, line := range w.warnings() {
						assert.Contains(t, line, "this machine's clock differs")
					}
					assert.LessOrEqual(t, len(w.warnings()), 1)
				})
			})
		}
	}
}

func TestADisconnectedPillIsAsleepAndNotOffline(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		id, topic := w.deviceOf(raptsim.Hydrometer)
		w.cloud.Set(id, "connectionState", "Disconnected")
		pass(3 * time.Hour)
		assert.Equal(t, []string{"online"}, w.broker.on(topic+"/availability"))
	})
}

func TestADeviceThatNeverReportedIsAsConnectedAsTheCloudSays(t *testing.T) {
	for state, want := range map[string]string{"Connected": "online", "connected": "online", "Disconnected": "offline", "": "offline"} {
		t.Run(state, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
				id, topic := w.deviceOf(raptsim.TemperatureController)
				w.cloud.Set(id, "lastActivityTime", nil)
				w.cloud.Set(id, "connectionState", state)
				pass(ready)
				assert.Equal(t, want, w.broker.last(topic+"/availability"))
			})
		})
	}
}

func TestFailedPollsAloneTakeNobodyOffline(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(3 * time.Hour)
		w.cloud.Inject(raptsim.Fault{Status: 500})
		pass(10 * time.Minute)
		for _, d := range w.cloud.Devices() {
			assert.Equal(t, "online", w.broker.last("rapt/"+d.Family+"/"+d.ID+"/availability"), d.Name)
		}
	})
}
