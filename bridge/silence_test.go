package bridge

import (
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
