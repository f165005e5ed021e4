package bridge

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sizeHook states the largest packet in CONNACK, which this broker leaves out.
type sizeHook struct {
	mochi.HookBase
	most uint32
}

func (h *sizeHook) Provides(b byte) bool { return b == mochi.OnPacketEncode }

func (h *sizeHook) OnPacketEncode(_ *mochi.Client, p packets.Packet) packets.Packet {
	if p.FixedHeader.Type == packets.Connack {
		p.Properties.MaximumPacketSize = h.most
	}
	return p
}

func TestWhatIsTooLargeForTheBrokerIsLeftOut(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	b.Options.Capabilities.MaximumPacketSize = 4000 // no announcement of a device fits, all states do
	require.NoError(t, b.AddHook(&sizeHook{most: 4000}, nil))
	w := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", b.address) })
	eventually(t, func() bool {
		return b.retained("rapt/*/*/state") == 12 && b.retains("rapt/bridge/availability") == "online"
	})
	require.NoError(t, b.Publish("homeassistant/status", []byte("online"), false, 1)) // all is published once more
	time.Sleep(5 * time.Second)
	assert.Len(t, w.lines("connected to the MQTT broker"), 1, "no reconnect")
	warnings := w.lines("the broker takes at most 4000")
	require.NotEmpty(t, warnings)
	seen := map[string]bool{}
	for _, line := range warnings {
		assert.Contains(t, line, "max_packet_size")
		_, rest, _ := strings.Cut(line, "the message on ")
		topic, _, _ := strings.Cut(rest, " ")
		assert.False(t, seen[topic], "once: %s", topic)
		seen[topic] = true
		assert.True(t, strings.HasPrefix(topic, "homeassistant/device/"), topic)
	}
}

// The broker is told the largest packet, so that it keeps larger ones to itself; what is smaller is bounded in number.
func TestLargeMessagesStandInNobodysWay(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	b.Options.Capabilities.MaximumClientWritesPending = 1 << 20
	large := bytes.Repeat([]byte("\xf0\x9f\x8d\xba"), 15_000) // 60,000 bytes
	for i := range 100 {
		require.NoError(t, b.Publish(fmt.Sprintf("rapt/hydrometer/%036d/state", i), large, true, 0))
		require.NoError(t, b.Publish(fmt.Sprintf("homeassistant/device/%d/config", i), bytes.Repeat(large, 20), true, 0))
	}
	w := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", b.address) })
	eventually(t, b.complete12)
	_, topic := w.deviceOf("brewzilla")
	for range 100 {
		require.NoError(t, b.Publish(topic+"/pump_utilisation/set", large, false, 1))
		require.NoError(t, b.Publish(topic+"/pump_utilisation/set", bytes.Repeat(large, 20), false, 1))
	}
	require.NoError(t, b.Publish(topic+"/pump_utilisation/set", []byte("41"), false, 1))
	eventually(t, func() bool { return len(w.writes()) == 1 })
	for _, line := range strings.Split(w.logged(), "\n") {
		assert.Less(t, len(line), 2000)
	}
}

func (b *realBroker) complete12() bool {
	return b.retains("rapt/bridge/availability") == "online" && b.retained("homeassistant/device/*/config") >= 113
}
