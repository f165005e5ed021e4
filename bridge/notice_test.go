package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestWhatASingleDeviceShowsIsNoticedToo(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, topic := w.deviceOf(raptsim.BrewZilla)
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZilla?", Body: "{}"})
		w.cloud.Inject(raptsim.Fault{Path: "/api/BrewZillas/GetBrewZilla", Body: fmt.Sprintf(`{"id":%q,"hopAroma":11}`, id), Times: 1})
		w.publish(topic+"/pump_utilisation/set", "37") // is read back
		pass(time.Minute)
		require.Len(t, w.warnings(), 1)
		assert.Contains(t, w.warnings()[0], "hopAroma")
		assert.EqualValues(t, 1, w.broker.document(t, "rapt/bridge/state")["unknown_fields"])
	})
}

func TestWhatADeviceThatListsLackShowsIsNoticedToo(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		id, _ := w.deviceOf(raptsim.Still)
		w.emptyLists("Stills")
		w.cloud.Inject(raptsim.Fault{Path: "/api/Stills/GetStill", Body: fmt.Sprintf(`{"id":%q,"hopAroma":11}`, id), Times: 1})
		for range 2 {
			w.untilAsked(t, "GetStills")
		}
		pass(10 * time.Second)
		lines := w.lines("hopAroma")
		require.Len(t, lines, 1)
		assert.Contains(t, lines[0], "level=WARN")
		assert.EqualValues(t, 1, w.broker.document(t, "rapt/bridge/state")["unknown_fields"])
	})
}
