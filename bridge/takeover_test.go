package bridge

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// resultsOf are the results that the broker has seen on a device's topic.
func (h *pairBroker) resultsOf(t *testing.T, device string) []resultDocument {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]resultDocument, len(h.results[device+"/result"]))
	for i, payload := range h.results[device+"/result"] {
		require.NoError(t, json.Unmarshal([]byte(payload), &out[i]))
	}
	return out
}

// TestACommandHasAnOutcomeWhenAnotherBridgeTakesOver has one command in flight and one in the queue when the connection is
// lost to another client with the name.
func TestACommandHasAnOutcomeWhenAnotherBridgeTakesOver(t *testing.T) {
	for name, c := range map[string]struct {
		answered time.Duration // the command in flight, after it was sent
		outcome  string
		reason   string
	}{
		"answered while nobody is connected": {time.Second, "applied", ""},
		"never answered":                     {20 * time.Second, "failed", "another bridge of the account is active; it was sent once without an answer, so it may have been carried out"},
	} {
		t.Run(name, func(t *testing.T) {
			asPairOf(t, raptsim.Options{Latency: &raptsim.Latency{}}, func(t *testing.T, p *pair) {
				pass(10 * time.Minute)
				_, kettle := p.one.deviceOf(raptsim.BrewZilla)
				_, still := p.one.deviceOf(raptsim.Still)
				p.one.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetHeatingEnabled", Delay: c.answered, Times: 1})
				p.one.seat.receive(kettle+"/heating_enabled/set", "OFF")
				pass(500 * time.Millisecond)
				if c.outcome == "failed" {
					p.one.seat.receive(still+"/pump_enabled/set", "OFF")
					pass(500 * time.Millisecond)
				}
				p.two.seat.conn.Take(true)
				pass(time.Minute)
				require.Same(t, p.two, p.active())

				results := p.hub.resultsOf(t, kettle)
				require.NotEmpty(t, results)
				assert.Equal(t, c.outcome, results[0].Outcome)
				if c.outcome == "applied" {
					assert.Nil(t, results[0].Error)
					return
				}
				assert.Equal(t, c.reason, *results[0].Error)
				results = p.hub.resultsOf(t, still)
				require.Len(t, results, 1, "it waited behind the other one")
				assert.Equal(t, "rejected", results[0].Outcome)
				assert.Equal(t, "another bridge of the account is active", *results[0].Error)
			})
		})
	}
}

// TestAStandbyLeavesWhatIsRetainedAlone has a command fail once the bridge has lost the name: what the device was last known
// to show is then another bridge's to publish.
func TestAStandbyLeavesWhatIsRetainedAlone(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(10 * time.Minute)
		_, kettle := p.one.deviceOf(raptsim.BrewZilla)
		p.one.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetHeatingEnabled", Delay: 20 * time.Second, Times: 1})
		p.one.seat.receive(kettle+"/heating_enabled/set", "OFF")
		pass(time.Second)
		p.two.seat.conn.Take(true)
		pass(time.Millisecond)
		require.Same(t, p.two, p.active())
		p.two.seat.locked(func() {
			p.two.seat.cut = true // it publishes nothing
			p.hub.retained[kettle+"/state"] = []byte("{}")
		})
		pass(20 * time.Second)
		require.NotEmpty(t, p.hub.resultsOf(t, kettle))
		p.hub.mu.Lock()
		defer p.hub.mu.Unlock()
		assert.Equal(t, "{}", string(p.hub.retained[kettle+"/state"]))
	})
}

// TestNothingIsAskedWithoutTheName has a call that needs a second request, a sign-in, after the bridge has lost the name.
func TestNothingIsAskedWithoutTheName(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(10 * time.Minute)
		_, kettle := p.one.deviceOf(raptsim.BrewZilla)
		p.one.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/SetHeatingEnabled", Delay: 5 * time.Second, DropToken: true, Times: 1})
		p.one.seat.receive(kettle+"/heating_enabled/set", "OFF")
		pass(time.Second)
		p.two.seat.conn.Take(true)
		pass(time.Millisecond)
		p.two.seat.locked(func() { p.two.seat.cut = true }) // it doesn't answer
		asked := len(p.one.watched.times)
		pass(20 * time.Second)
		assert.Len(t, p.one.watched.times, asked)
	})
}
