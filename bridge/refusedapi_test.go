package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestAnAPIThatRefusesEveryFamilyIsNotOK(t *testing.T) {
	for _, status := range []int{400, 404} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			inVirtualTime(t, raptsim.Options{}, nil, func(t *testing.T, w *world) {
				pass(ready)
				before := len(w.broker.topics(""))
				end := w.cloud.Inject(raptsim.Fault{Path: "/api/", Status: status})
				w.broker.deliver(message("rapt/bridge/refresh/set", "PRESS"))
				pass(10 * time.Minute)
				asked := len(w.cloud.Requests())
				pass(2 * time.Hour)
				assert.Equal(t, "unreachable", w.broker.document(t, "rapt/bridge/state")["api_status"])
				assert.Less(t, len(w.cloud.Requests())-asked, 20, "it is left alone")
				assert.Len(t, w.lines("newer version of rapt-bridge"), 1)
				assert.Len(t, w.broker.topics(""), before, "no device is taken out")
				end()
				pass(time.Hour)
				assert.Contains(t, []any{"ok", "slowed"}, w.broker.document(t, "rapt/bridge/state")["api_status"])
			})
		})
	}
}
