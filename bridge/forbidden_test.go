package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// longestSilence is the longest time without an answer of the API of that status from a time on.
func (w *world) longestSilence(from time.Time, status int) (longest time.Duration) {
	last := from
	for _, r := range w.cloud.Requests() {
		if r.At.After(from) && r.Status == status && strings.HasPrefix(r.Path, "/api/") {
			longest = max(longest, r.At.Sub(last))
			last = r.At
		}
	}
	return max(longest, time.Since(last))
}

// switchOff switches a kettle's heater off, and returns the outcomes after a minute.
func (w *world) switchOff(t *testing.T) []string {
	t.Helper()
	_, topic := w.deviceOf(raptsim.BrewZilla)
	w.broker.forget()
	w.publish(topic+"/heating_enabled/set", "OFF")
	pass(61 * time.Second)
	return outcomes(w.results(t, topic+"/result"))
}

// TestWhatIsForbiddenToAnAccountDoesNotStopTheRest: families that are closed to it, and histories.
func TestWhatIsForbiddenToAnAccountDoesNotStopTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		paths []string
		most  int // answers 403 in eight hours
	}{
		"two families":           {[]string{"/api/Stills", "/api/CanFillers"}, 18},
		"the first two families": {[]string{"/api/Hydrometers", "/api/TemperatureControllers"}, 18},
		"histories":              {[]string{"*/GetTelemetry"}, 8 * 24},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := newWorld(raptsim.Options{}, withHistory(3))
				from := time.Now()
				for _, path := range c.paths {
					w.cloud.Inject(raptsim.Fault{Path: path, Status: 403})
				}
				w.start(t)
				defer w.halt()
				pass(10 * time.Minute)
				assert.Contains(t, w.switchOff(t), "applied")
				pass(8 * time.Hour)
				assert.Less(t, w.longestSilence(from, 200), 20*time.Minute)
				assert.Empty(t, w.lines("refuses this account altogether"))
				refused := 0
				for _, r := range w.cloud.Requests() {
					if r.Status == 403 {
						refused++
					}
				}
				assert.LessOrEqual(t, refused, c.most)
			})
		})
	}
}

func TestAFirewallsRefusalOfSecondsKeepsNoHeaterOn(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(2 * time.Hour)
		end := w.cloud.Inject(raptsim.Fault{Status: 403, HTML: true})
		w.publish("rapt/bridge/refresh/set", "PRESS")
		pass(5 * time.Second)
		end()
		assert.Equal(t, "rejected", w.broker.document(t, "rapt/bridge/state")["api_status"])
		from := time.Now()
		assert.Contains(t, w.switchOff(t), "applied")
		assert.Equal(t, "ok", w.broker.document(t, "rapt/bridge/state")["api_status"])
		pass(20 * time.Minute)
		asked := map[string]bool{}
		for _, r := range w.cloud.Requests() {
			if r.At.After(from) && r.Status == 200 {
				asked[r.Path] = true
			}
		}
		for _, list := range []string{"Hydrometers/GetHydrometers", "TemperatureControllers/GetTemperatureControllers", "BrewZillas/GetBrewZillas", "Stills/GetStills"} {
			assert.True(t, asked["/api/"+list], list)
		}
	})
}

// TestARefusedAccountIsLeftAlone: but somebody may want something off.
func TestARefusedAccountIsLeftAlone(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(2 * time.Hour)
		w.cloud.Inject(raptsim.Fault{Path: "/api/", Status: 403})
		pass(20 * time.Minute)
		asked := len(w.cloud.Requests())
		_, topic := w.deviceOf(raptsim.BrewZilla)
		for range 20 {
			w.publish(topic+"/heating_enabled/set", "OFF")
			w.publish(topic+"/pump_utilisation/set", "30")
			pass(5 * time.Second)
		}
		assert.Len(t, w.cloud.Requests()[asked:], 4, "what switches off, twice a minute")
		pass(10 * time.Hour)
		assert.LessOrEqual(t, len(w.cloud.Requests())-asked, 4+11*3, "a list an hour, and a sign-in")
		assert.Equal(t, "rejected", w.broker.document(t, "rapt/bridge/state")["api_status"])
	})
}
