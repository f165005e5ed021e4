package bridge

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestTheSilenceAfterA429HoldsAcrossRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{}, nil)
		w.start(t)
		pass(2 * time.Hour)
		end := w.cloud.Inject(raptsim.Fault{LimitRate: true, RetryAfter: 30 * time.Minute})
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(20 * time.Second)
		end()
		asked := len(w.cloud.Requests())
		for range 9 {
			w.halt()
			w.start(t)
			pass(2 * time.Minute)
			assert.Equal(t, "rate_limited", w.broker.document(t, "rapt/bridge/state")["api_status"])
			assert.NotNil(t, w.broker.document(t, "rapt/bridge/state")["rate_limit_reset"])
			w.switchOff(t)
			w.halt()
			w.start(t)
		}
		w.halt()
		assert.Len(t, w.cloud.Requests(), asked, "27 minutes are over")
		w.start(t)
		pass(5 * time.Minute)
		w.halt()
		assert.Greater(t, len(w.cloud.Requests()), asked)
	})
}

// TestARetryAfterThatCanNotBeMeantKeepsNoHeaterOn: it is in milliseconds where seconds belong, and means 16 hours.
func TestARetryAfterThatCanNotBeMeantKeepsNoHeaterOn(t *testing.T) {
	for name, restarted := range map[string]bool{"one run": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{Devices: []raptsim.DeviceSpec{
					{Family: raptsim.BrewZilla, Name: "Kettle", ReportEvery: time.Minute, Values: map[string]any{"heatingEnabled": true}},
				}}, nil)
				w.start(t)
				defer func() { w.halt() }()
				pass(90 * time.Minute)
				end := w.cloud.Inject(raptsim.Fault{LimitRate: true, RetryAfter: 60000 * time.Second})
				pass(5 * time.Minute)
				asked := len(w.cloud.Requests())
				again := func() {
					if restarted {
						w.halt()
						w.start(t)
					}
				}
				for range 40 {
					again()
					w.switchOff(t)
				}
				assert.Len(t, w.cloud.Requests(), asked, "nothing for three quarters of an hour")
				for range 60 {
					again()
					w.switchOff(t)
				}
				tries := len(w.cloud.Requests()) - asked
				assert.True(t, 3 <= tries && tries <= 10, "a try in a quarter of an hour, and its sign-in: %d", tries)
				end()
				pass(15 * time.Minute)
				again()
				pass(5 * time.Second)
				assert.Contains(t, w.switchOff(t), "applied")
				assert.NotEqual(t, "rate_limited", w.broker.document(t, "rapt/bridge/state")["api_status"])
			})
		})
	}
}

// TestAnErrorThatStatesADayStopsPollsForAnHour and is told with the time of the next try.
func TestAnErrorThatStatesADayStopsPollsForAnHour(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(2 * time.Hour)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", Status: 503, Header: http.Header{"Retry-After": {"86400"}}, Times: 1})
		from := time.Now()
		pass(26 * time.Hour)
		assert.Less(t, w.longestSilence(from, 200), 90*time.Minute)
		assert.Len(t, w.lines("can't be used as usual"), 1)
		assert.Len(t, w.lines("next try at "), 1)
	})
}
