package batch

import (
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// Forecast is when the beer will be within one point of its final gravity: a window of 80 % and the middle of what is
// expected.
type Forecast struct {
	Earliest, Expected, Latest time.Time
}

// The forecast fits the integrated Monod law, by which yeast slows down as its sugar runs out:
//
//	t = a + b (S0 - S) + c ln(S0 / S)
//
// S is the gravity above the final one, b = 1/k the time a point takes while there is plenty, c = Ks/k what the scarcity
// costs. It is linear in a, b and c, so that a fit needs no start values and no random numbers; the final gravity is
// taken from a grid and weighed by its prior and the fit.
const (
	heaviestBeer = 80  // points
	shown        = 0.6 // share of the expected drop before which nothing is worth showing
	fromShare    = 0.3 // share of the expected drop until which yeast grows: the law does not hold before
	knots        = 96
	gridFrom     = 0.50 // apparent attenuations
	gridTo       = 1.15
	gridStep     = 0.01
	endAbove     = 1.0 // points above the final gravity, where a fermentation has ended

	usualScarcity   = 4.0 // Ks in points, of beers
	usualScarcitySD = 3.0
	knotNoise       = 0.3 // points: what the law leaves unexplained of a good fermentation
	correlation     = 6.0 // hours within which what it leaves is alike
	furthest        = 45 * 24.0
)

// forecast is when the fermentation ends, nil when that is not worth saying, and the final gravity in SG.
func (b *batch) forecast(s points, l *level, now time.Time) (*Forecast, *float64) {
	og := b.level()
	if !known(og) {
		return nil, gravityOut(b.details.finalGravity())
	}
	expected := b.expectedFinal()
	if !known(b.details.finalGravity()) && b.lastGravity < expected {
		expected = b.lastGravity // it is there already
	}
	final := gravityOut(expected)
	switch {
	case b.stage == StageComplete || b.stage == StageColdCrash && b.completed != 0:
		return nil, gravityOut(min(b.stoodAt, b.lastGravity))
	case !b.stage.fermenting() || b.stuck || l.disturbed(now.Unix()) || !known(b.lastGravity) || !known(b.originalGravity()):
		return nil, final
	case og-b.lastGravity < shown*(og-b.leastExpected()) || b.temperature.cooled() || b.heavy():
		return nil, final
	}
	k := b.knots(s, l)
	if len(k) < 6 {
		return nil, final
	}
	m := fitMonod(k, og, b.lastGravity, b.priorFinal(og))
	elapsed := float64(now.Unix()-l.last) / hour
	earliest, expected, latest, fg, ok := m.window(elapsed)
	if !ok {
		return nil, final
	}
	at := func(h float64) time.Time {
		return unix(l.last).Add(time.Duration(h * float64(time.Hour))).Truncate(time.Minute)
	}
	return &Forecast{times.Latest(at(earliest), now), times.Latest(at(expected), now), times.Latest(at(latest), now)}, gravityOut(fg)
}

// leastExpected is the final gravity of the drop that three in four batches reach.
func (b *batch) leastExpected() float64 {
	const quartile = 0.674 // of a normal distribution, in standard deviations
	return firstKnown(b.details.finalGravity(), b.level()*(1-b.attenuation()+quartile*b.attenuationSD()))
}

// heavy is whether it is wine, mead or mash as far as anybody said: they end in a tail of days that nothing predicts, and
// every law is days early.
func (b *batch) heavy() bool {
	return b.top() > heaviestBeer && !known(b.details.finalGravity()) && !known(b.details.attenuation)
}

// priorFinal is how probable a final gravity is, in points, before the readings tell: its logarithm.
func (b *batch) priorFinal(og float64) func(fg float64) float64 {
	if want := b.details.finalGravity(); known(want) {
		return func(fg float64) float64 { return -sq((fg-want)/2) / 2 }
	}
	mean, sd := b.attenuation(), b.attenuationSD()
	return func(fg float64) float64 { return -sq(((og-fg)/og-mean)/sd) / 2 }
}

func sq(v float64) float64 { return v * v }

// knots are the readings since the beer has fallen a little, as medians of equal times, in hours before the last.
func (b *batch) knots(s points, l *level) []sample {
	from := s.since(max(l.segment, b.fermentingSince-12*hour))
	top := b.level()
	below := top - fromShare*(top-b.expectedFinal())
	end := l.last
	var first int64 = -1
	for i := from; i < len(s); i++ {
		if s[i].known() && float64(s[i].gravity) < below && !l.isExcluded(s[i].at) {
			first = s[i].at
			break
		}
	}
	if first < 0 || end <= first {
		return nil
	}
	width := max(float64(end-first)/knots, hour)
	var out []sample
	var bin []float64
	var times float64
	last := -1
	flush := func() {
		if len(bin) > 0 {
			out = append(out, sample{times / float64(len(bin)), median(bin)})
		}
		bin, times = bin[:0], 0
	}
	for i := s.since(first); i < len(s) && s[i].at <= end; i++ {
		if !s[i].known() || l.isExcluded(s[i].at) {
			continue
		}
		n := int(float64(end-s[i].at) / width)
		if n != last {
			flush()
			last = n
		}
		bin = append(bin, float64(s[i].gravity))
		times += float64(s[i].at-end) / hour
	}
	flush()
	return out[max(len(out)-knots-2, 0):]
}

// outcome is the end for one final gravity.
type outcome struct{ final, weight, mean, sd float64 }

// monod is what the law says for every final gravity.
type monod struct{ outcomes []outcome }

// fitMonod fits the law to knots. The gravity has come down to now.
func fitMonod(k []sample, og, now float64, prior func(float64) float64) monod {
	var m monod
	span := k[len(k)-1].t - k[0].t
	independent := max(min(span/correlation, float64(len(k))), 3)
	best := math.Inf(-1)
	for a := gridFrom; a <= gridTo; a += gridStep {
		fg := og * (1 - a)
		if fg > now-0.3 {
			continue
		}
		o, misfit, ok := fitFinal(k, fg, independent)
		if !ok {
			continue
		}
		o.weight = prior(fg) - independent/2*math.Log(misfit)
		best = max(best, o.weight)
		m.outcomes = append(m.outcomes, o)
	}
	for i := range m.outcomes {
		m.outcomes[i].weight = math.Exp(m.outcomes[i].weight - best)
	}
	return m
}

// fitFinal is the end when the final gravity is fg, and how badly the law fits then: the mean square of what it leaves, in
// points, besides the noise that is there anyway.
func fitFinal(k []sample, fg, independent float64) (o outcome, misfit float64, ok bool) {
	top := k[0].p
	for _, v := range k {
		top = max(top, v.p)
	}
	top -= fg
	var left, scarce [knots + 2]float64 // S and ln(S0 / S) at the knots
	for i, v := range k {
		left[i] = max(v.p-fg, 0.2)
		scarce[i] = math.Log(top / left[i])
	}
	perPoint := (k[len(k)-1].t - k[0].t) / max(k[0].p-k[len(k)-1].p, 1)
	b, c := perPoint, perPoint
	misfit = sq(knotNoise)
	inflation := float64(len(k)) / independent
	var beta [3]float64
	var cov [3][3]float64
	for range 4 {
		m, v := equations(k, left[:len(k)], scarce[:len(k)], top, b, c)
		// what is known of beers: c = Ks b, give or take
		w := misfit * inflation / sq(usualScarcitySD*b)
		m[1][1] += w * sq(usualScarcity)
		m[1][2] -= w * usualScarcity
		m[2][1] -= w * usualScarcity
		m[2][2] += w
		if cov, ok = invert(m); !ok {
			return o, 0, false
		}
		for j := range beta {
			beta[j] = cov[j][0]*v[0] + cov[j][1]*v[1] + cov[j][2]*v[2]
		}
		b, c = max(beta[1], perPoint/10), max(beta[2], 0)
		misfit = 0
		for i := range k {
			misfit += sq((k[i].t - beta[0] - beta[1]*(top-left[i]) - beta[2]*scarce[i]) / (b + c/left[i]))
		}
		misfit = misfit/float64(len(k)) + sq(knotNoise)
	}
	x := [3]float64{1, top - endAbove, math.Log(top / endAbove)}
	variance := 0.0
	for i := range x {
		o.mean += x[i] * beta[i]
		for j := range x {
			variance += x[i] * cov[i][j] * x[j]
		}
	}
	o.final = fg
	o.sd = math.Sqrt(max(variance, 0) * misfit * inflation)
	return o, misfit, beta[1] >= 0 || beta[2] > 0
}

// equations are the normal equations of the law for knots with S left and ln(S0/S) scarce, by the rate that b and c give.
func equations(k []sample, left, scarce []float64, top, b, c float64) (m [3][3]float64, v [3]float64) {
	for i := range k {
		w := 1 / sq(b+c/left[i]) // (points an hour)²: residuals count as points
		x := [3]float64{1, top - left[i], scarce[i]}
		m[0][0] += w
		m[0][1] += w * x[1]
		m[0][2] += w * x[2]
		m[1][1] += w * x[1] * x[1]
		m[1][2] += w * x[1] * x[2]
		m[2][2] += w * x[2] * x[2]
		for j := range x {
			v[j] += w * x[j] * k[i].t
		}
	}
	m[1][0], m[2][0], m[2][1] = m[0][1], m[0][2], m[1][2]
	return m, v
}

// window is the 80 % window and the middle of the end, in hours from the last knot, given that it has not come after so
// many; and the final gravity. It is not ok when the end should have come.
func (m monod) window(elapsed float64) (earliest, expected, latest, final float64, ok bool) {
	below := func(h float64) float64 {
		p := 0.0
		for _, o := range m.outcomes {
			p += o.weight * normal((h-o.mean)/m.sd(o))
		}
		return p
	}
	total, fg := 0.0, 0.0
	for _, o := range m.outcomes {
		total += o.weight
		fg += o.weight * o.final
	}
	past := below(elapsed)
	if total <= 0 || (total-past)/total < 0.1 {
		return 0, 0, 0, 0, false
	}
	quantile := func(q float64) float64 {
		low, high := elapsed, furthest
		want := past + q*(total-past)
		for range 24 {
			if mid := (low + high) / 2; below(mid) < want {
				low = mid
			} else {
				high = mid
			}
		}
		return high
	}
	earliest, expected, latest = quantile(0.1), quantile(0.5), quantile(0.9)
	return earliest, expected, latest, fg / total, latest < furthest-1
}

func (m monod) sd(o outcome) float64 { return math.Sqrt(sq(o.sd) + sq(0.12*o.mean) + 3) }

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// invert is the inverse of a symmetric matrix.
func invert(m [3][3]float64) (r [3][3]float64, ok bool) {
	det := m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) + m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
	if !(math.Abs(det) > 1e-12*math.Abs(m[0][0]*m[1][1]*m[2][2])) {
		return r, false
	}
	for i := range 3 {
		for j := range 3 {
			a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
			r[j][i] = (m[a][c]*m[b][d] - m[a][d]*m[b][c]) / det
		}
	}
	return r, true
}
