package bridge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestTheDashboardOfTheStatusPageKnowsThePairs(t *testing.T) {
	want, got := map[string]string{}, map[string]string{}
	for _, d := range raptsim.DemoBrewery() {
		if d.Family == raptsim.Hydrometer {
			want[d.ID] = d.PairedWith
		}
	}
	var newest *web.Snapshot
	inVirtualTime(t, raptsim.Options{}, func(o *Options) {
		o.OnSnapshot = func(s *web.Snapshot) { newest = s }
		o.Dashboard = func(_ discovery.Options, devices []discovery.Device, paired map[string]string) []byte {
			assert.Len(t, devices, len(raptsim.DemoBrewery()))
			got = paired
			return []byte("views:")
		}
	}, func(t *testing.T, _ *world) {
		pass(ready)
		require.NotNil(t, newest.Dashboard)
		assert.Equal(t, "views:", string(newest.Dashboard()))
	})
	assert.Equal(t, want, got)
}
