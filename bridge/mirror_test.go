package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestEveryDeviceOfTheDemoBreweryAppears(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
		pass(3 * time.Minute)
		for _, d := range w.cloud.Devices() {
			topic := fmt.Sprintf("rapt/%s/%s/", d.Family, d.ID)
			require.NotEmpty(t, w.broker.last("homeassistant/device/rapt_"+d.ID+"/config"), d.Name)
			doc := w.broker.document(t, topic+"state")
			assert.NotEmpty(t, doc["name"])
			assert.Contains(t, []string{"online", "offline"}, w.broker.last(topic+"availability"))
		}
		assert.Equal(t, "online", w.broker.last("rapt/bridge/availability"))
		doc := w.broker.document(t, "rapt/bridge/state")
		assert.Equal(t, "ok", doc["api_status"])
		assert.EqualValues(t, 12, doc["devices"])
		assert.LessOrEqual(t, w.cloud.MaxInFlight(), 1)
	})
}
