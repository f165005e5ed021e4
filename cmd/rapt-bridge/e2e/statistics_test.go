package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// Home Assistant makes long-term statistics of every sensor that has a state class, finds nothing wrong with any of them,
// and sees no counter jump back: a brewery where a minute takes a second, in a home of its own, with a restart of the
// bridge and of the broker between.
func TestLongTermStatisticsTakeEverySensorWithAStateClass(t *testing.T) {
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	b := startBrewery(t, t, h, raptsim.Options{Speed: 60, CommandDelay: -1, ReportLagMax: -1})
	watcher := h.watch(t)
	mirrored(t, watcher, "rapt", len(b.cloud.devices(t)))
	mark := h.assistant.mark(t)

	within(t, patience, "the registry", func() error { return registryWrong(t, b) })
	registry := h.assistant.entities(t)
	measured, counters := map[string]announced{}, map[string]announced{}
	for _, d := range b.devices(t) {
		for _, e := range d.entities() {
			row := registry[d.uniqueID(e.Key)]
			id := row.EntityID
			switch {
			case e.StateClass == "" || row.DisabledBy != nil:
			case e.StateClass == discovery.TotalIncreasing:
				counters[id] = d
				fallthrough
			default:
				measured[id] = d
			}
		}
	}
	require.Greater(t, len(counters), 20)

	t.Run("every sensor is taken", func(t *testing.T) {
		within(t, patience, "statistics of every sensor", func() error {
			var taken []struct {
				ID string `json:"statistic_id"`
			}
			h.assistant.command(t, "recorder/list_statistic_ids", nil, &taken)
			statistics := map[string]bool{}
			for _, s := range taken {
				statistics[s.ID] = true
			}
			var missing []error
			for id, d := range measured {
				if !statistics[id] {
					missing = append(missing, fmt.Errorf("%s of %s", id, d))
				}
			}
			return errors.Join(missing...)
		})
	})

	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")

	// Some minutes of brewing, across restarts.
	first := countersOf(t, h, counters)
	b.bridge.stop(t)
	b.bridge = startBridge(t, t, b.cloud.account().with(h.settings()))
	h.broker.restart(t)
	within(t, patience, "counters that move on", func() error {
		moved := 0
		for id, v := range countersOf(t, h, counters) {
			if v > first[id] {
				moved++
			}
		}
		if moved < len(counters)/3 {
			return fmt.Errorf("%d of %d so far", moved, len(counters))
		}
		return nil
	})

	t.Run("no counter has jumped back", func(t *testing.T) {
		var history map[string][]struct {
			State string `json:"s"`
		}
		h.assistant.command(t, "history/history_during_period", map[string]any{
			"start_time": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "entity_ids": slices.Collect(maps.Keys(counters)),
			"minimal_response": true, "no_attributes": true, "significant_changes_only": false,
		}, &history)
		require.NotEmpty(t, history)
		for id, states := range history {
			last := -1.0
			for _, s := range states {
				var v float64
				if _, err := fmt.Sscan(s.State, &v); err != nil {
					continue // unavailable meanwhile
				}
				assert.GreaterOrEqual(t, v, last, "%s of %s", id, counters[id])
				last = v
			}
		}
	})
	t.Run("nothing is wrong with any", func(t *testing.T) {
		var problems map[string]any
		h.assistant.command(t, "recorder/validate_statistics", nil, &problems)
		assert.Empty(t, problems)
	})
	for _, complaint := range h.assistant.complaints(t, mark) { // its MQTT client tells of the broker's restart
		assert.NotRegexp(t, `\[homeassistant\.components\.(sensor|recorder|history|mqtt\.(sensor|mixins|entity|discovery))`, complaint)
	}
}

// countersOf are the counters that Home Assistant knows.
func countersOf(t testing.TB, h *home, counters map[string]announced) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for id, state := range h.assistant.states(t) {
		if _, counts := counters[id]; counts && isNumber(state) {
			var v float64
			_, _ = fmt.Sscan(state.State, &v)
			values[id] = v
		}
	}
	return values
}
