package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestASubmissionThatWaitsForItsMinuteCancelsNoPoll: with a cloud that takes two seconds, two submissions within a minute
// had every poll cancelled after a second and repeated at once.
func TestASubmissionThatWaitsForItsMinuteCancelsNoPoll(t *testing.T) {
	slow := &raptsim.Latency{Min: 2 * time.Second, Max: 2 * time.Second}
	inVirtualTime(t, raptsim.Options{Latency: slow}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.ExternalDevice)
		w.publish(topic+"/telemetry/set", `{"gravity":1.05}`)
		pass(10 * time.Second)
		w.publish(topic+"/telemetry/set", `{"gravity":1.04}`)
		before, answered := len(w.cloud.Requests()), w.asked("")
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(30 * time.Second)
		assert.LessOrEqual(t, len(w.cloud.Requests())-before, 15, "two seconds each, one at a time")
		assert.GreaterOrEqual(t, w.asked("")-answered, 8, "every family was answered")
		assert.Len(t, w.writes(), 1)
		pass(40 * time.Second)
		assert.Len(t, w.writes(), 2, "the second leaves at its own time")
	})
}

// TestACommandThatTheCeilingHoldsBackCancelsNoPoll has a poll use the minute up: the command can't leave yet.
func TestACommandThatTheCeilingHoldsBackCancelsNoPoll(t *testing.T) {
	slow := &raptsim.Latency{Min: 2 * time.Second, Max: 2 * time.Second}
	inVirtualTime(t, raptsim.Options{Latency: slow}, func(o *Options) { withoutCeiling(o); o.MaxRequestsPerMinute = 12 }, func(t *testing.T, w *world) {
		const usable = 9 // the others are for switching off
		pass(10 * time.Minute)
		before, answered := len(w.cloud.Requests()), w.asked("")
		for len(w.cloud.Requests())-before < usable {
			w.publish("rapt/bridge/refresh/set", "PRESS")
			pass(100 * time.Millisecond)
		}
		pass(1500 * time.Millisecond) // it has been in flight for long enough to be cancelled
		_, topic := w.deviceOf(raptsim.BrewZilla)
		w.publish(topic+"/pump_utilisation/set", "37")
		pass(4 * time.Second)
		assert.Empty(t, w.writes())
		assert.Equal(t, usable, w.asked("")-answered, "the last poll as well")
		pass(50 * time.Second)
		assert.Len(t, w.writes(), 1)
		assert.Equal(t, []string{"applied"}, outcomes(w.results(t, topic+"/result"))[:1])
	})
}
