package batch_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// beer is a made-up fermentation: a lag, growth, and Monod's law until the sugar is gone. Gravities are points.
type beer struct {
	og, fg      float64
	lag         float64 // hours
	fastest     float64 // points a day
	scarcity    float64 // Ks, points
	tail        float64 // points of the drop that ferment at a tenth of the speed
	temperature float64 // °C
}

var paleAle = beer{og: 50, fg: 11, lag: 12, fastest: 18, scarcity: 3, temperature: 19.5}

// noise is a device's.
type noise struct {
	sd, resolution float64 // points
	dips           float64 // share of readings that bubbles lift
	every          time.Duration
}

var (
	pill  = noise{sd: 0.19, resolution: 0.1, every: 15 * time.Minute}
	tilt  = noise{sd: 1, resolution: 1, dips: 0.0125, every: 15 * time.Minute}
	clean = noise{resolution: 0.01, every: 15 * time.Minute}
)

// curve is the gravity at each quarter of an hour.
func (b beer) curve(days float64) []float64 {
	const step = 0.25 // hours
	g := b.og
	rest := b.fg
	var out []float64
	for t := 0.0; t < days*24; t += step {
		out = append(out, g)
		if t < b.lag {
			continue
		}
		grown := 1 - math.Exp(-(t-b.lag)/8)
		s := max(g-rest, 0)
		speed := b.fastest / 24
		if b.tail > 0 && s < b.tail {
			speed /= 10
		}
		g -= grown * speed * step * s / (b.scarcity + s)
	}
	return out
}

// end is how many hours after the begin the gravity is within a point of the final one.
func (b beer) end() float64 {
	for i, g := range b.curve(60) {
		if g <= b.fg+1 {
			return float64(i) / 4
		}
	}
	return math.NaN()
}

// rows are what a device reports of the beer. event changes a reading, by hours since the begin; nil leaves all.
func (b beer) rows(days float64, n noise, event func(h float64, r *batch.Row) bool) []batch.Row {
	rng := rand.New(rand.NewPCG(7, uint64(b.og*10)))
	curve := b.curve(days)
	var rows []batch.Row
	for at := time.Duration(0); at < time.Duration(days*24)*time.Hour; at += n.every {
		h := at.Hours()
		g := curve[min(int(h*4), len(curve)-1)]
		calm := 1.0 // a beer without bubbles moves a device less
		if g < b.fg+1 {
			calm = 0.45
		}
		g += calm * n.sd * rng.NormFloat64()
		if calm == 1 && rng.Float64() < n.dips {
			g -= 3 + 3*rng.ExpFloat64()
		}
		g = math.Round(g/n.resolution) * n.resolution
		r := batch.Row{At: begin.Add(at), Gravity: ptr(1 + g/1000), Temperature: ptr(b.temperature + 0.2*math.Sin(h/3))}
		if event == nil || event(h, &r) {
			rows = append(rows, r)
		}
	}
	return rows
}

func ptr[T any](v T) *T { return &v }

// lift raises a reading by points.
func lift(r *batch.Row, points float64) { *r.Gravity += points / 1000 }

// moment is a row with what was found at it.
type moment struct {
	hours float64
	row   batch.Row
	batch.Findings
}

// follow feeds the rows one by one.
func follow(a *batch.Analysis, rows []batch.Row) []moment {
	var out []moment
	for _, r := range rows {
		a.Add(r)
		out = append(out, moment{r.At.Sub(begin).Hours(), r, a.Findings(r.At)})
	}
	return out
}

// at is the moment at some hours.
func at(all []moment, hours float64) moment {
	best := all[0]
	for _, m := range all {
		if m.hours <= hours {
			best = m
		}
	}
	return best
}

// first is at how many hours something is so for the first time; NaN when it never is.
func first(all []moment, is func(moment) bool) float64 {
	for _, m := range all {
		if is(m) {
			return m.hours
		}
	}
	return math.NaN()
}

func stageIs(s batch.Stage) func(moment) bool { return func(m moment) bool { return m.Stage == s } }
