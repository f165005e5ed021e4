package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/batch/chart"
)

var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// wellFormed reads a picture as XML and checks that no number in it is unknown.
func wellFormed(t *testing.T, svg []byte) string {
	t.Helper()
	for dec := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	for _, word := range []string{"NaN", "Inf", "%!"} {
		require.NotContains(t, string(svg), word)
	}
	return string(svg)
}

func TestChartOfAFermentation(t *testing.T) {
	c := chart.New("Ale <& co>")
	for h := range 240 {
		at := begin.Add(time.Duration(h) * time.Hour)
		g := 1.050 - 0.039*min(float64(h)/120, 1)
		f := batch.Findings{Stage: batch.StageActive, Gravity: &g, Batch: &batch.Current{ID: "1"}, Disturbed: h > 20 && h < 30}
		switch {
		case h < 10:
			f.Stage = batch.StageLag
		case h > 70 && h < 120:
			f.Forecast = &batch.Forecast{Earliest: begin.Add(100 * time.Hour), Expected: begin.Add(120 * time.Hour), Latest: begin.Add(150 * time.Hour)}
		case h > 140:
			f.Stage = batch.StageComplete
		}
		c.Add(batch.Row{At: at, Gravity: ptr(g + 0.001), Temperature: ptr(19.5)}, f)
	}
	svg := wellFormed(t, c.SVG())
	assert.Contains(t, svg, "Ale &lt;&amp; co&gt;")
	for _, word := range []string{">lag<", ">active<", ">complete<", "Mar 5", "1.030", "<polygon", "disturbed"} {
		assert.Contains(t, svg, word)
	}
	assert.NotContains(t, svg, "cold crash")
}

func TestChartOfLittle(t *testing.T) {
	assert.Contains(t, wellFormed(t, chart.New("nothing").SVG()), "no readings")

	one := chart.New("one")
	one.Add(batch.Row{At: begin}, batch.Findings{Stage: batch.StageNone})
	assert.Contains(t, wellFormed(t, one.SVG()), "no temperatures")

	odd := chart.New("odd")
	for i, g := range []float64{math.NaN(), math.Inf(1), -616, 1.05} {
		odd.Add(batch.Row{At: begin.Add(time.Duration(i) * 3000 * time.Hour), Gravity: ptr(g), Temperature: ptr(g)}, batch.Findings{Stage: "new"})
	}
	wellFormed(t, odd.SVG())
}

func TestChartOfManyRowsStaysSmall(t *testing.T) {
	c := chart.New("many")
	for i := range 50_000 {
		c.Add(batch.Row{At: begin.Add(time.Duration(i) * time.Minute), Gravity: ptr(1.050 + 0.001*float64(i%3))}, batch.Findings{Gravity: ptr(1.050)})
	}
	assert.Less(t, len(c.SVG()), 1<<20)
}
