package bridge

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// subscriptions are the filters of the bridge's connection; none while there is no connection.
func (b *realBroker) subscriptions() []string {
	client, ok := b.Clients.Get("rapt-bridge")
	if !ok {
		return nil
	}
	return slices.Sorted(maps.Keys(client.State.Subscriptions.GetAll()))
}

// TestTheRestoreLeavesNoSubscription neither after the start nor after the broker has been restarted.
func TestTheRestoreLeavesNoSubscription(t *testing.T) {
	t.Parallel()
	want := []string{"homeassistant/status", "rapt/+/+/+/set", "rapt/bridge/+/set", "rapt/bridge/standby"}
	address := free(t)
	first := newRealBroker(t, address, "mqtt", nil)
	w := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", address) })
	eventually(t, first.complete)
	eventually(t, func() bool { return slices.Equal(want, first.subscriptions()) })
	first.end()
	eventually(t, func() bool { return len(w.lines("the MQTT broker can't be used")) > 0 })
	second := newRealBroker(t, address, "mqtt", nil)
	eventually(t, second.complete)
	assert.Equal(t, want, second.subscriptions())
}

func TestAfterTheBrokersRestartEverythingIsThereAgain(t *testing.T) {
	t.Parallel()
	address := free(t)
	first := newRealBroker(t, address, "mqtt", nil)
	w := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", address) })
	eventually(t, first.complete)
	first.end()
	eventually(t, func() bool { return len(w.lines("the MQTT broker can't be used")) > 0 })
	second := newRealBroker(t, address, "mqtt", nil) // without what the first one retained
	eventually(t, second.complete)
	assert.Len(t, w.lines("connected to the MQTT broker"), 2)
	_, topic := w.deviceOf(raptsim.Still)
	require.NoError(t, second.Publish(topic+"/pump_utilisation/set", []byte("12"), false, 2))
	eventually(t, func() bool { return len(w.writes()) == 1 })
}
