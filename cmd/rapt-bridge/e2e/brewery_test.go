package e2e

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// brewery is a home with a cloud and the bridge between them.
type brewery struct {
	*home
	cloud  *cloud
	bridge *bridge
}

// startBrewery starts a cloud, and the program between it and a home.
func startBrewery(t testing.TB, s scope, h *home, o raptsim.Options) *brewery {
	t.Helper()
	b := &brewery{home: h, cloud: startCloud(t, s, o)}
	b.bridge = startBridge(t, s, b.cloud.account().with(h.settings()))
	return b
}

var sharedBrewing struct {
	once    sync.Once
	brewery *brewery
}

// sharedBrewery is the demo brewery in the shared home, in real time. A test that changes it puts it back; one whose
// change others would see is not parallel.
func sharedBrewery(t testing.TB) *brewery {
	t.Helper()
	h := sharedHome(t)
	sharedBrewing.once.Do(func() { sharedBrewing.brewery = startBrewery(t, &binaryWide, h, raptsim.Options{}) })
	if sharedBrewing.brewery == nil {
		t.Fatal("the shared brewery did not start: see the first test that failed")
	}
	sharedBrewing.brewery.bridge.showIfFailed(t)
	return sharedBrewing.brewery
}

// announced is a device that should be in Home Assistant: one of the cloud's, or the bridge's own.
type announced struct {
	family discovery.Family
	id     string // of the cloud, or "bridge"
	name   string // of the cloud
}

func (a announced) identifier() string            { return "rapt_" + a.id }
func (a announced) uniqueID(entity string) string { return "rapt_" + a.id + "_" + entity }
func (a announced) entities() []discovery.Entity  { return discovery.Entities(a.family) }
func (a announced) String() string                { return fmt.Sprintf("%s %q", a.family, a.name) }

// topic is where the device's state document is.
func (a announced) topic() string {
	if a.family == discovery.Bridge {
		return discovery.Topics{}.BridgeState()
	}
	return discovery.Topics{}.State(a.family, a.id)
}

// devices are all that should be in Home Assistant.
func (b *brewery) devices(t testing.TB) []announced {
	t.Helper()
	all := []announced{{family: discovery.Bridge, id: string(discovery.Bridge)}}
	for _, device := range b.cloud.devices(t) {
		all = append(all, announced{family: discovery.Family(device.Family), id: device.ID, name: device.Name})
	}
	return all
}

// hasBatch reports whether the device measures gravity, so that it has a document of its batch.
func (a announced) hasBatch() bool {
	return a.family == discovery.Hydrometer || a.family == discovery.ExternalDevice
}

// document is a device's state document as a subscriber has it, with the members of its batch's.
func document(t testing.TB, watcher *mqttClient, a announced) map[string]any {
	t.Helper()
	m := watcher.waitFor(t, patience, a.topic(), nil)
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(m.payload), &document), a.topic())
	if a.hasBatch() {
		topic := discovery.Topics{}.Batch(a.family, a.id)
		m := watcher.waitFor(t, patience, topic, nil)
		require.NoError(t, json.Unmarshal([]byte(m.payload), &document), topic)
		delete(document, "id") // the batch's; the device's is in the topic
	}
	return document
}
