package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// Four beers in the middle of their fermentation, in the dashboard that the program prints for them: what the bridge found out of the
// cloud's rows, and the hours before Home Assistant knew of them.
func TestPictureOfABatch(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the dashboard and the batches have tests of their own")
	}
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	mark := h.assistant.mark(t)
	cloud := startCloud(t, t, raptsim.Options{
		Devices: raptsim.FermentingBrewery(), OneBatch: true, CommandDelay: -1, ReportLagMax: -1, Telemetry: raptsim.Telemetry{Past: 80 * time.Hour},
	})
	startBridge(t, t, cloud.account().with(h.withStatistics()))
	const lager = "sensor.lager_pill_"
	within(t, 2*patience, "the batches", func() error {
		states := h.assistant.states(t)
		for _, name := range []string{"lager_pill", "ipa_pill", "porter_pill", "mash_tilt"} {
			if stage := states["sensor."+name+"_stage"].State; stage != "active" {
				return fmt.Errorf("%s: %s", name, stage)
			}
		}
		if hours, _ := h.assistant.statistics(t, lager+"gravity"); len(hours) < 75 {
			return fmt.Errorf("%d hours of the gravity", len(hours))
		}
		if hours, _ := h.assistant.statistics(t, "sensor.lager_fridge_target_temperature"); len(hours) < 75 {
			return fmt.Errorf("%d hours of the target", len(hours))
		}
		if end := states[lager+"expected_end"]; end.State == "unknown" {
			return errors.New("no end")
		}
		return nil
	})
	run := startBridge(t, t, cloud.account().with(h.settings()), "dashboard")
	require.Zero(t, run.wait(t, patience), run.log())
	content := []byte(run.log())
	allThere(t, h, content)
	var words strings.Builder
	for _, template := range batchCards(t, content) {
		words.WriteString(h.assistant.render(t, template) + "\n")
	}
	assert.Contains(t, words.String(), "active, day 4")
	assert.Regexp(t, regexp.MustCompile(`Expected end: (Mon|Tue|Wed|Thu|Fri|Sat|Sun)`), words.String())
	assert.Regexp(t, regexp.MustCompile(`, step \d of \d`), words.String())
	h.assistant.addDashboard(t, "rapt-batches", content)
	browser := startChromium(t, t, h.network)
	for _, c := range []struct {
		name string
		view viewport
	}{
		{"dashboard-batch", desktop},
		{"dashboard-batch-dark", viewport{width: 1280, height: 900, scale: 1, dark: true}},
		{"dashboard-batch-phone", phone},
		{"dashboard-batch-phone-dark", viewport{width: 412, height: 915, scale: 2, phone: true, dark: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := browser.tab(t, c.view)
			h.assistant.signIn(t, tab)
			assert.Empty(t, h.assistant.shownWhole(t, tab, "/rapt-batches/fermentation", 4*8))
			text, err := visibleText(tab)
			require.NoError(t, err)
			assert.NotContains(t, text, "Unknown")
			t.Log(picture(t, tab, c.name))
		})
	}
	assert.Empty(t, h.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}
