package batch_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/batch/chart"
)

var update = flag.Bool("update", false, "draw the README's chart of a batch anew")

const picture = "../../.github/pictures/batch-slow.svg"

// The README shows a made-up lager: cold and slow, stirred once, silent for a day, warmed for the diacetyl rest and crashed.
func TestPictureOfASlowBatchIsWhatTheAnalysisSays(t *testing.T) {
	lager := beer{og: 52, fg: 12, lag: 30, fastest: 6.5, scarcity: 5, temperature: 10}
	rows := lager.rows(17, noise{0.5, 0.1, 0.006, pill.every * 2}, func(h float64, r *batch.Row) bool {
		if h > 110 {
			lift(r, 6)
		}
		if h > 230 {
			*r.Temperature += min((h-230)/12, 4)
		}
		if h > 370 {
			*r.Temperature = max(*r.Temperature-1.2*(h-370), 1)
		}
		return h < 160 || h > 182
	})
	var a batch.Analysis
	c := chart.New("A slow lager, made up")
	for _, r := range rows {
		a.Add(r)
		c.Add(r, a.Findings(r.At))
	}
	if *update {
		require.NoError(t, os.WriteFile(picture, c.SVG(), 0o644))
	}
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	assert.True(t, string(c.SVG()) == string(drawn), "the chart is stale; run make golden and look at it")
}
