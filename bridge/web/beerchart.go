package web

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// The space of a hydrometer's chart in the units of its drawing: the gravity above, the temperatures below.
const (
	beerWidth, beerHeight     = 600, 200
	gravityTop, gravityBottom = 4, 124
	warmthTop, warmthBottom   = 140, 196

	leastGravitySpan = 0.004    // SG, so that noise stays small
	leastWarmthSpan  = 2        // °C
	lineBreaks       = 6 * 3600 // seconds without a reading
	finest           = 2        // units from point to point
)

// beerChart is the gravity and the temperatures of a hydrometer over one time axis.
type beerChart struct {
	Gravity, Temperature, Target []string // points of the lines
	From                         *timestamp
	GravityRange, WarmthRange    string // in words; empty where there is no line
	Days                         []int  // where days begin
}

// newBeerChart draws the batch from its begin, or the last days; nil where there is nothing to draw.
func newBeerChart(d *DeviceStatus, now time.Time) *beerChart {
	from := now.Add(-recent)
	if d.Batch != nil && !d.Batch.Began.IsZero() {
		from = d.Batch.Began
	}
	points := d.Curve.since(from)
	if len(points) < 3 {
		return nil
	}
	began, end := points[0].at, max(points[len(points)-1].at, now.Unix())
	c := &beerChart{From: clocked(time.Unix(began, 0))}
	x := func(at int64) int { return int((at - began) * beerWidth / max(end-began, 1)) }
	gravity := func(p Point) float64 { return float64(p.gravity) }
	temperature := func(p Point) float64 { return float64(p.temperature) }
	target := func(p Point) float64 { return float64(p.target) }

	if low, high, ok := spread(points, leastGravitySpan, gravity); ok {
		c.Gravity = lines(points, x, gravity, scale{low, high, gravityTop, gravityBottom})
		c.GravityRange = rangeOf(points, gravity, 4, "")
	}
	if low, high, ok := spread(points, leastWarmthSpan, temperature, target); ok {
		s := scale{low, high, warmthTop, warmthBottom}
		c.Temperature, c.Target = lines(points, x, temperature, s), lines(points, x, target, s)
		c.WarmthRange = rangeOf(points, temperature, 1, " °C")
	}
	if c.Gravity == nil && c.Temperature == nil {
		return nil
	}
	const day = 24 * 60 * 60
	if days := (end - began) / day; days >= 1 && days <= 14 {
		for at := began + day; at < end; at += day {
			c.Days = append(c.Days, x(at))
		}
	}
	return c
}

// Label says in words what the chart shows.
func (c *beerChart) Label() string {
	text := "Chart since " + c.From.Clock
	if c.GravityRange != "" {
		text += "; gravity " + c.GravityRange
	}
	if c.WarmthRange != "" {
		text += "; temperature " + c.WarmthRange
	}
	return text
}

// scale is where values are drawn.
type scale struct {
	low, high   float64
	top, bottom int
}

func (s scale) y(v float64) float64 {
	return float64(s.bottom) - (v-s.low)/(s.high-s.low)*float64(s.bottom-s.top)
}

// spread is the least and the greatest value, apart by the least span; false where there is none.
func spread(points Curve, least float64, values ...func(Point) float64) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		for _, value := range values {
			if v := value(p); !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return 0, 0, false
	}
	if more := least - (high - low); more > 0 {
		low, high = low-more/2, high+more/2
	}
	return low, high, true
}

// lines are the points of a line, broken where readings are missing.
func lines(points Curve, x func(int64) int, value func(Point) float64, s scale) (out []string) {
	var line []byte
	drawn, at, n := 0, int64(0), 0
	end := func() {
		if n > 1 {
			out = append(out, string(line))
		}
		line, n = line[:0], 0
	}
	for i, p := range points {
		v := value(p)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		if n > 0 && p.at-at > lineBreaks {
			end()
		}
		at = p.at
		if n > 0 && x(p.at)-drawn < finest && i < len(points)-1 {
			continue
		}
		if drawn = x(p.at); n > 0 {
			line = append(line, ' ')
		}
		line = strconv.AppendInt(line, int64(drawn), 10)
		line = append(line, ',')
		line = strconv.AppendFloat(line, s.y(v), 'f', 1, 64)
		n++
	}
	end()
	return out
}

// rangeOf is from which to which value the points go.
func rangeOf(points Curve, value func(Point) float64, digits int, unit string) string {
	low, high, ok := spread(points, 0, value)
	if !ok {
		return ""
	}
	if from, to := strconv.FormatFloat(low, 'f', digits, 64), strconv.FormatFloat(high, 'f', digits, 64); from != to {
		return fmt.Sprintf("%s to %s%s", from, to, unit)
	}
	return strconv.FormatFloat(low, 'f', digits, 64) + unit
}
