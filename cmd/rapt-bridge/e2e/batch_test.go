package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A batch from its middle to its end, in the real Home Assistant, with a cloud whose clock is put forward: stages follow each other, the
// events fire, and what its owner says wins and survives a restart of the bridge.
func TestABatchInHomeAssistant(t *testing.T) {
	t.Parallel()
	const id = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0d01"
	h := startHome(t, t, homeAssistantOptions{})
	watcher, mark := h.watch(t), h.assistant.mark(t)
	cloud := startCloud(t, t, raptsim.Options{
		ReportLagMax: -1, OneBatch: true, Telemetry: raptsim.Telemetry{Past: 60 * time.Hour}, TokenLifetime: 1000 * time.Hour,
		Devices: []raptsim.DeviceSpec{{
			Family: raptsim.Hydrometer, ID: id, Name: "Ale", ReportEvery: 15 * time.Minute, Jitter: 0.01, TimeDigits: 7, OriginalGravity: 1052, FinalGravity: 1011,
			Fermentation: raptsim.Monod, Sensor: raptsim.Pill,
		}},
	})
	set := cloud.account().with(h.settings())
	b := startBridge(t, t, set)
	entity := func(key string) string { return h.assistant.entityID(t, "rapt_"+id+"_"+key) }
	shows := func(key, want string) {
		t.Helper()
		h.assistant.waitForState(t, patience, entity(key), state(want))
	}
	shows("stage", "active")
	shows("batch_day", "3")
	shows("batch_name", "")
	shows("stuck", "off")
	shows("batch_event", "unknown")
	original := h.assistant.waitForState(t, patience, entity("batch_original_gravity"), func(s entityState) bool { return s.State > "1.051" && s.State < "1.053" })
	assert.Equal(t, "SG", original.Attributes["unit_of_measurement"])
	abv := h.assistant.states(t)[entity("abv")].State

	h.assistant.callService(t, "number", "set_value", map[string]any{"entity_id": entity("batch_original_gravity"), "value": 1.058})
	h.assistant.callService(t, "text", "set_value", map[string]any{"entity_id": entity("batch_name"), "value": "Pale Ale 12"})
	shows("batch_original_gravity", "1.058")
	shows("batch_name", "Pale Ale 12")
	h.assistant.waitForState(t, patience, entity("abv"), func(s entityState) bool { return s.State > abv })

	status, _ := b.stop(t)
	require.Zero(t, status, b.log())
	startBridge(t, t, set)
	watcher.waitFor(t, patience, discovery.Topics{}.Batch(discovery.Hydrometer, id), func(payload string) bool {
		var doc struct {
			Restored bool
			Number   int
		}
		return json.Unmarshal([]byte(payload), &doc) == nil && !doc.Restored && doc.Number == 1
	})
	shows("stage", "active")
	shows("batch_original_gravity", "1.058")
	shows("batch_name", "Pale Ale 12")

	seen := map[string]bool{}
	within(t, 8*time.Minute, "the end of the batch", func() error {
		cloud.forward(t, 4*time.Hour)
		watcher.publish(t, "rapt/bridge/refresh/set", "PRESS", false)
		time.Sleep(4 * time.Second)
		is := h.assistant.states(t)[entity("stage")].State
		if seen[is] = true; is != "complete" {
			return fmt.Errorf("%s", is)
		}
		return nil
	})
	assert.True(t, seen["slowing"] || seen["finishing"], seen)
	event := h.assistant.waitForState(t, patience, entity("batch_event"), func(s entityState) bool { return s.Attributes["event_type"] == "complete" })
	assert.Equal(t, "Pale Ale 12", event.Attributes["batch_name"])
	assert.Equal(t, "the fermentation is complete", event.Attributes["text"])
	shows("batch_original_gravity", "1.058")

	h.assistant.callService(t, "button", "press", map[string]any{"entity_id": entity("new_batch")})
	shows("stage", "lag")
	h.assistant.waitForState(t, patience, entity("batch_event"), func(s entityState) bool { return s.Attributes["event_type"] == "started" })
	summary := watcher.waitFor(t, patience, discovery.Topics{}.EndedBatch(discovery.Hydrometer, id, 1), nil)
	assert.Contains(t, summary.payload, `"name":"Pale Ale 12"`)
	assert.Contains(t, summary.payload, `"original_gravity":1.058`)

	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}
