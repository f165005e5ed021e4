package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// asDemo makes a bridge the demo's: on a simulated cloud of its own, with nobody's account.
func asDemo(m *member) (cloud *raptsim.Cloud) {
	cloud = raptsim.New(raptsim.Options{
		Username: "demo@example.com", APISecret: "secret-of-the-demo", Telemetry: raptsim.Telemetry{Past: raptsim.BatchLength + 28*time.Hour},
		Devices: []raptsim.DeviceSpec{
			{Family: raptsim.Hydrometer, ID: "00000000-0000-4000-8000-0000000000d1", Name: "Demo Pill", ReportEvery: 15 * time.Minute},
			{Family: raptsim.TemperatureController, ID: "00000000-0000-4000-8000-0000000000d2", Name: "Demo Fridge", ReportEvery: 5 * time.Minute},
			{Family: raptsim.BrewZilla, ID: "00000000-0000-4000-8000-0000000000d3", Name: "Demo Kettle", ReportEvery: time.Minute},
		},
	})
	adapt := m.adapt
	m.adapt = func(o *Options) {
		adapt(o)
		o.Account = retained.DemoAccount
		o.RAPT = raptclient.Options{APIURL: "http://demo.invalid", AuthURL: "http://demo.invalid", Username: "demo@example.com", APISecret: "secret-of-the-demo", Transport: cloud.Transport()}
	}
	return cloud
}

// of are the retained topics that name one of the cloud's devices.
func (h *pairBroker) of(cloud *raptsim.Cloud) (topics []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for topic := range h.retained {
		for _, d := range cloud.Devices() {
			if strings.Contains(topic, d.ID) {
				topics = append(topics, topic)
			}
		}
	}
	return topics
}

func TestABridgeTakesOutTheDevicesOfTheDemoThatRanBefore(t *testing.T) {
	for name, stop := range map[string]func(*pair, *member){
		"stopped": func(_ *pair, m *member) { m.halt() },
		"killed":  func(p *pair, m *member) { p.kill(m) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				p := newPair()
				defer p.halt()
				demo := asDemo(p.one)
				p.start(t, p.one)
				pass(10 * time.Minute)
				require.NotEmpty(t, p.hub.of(demo))
				stop(p, p.one)

				p.start(t, p.two)
				pass(10 * time.Minute)
				assert.Same(t, p.two, p.active())
				assert.Empty(t, p.hub.of(demo))
				assert.Len(t, p.two.cloud.Devices(), 12)
				assert.NotEmpty(t, p.hub.of(p.two.cloud))
				assert.Empty(t, p.two.warnings(), "the demo's log of requests is no reason for a warning")
			})
		})
	}
}

func TestADemoEndsWhereAnAccountsBridgeRunsOrRan(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		p := newPair()
		defer p.halt()
		p.start(t, p.one)
		pass(10 * time.Minute)
		before := len(p.hub.of(p.one.cloud))
		require.NotZero(t, before)
		asDemo(p.two)
		for range 2 {
			p.start(t, p.two)
			pass(10 * time.Second)
			p.two.mu.Lock()
			require.ErrorContains(t, p.two.ended, "mqtt.topic_prefix")
			p.two.ended = nil
			p.two.mu.Unlock()
			assert.Len(t, p.hub.of(p.one.cloud), before)
			if p.active() != nil {
				p.one.halt()
			}
		}
	})
}
