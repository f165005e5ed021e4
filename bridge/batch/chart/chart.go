package chart

import (
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

// Chart collects rows and what was found at each, in the order of their times.
type Chart struct {
	title  string
	points []point
}

// point is a row with what was found; NaN for what is unknown. Gravities are SG, times hours since the first row.
type point struct {
	hours                      float64
	at                         time.Time
	gravity, filtered          float64
	temperature                float64
	stage                      batch.Stage
	disturbed                  bool
	batch                      string
	earliest, expected, latest float64
}

// New is an empty chart.
func New(title string) *Chart { return &Chart{title: title} }

// Add adds a row and what was found at it.
func (c *Chart) Add(r batch.Row, f batch.Findings) {
	first := r.At
	if len(c.points) > 0 {
		first = c.points[0].at
	}
	hours := func(t time.Time) float64 { return t.Sub(first).Hours() }
	m := point{
		hours: hours(r.At), at: r.At, gravity: value(r.Gravity), filtered: value(f.Gravity), temperature: value(r.Temperature),
		stage: f.Stage, disturbed: f.Disturbed, earliest: math.NaN(), expected: math.NaN(), latest: math.NaN(),
	}
	if f.Batch != nil {
		m.batch = f.Batch.ID
	}
	if f.Forecast != nil {
		m.earliest, m.expected, m.latest = hours(f.Forecast.Earliest), hours(f.Forecast.Expected), hours(f.Forecast.Latest)
	}
	c.points = append(c.points, m)
}

func value(v *float64) float64 {
	if v == nil || math.IsInf(*v, 0) {
		return math.NaN()
	}
	return *v
}

// span is the range of some values; ok is false without any.
func span(points []point, get func(point) float64) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, m := range points {
		if v := get(m); !math.IsNaN(v) {
			low, high, ok = min(low, v), max(high, v), true
		}
	}
	return low, high, ok
}

// axis maps values to a place on the picture.
type axis struct {
	low, high float64 // values
	from, to  float64 // places of them
}

func (a axis) place(v float64) float64 {
	if a.high <= a.low {
		return (a.from + a.to) / 2
	}
	return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from)
}

// ticks are round values on an axis, about so many.
func (a axis) ticks(about float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10(max(a.high-a.low, 1e-9)/about)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (a.high-a.low)/(step*m) <= about {
			step *= m
			break
		}
	}
	var out []float64
	for v := math.Ceil(a.low/step-1e-9) * step; v <= a.high+step*1e-9 && len(out) < 50; v += step {
		out = append(out, v)
	}
	return out
}
