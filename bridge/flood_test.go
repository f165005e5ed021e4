package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestAFloodOfRefusedCommandsIsSummedUp(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)
		before := len(w.logged())
		long := strings.Repeat("k", 20_000)
		for second := range 60 {
			for i := range 100 {
				w.broker.deliver(message(topic+"/pump_utilisation/set", "not a number"))
				w.broker.deliver(message(topic+"/"+long+"/set", "1"))
				w.broker.deliver(message(fmt.Sprintf("rapt/still/%s%d/pump_enabled/set", long, second*300+i), "ON"))
			}
			if second == 30 {
				w.broker.deliver(message(topic+"/pump_utilisation/set", "44"))
			}
			pass(time.Second)
		}
		pass(2 * time.Minute)
		var commands int
		for _, line := range strings.Split(w.logged()[before:], "\n") {
			if strings.Contains(line, "command") {
				commands += len(line)
				assert.Less(t, len(line), 1000)
			}
		}
		assert.Less(t, commands, 60*4000, "under 4 kB a second")
		assert.NotEmpty(t, w.lines("and_more="))
		var applied []resultDocument
		for _, r := range w.results(t, topic+"/result") {
			assert.LessOrEqual(t, len(r.Key), 200)
			if r.Outcome == "applied" {
				applied = append(applied, r)
			}
		}
		require.Len(t, applied, 1)
		assert.Less(t, applied[0].TookMS, 2000)
		assert.Less(t, len(w.broker.on(topic+"/result")), 200)
	})
}

func TestTopicsOfNoDeviceAreToldSparingly(t *testing.T) {
	inVirtualTime(t, raptsim.Options{}, withoutCeiling, func(t *testing.T, w *world) {
		pass(ready)
		for i := range 500 {
			w.broker.deliver(message(fmt.Sprintf("rapt/%d/a/b/c/set", i), "ON"))
		}
		pass(2 * time.Minute)
		assert.Len(t, w.lines("a topic that is no device's"), 20, "of a minute")
		assert.Len(t, w.lines("topics of no device"), 1, "and how many more")
	})
}
