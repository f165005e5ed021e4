package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAWebhookReachesTheBridge posts what the portal sends to Home Assistant's webhook: the blueprint hands it on to the
// bridge. When the bridge asks because of one is held in virtual time.
func TestAWebhookReachesTheBridge(t *testing.T) {
	b := blueprints{brewery: sharedBrewery(t)}
	b.install(t)
	const id = "Zm9yIHRlc3RzIG9ubHkgMTIzNDU2"
	b.automate(t, []blueprintTest{{blueprint: "webhook", input: map[string]any{"webhook_id": id}}})
	pill, watcher := b.device(t, "Pale Ale Pill"), b.watch(t)
	created := time.Now().Format(time.RFC3339)
	body := `{"device_id": "` + pill.ID + `", "device_type": "Hydrometer", "temperature": 99, "created_date": "` + created + `"}`
	answer, err := http.Post(b.assistant.base+"/api/webhook/"+id, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	watcher.waitFor(t, patience, "rapt/bridge/webhook/set", func(payload string) bool {
		return strings.Contains(payload, pill.ID) && strings.Contains(payload, created) && !strings.Contains(payload, "99")
	})
}
