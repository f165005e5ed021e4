package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAnEndpointThatRefusesTheTokenDoesNotStopTheRest: a list, and a setter that is used again and again.
func TestAnEndpointThatRefusesTheTokenDoesNotStopTheRest(t *testing.T) {
	for _, path := range []string{"/api/CanFillers", "/api/BrewZillas/SetPumpUtilisation"} {
		t.Run(path, func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
				pass(2 * time.Hour)
				from := time.Now()
				w.cloud.Inject(raptsim.Fault{Path: path, Status: 401})
				_, topic := w.deviceOf(raptsim.BrewZilla)
				for i := range 120 {
					w.publish(topic+"/pump_utilisation/set", fmt.Sprint(20+i%60))
					pass(2 * time.Minute)
				}
				assert.Less(t, w.longestSilence(from, 200), 10*time.Minute)
				signIns := 0
				for _, r := range w.cloud.Requests() {
					if r.At.After(from) && r.SignIn {
						signIns++
					}
				}
				assert.LessOrEqual(t, signIns, 3*4, "in four hours")
				assert.NotContains(t, w.switchOff(t), "failed")
			})
		})
	}
}
