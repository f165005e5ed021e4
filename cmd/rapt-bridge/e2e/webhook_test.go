package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// webhookBringsReading posts what the portal sends to Home Assistant's webhook: through the blueprint and the broker it has
// the bridge ask, long before it would have asked by itself.
func webhookBringsReading(t *testing.T, home *brewery) {
	t.Helper()
	b := blueprints{brewery: home}
	b.install(t)
	const id = "Zm9yIHRlc3RzIG9ubHkgMTIzNDU2"
	b.automate(t, []blueprintTest{{blueprint: "webhook", input: map[string]any{"webhook_id": id}}})
	pill := b.device(t, "Pale Ale Pill")
	const entity = "sensor.pale_ale_pill_temperature"
	b.assistant.waitForState(t, patience, entity, func(s entityState) bool { return s.State != "unknown" && s.State != "unavailable" })

	// The list must not have been asked for within the least interval.
	var last time.Time
	for _, r := range b.cloud.requests(t) {
		if strings.HasPrefix(r.Path, "/api/Hydrometers") {
			last = r.At
		}
	}
	if wait := time.Until(last.Add(61 * time.Second)); wait > 0 {
		time.Sleep(wait)
	}
	b.set(t, pill.Name, "temperature", 11.5)
	watcher, sent := b.watch(t), time.Now()
	body := `{"device_id": "` + pill.ID + `", "device_type": "Hydrometer", "temperature": 99, "created_date": "` + sent.Format(time.RFC3339) + `"}`
	answer, err := http.Post(b.assistant.base+"/api/webhook/"+id, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	watcher.waitFor(t, patience, "rapt/bridge/webhook/set", func(payload string) bool { return strings.Contains(payload, pill.ID) })
	b.assistant.waitForState(t, 30*time.Second, entity, state("11.5"))
	t.Logf("the reading was there after %s", time.Since(sent).Round(time.Millisecond))
}
