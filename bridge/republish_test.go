package bridge

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// lose makes the broker go away, and back makes it come back.
func (m *memoryBroker) lose(reason string) {
	m.conn.Events <- broker.Event{Kind: broker.Down, Err: errors.New(reason)}
}
func (m *memoryBroker) back() { m.conn.Events <- broker.Event{Kind: broker.Up} }

// discoveryFirst checks that everything was published, each device's config before its state and its availability.
func discoveryFirst(t *testing.T, w *world) {
	t.Helper()
	w.broker.mu.Lock()
	defer w.broker.mu.Unlock()
	first := map[string]int{}
	for i, p := range w.broker.sent {
		if _, ok := first[p.Topic]; !ok {
			first[p.Topic] = i + 1
		}
	}
	assert.Positive(t, first["homeassistant/device/rapt_bridge/config"])
	assert.Less(t, first["homeassistant/device/rapt_bridge/config"], first["rapt/bridge/availability"])
	assert.Positive(t, first["rapt/bridge/state"], "which may go first, with the count of a request")
	for _, d := range w.cloud.Devices() {
		config := first["homeassistant/device/rapt_"+d.ID+"/config"]
		assert.Positive(t, config, d.Name)
		assert.Less(t, config, first["rapt/"+d.Family+"/"+d.ID+"/state"], d.Name)
		assert.Less(t, config, first["rapt/"+d.Family+"/"+d.ID+"/availability"], d.Name)
	}
}

func TestHomeAssistantsStartBringsEverythingAgain(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.broker.forget()
		w.publish("homeassistant/status", "offline")
		pass(10 * time.Second)
		assert.Empty(t, w.broker.on("homeassistant/device/rapt_bridge/config"))
		w.broker.forget()
		w.publish("homeassistant/status", "online")
		pass(time.Second - time.Millisecond)
		assert.Empty(t, w.broker.on("homeassistant/device/rapt_bridge/config"), "not at once: everybody publishes then")
		pass(4 * time.Second)
		discoveryFirst(t, w)
	})
}

func TestNoTwoConfigsOfADeviceFollowEachOtherClosely(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, _ := w.deviceOf(raptsim.BrewZilla)
		for i, name := range []string{"A", "B", "C", "D", "E", "F"} {
			w.cloud.Set(id, "name", "Kettle "+name)
			w.publish("rapt/bridge/refresh/set", "PRESS")
			w.publish("homeassistant/status", "online")
			if i == 2 {
				w.broker.lose("gone")
				w.broker.back()
			}
			pass(1500 * time.Millisecond)
		}
		pass(time.Minute)
		assert.Equal(t, "Kettle F", w.announced(t, id)["device"].(map[string]any)["name"], "the last name is told in the end")
		w.broker.mu.Lock()
		defer w.broker.mu.Unlock()
		last := map[string]time.Time{}
		for i, p := range w.broker.sent {
			if !strings.HasSuffix(p.Topic, "/config") {
				continue
			}
			if before, ok := last[p.Topic]; ok {
				assert.GreaterOrEqual(t, w.broker.when[i].Sub(before), 5*time.Second, p.Topic)
			}
			last[p.Topic] = w.broker.when[i]
		}
	})
}

func TestWhileTheBrokerIsAwayNothingIsPolled(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.Hydrometer)
		w.broker.lose("it is away")
		pass(time.Minute)
		w.broker.forget()
		asked := len(w.cloud.Requests())
		w.cloud.Set(id, "name", "Renamed meanwhile")
		pass(6 * time.Hour)
		assert.Len(t, w.cloud.Requests(), asked)
		assert.Empty(t, w.broker.sent)
		assert.Len(t, w.lines("the MQTT broker can't be used"), 1)
		assert.Contains(t, w.lines("the MQTT broker can't be used")[0], "it is away")

		w.broker.back()
		pass(10 * time.Second)
		discoveryFirst(t, w)
		assert.Greater(t, len(w.cloud.Requests()), asked)
		assert.Equal(t, "Renamed meanwhile", w.broker.document(t, topic+"/state")["name"])
		assert.Len(t, w.lines("connected to the MQTT broker"), 2)
		assert.LessOrEqual(t, len(w.cloud.Requests())-asked, 20, "no burst for the time that was missed")
	})
}

func TestABrokerThatFlapsIsToldOnceForEachReason(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		w.broker.lose("it is away")
		for range 50 {
			w.broker.conn.Events <- broker.Event{Kind: broker.Failed, Err: errors.New("nothing listens there")}
			pass(30 * time.Second)
		}
		w.broker.conn.Events <- broker.Event{Kind: broker.Failed, Err: errors.New("wrong password")}
		pass(time.Second)
		assert.Len(t, w.lines("the MQTT broker can't be used"), 3)
		w.broker.back()
		pass(10 * time.Second)
		assert.Contains(t, w.broker.document(t, "rapt/bridge/state")["last_error"], "wrong password")
	})
}

func TestACommandThatWaitsSurvivesTheBrokerButIsNotSentLate(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", LimitRate: true, RetryAfter: 5 * time.Minute, Times: 1})
		w.publish(topic+"/pump_utilisation/set", "41")
		pass(time.Second)
		w.broker.lose("it is away")
		pass(2 * time.Hour)
		w.broker.back()
		pass(10 * time.Minute)
		assert.LessOrEqual(t, len(w.writes()), 1, "only the one that met the limit")
		assert.NotEqual(t, 41.0, w.broker.document(t, topic+"/state")["pump_utilisation"])
	})
}

func TestADocumentIsPublishedWhenItChangedAndNotElse(t *testing.T) {
	spec := []raptsim.DeviceSpec{{Family: raptsim.ExternalDevice, Name: "Quiet", ReportEvery: -1}}
	inVirtualTime(t, raptsim.Options{Devices: spec}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.ExternalDevice)
		w.broker.forget()
		pass(6 * time.Hour)
		assert.LessOrEqual(t, len(w.broker.on(topic+"/state")), 1, "at most to say that no reading is expected any more")
		assert.Empty(t, w.broker.on("homeassistant/device/rapt_"+id+"/config"))
		w.cloud.Set(id, "temperature", 21.5)
		pass(30 * time.Minute)
		require.NotEmpty(t, w.broker.on(topic+"/state"))
		assert.EqualValues(t, 21.5, w.broker.document(t, topic+"/state")["temperature"])
	})
}

func TestAResultUnderWhichTheConnectionBrokeIsPublishedOnTheNext(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		result := broker.Publication{Topic: "rapt/brewzilla/x/result", Payload: []byte(`{"outcome":"applied"}`), Keep: true}
		w.broker.lose("the connection was reset")
		w.broker.conn.Events <- broker.Event{Kind: broker.Undelivered, Undelivered: result}
		pass(time.Second)
		assert.Empty(t, w.broker.on(result.Topic))
		w.broker.back()
		pass(time.Second)
		assert.Len(t, w.broker.on(result.Topic), 1)
	})
}
