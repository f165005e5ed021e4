package e2e

import (
	"testing"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// A device that has stopped reporting is unavailable in Home Assistant, and what is wrong with the API is told there.
// The button, pressed in Home Assistant, has the bridge look at once.
func TestHomeAssistantShowsSilenceAndTrouble(t *testing.T) {
	b := sharedBrewery(t)
	device := b.cloud.device(t, raptsim.BondedDevice)
	temperature := b.assistant.entityID(t, "rapt_"+device.ID+"_temperature")
	status := b.assistant.entityID(t, "rapt_bridge_api_status")
	button := b.assistant.entityID(t, "rapt_bridge_refresh")
	available := func(s entityState) bool { return s.State != "unavailable" && s.State != "unknown" }
	look := func() { b.assistant.callService(t, "button", "press", map[string]any{"entity_id": button}) }

	b.assistant.waitForState(t, patience, temperature, available)
	b.assistant.waitForState(t, patience, status, state("ok"))
	before := b.cloud.value(t, device.ID, "lastActivityTime")

	b.cloud.set(t, device.ID, "lastActivityTime", time.Now().Add(-3*time.Hour).UTC().Format(time.RFC3339))
	look()
	b.assistant.waitForState(t, patience, temperature, state("unavailable"))

	b.cloud.set(t, device.ID, "lastActivityTime", before)
	look()
	b.assistant.waitForState(t, patience, temperature, available)

	remove := b.cloud.inject(t, raptsim.Fault{Path: "/api/", Status: 503})
	look()
	b.assistant.waitForState(t, patience, status, state("unreachable"))
	remove()
	b.assistant.waitForState(t, patience, status, state("ok"))
}
