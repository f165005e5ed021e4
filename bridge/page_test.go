package bridge

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/discovery/dashboard"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestTheDashboardOfTheStatusPageKnowsThePairs(t *testing.T) {
	want, got := map[string]string{}, map[string]string{}
	for _, d := range raptsim.DemoBrewery() {
		if d.Family == raptsim.Hydrometer {
			want[d.ID] = d.PairedWith
		}
	}
	var newest atomic.Pointer[web.Snapshot]
	inVirtualTime(t, raptsim.Options{}, func(o *Options) {
		o.OnSnapshot = newest.Store
		o.Dashboard = func(_ discovery.Options, devices []discovery.Device, paired map[string]string) []byte {
			assert.Len(t, devices, len(raptsim.DemoBrewery()))
			got = paired
			return []byte("views:")
		}
	}, func(t *testing.T, _ *world) {
		pass(ready)
		require.NotNil(t, newest.Load().Dashboard)
		assert.Equal(t, "views:", string(newest.Load().Dashboard()))
	})
	assert.Equal(t, want, got)
}

func TestTheDashboardOfTheStatusPageTellsDevicesOfOneNameApart(t *testing.T) {
	var kettles []raptsim.DeviceSpec
	for _, d := range raptsim.DemoBrewery() {
		if d.Family == raptsim.BrewZilla {
			d.Name = "Kettle"
			kettles = append(kettles, d)
		}
	}
	require.Len(t, kettles, 2)
	var newest atomic.Pointer[web.Snapshot]
	inVirtualTime(t, raptsim.Options{Devices: kettles}, func(o *Options) {
		o.OnSnapshot = newest.Store
		o.Dashboard = func(o discovery.Options, devices []discovery.Device, paired map[string]string) []byte {
			return dashboard.YAML(dashboard.Options{Options: o, Paired: paired}, devices)
		}
	}, func(t *testing.T, w *world) {
		pass(ready)
		page, heaters := string(newest.Load().Dashboard()), map[string]bool{}
		for _, d := range kettles {
			ids := discovery.AnnouncedEntityIDs([]byte(w.broker.last("homeassistant/device/rapt_" + d.ID + "/config")))
			heater := ids[discovery.UniqueID(d.ID, "heating_enabled")]
			heaters[heater] = true
			assert.Equal(t, 1, strings.Count(page, "entity: "+heater+"\n"), heater)
		}
		assert.Len(t, heaters, 2)
	})
}

func TestNothingIsToldOfDevicesThatNobodyLooksAt(t *testing.T) {
	var newest atomic.Pointer[web.Snapshot]
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { o.OnSnapshot = newest.Store }, func(t *testing.T, w *world) {
		pass(ready)
		assert.True(t, newest.Load().Listed)
		assert.True(t, newest.Load().NextRequest.After(newest.Load().At.Add(-time.Second)))
		are := func() (online, acting int) {
			for _, d := range newest.Load().Devices {
				if d.Online {
					online++
				}
				if d.Heating || d.Cooling {
					acting++
				}
			}
			return online, acting
		}
		online, acting := are()
		assert.NotZero(t, online)
		assert.NotZero(t, acting)
		w.broker.lose("connection refused")
		pass(2 * time.Minute)
		_, acting = are()
		assert.Zero(t, acting)
		assert.Zero(t, newest.Load().NextRequest)
		pass(8 * time.Hour)
		online, _ = are()
		assert.Zero(t, online)
	})
}

func TestTheNextRequestIsNeverInThePast(t *testing.T) {
	var all []*web.Snapshot
	inVirtualTime(t, raptsim.Options{}, func(o *Options) { o.OnSnapshot = func(s *web.Snapshot) { all = append(all, s) } }, func(*testing.T, *world) {
		pass(time.Minute)
	})
	require.NotEmpty(t, all)
	for _, s := range all {
		assert.True(t, s.NextRequest.IsZero() || !s.NextRequest.Before(s.At), "%s at %s", s.NextRequest, s.At)
		assert.False(t, s.Listed && len(s.Devices) == 0)
	}
}

func TestAStandbyNamesNoNextRequest(t *testing.T) {
	asPair(t, func(t *testing.T, p *pair) {
		pass(10 * time.Minute)
		p.two.mu.Lock()
		defer p.two.mu.Unlock()
		assert.True(t, p.two.newest.Standby)
		assert.Zero(t, p.two.newest.NextRequest)
	})
}
