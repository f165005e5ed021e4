package batch

import (
	"math"
	"slices"
)

// sample is a reading with its time in hours from some origin and its gravity in points.
type sample struct{ t, p float64 }

// line is a straight line through samples, at the origin of their times.
type line struct {
	level float64 // points
	slope float64 // points an hour; unknown with less than two times
	se    float64 // standard error of the slope
}

// tukey is the distance, in standard deviations, from which a reading has no weight: the usual constant of the biweight,
// which costs 5 % of efficiency when all readings are good.
const tukey = 4.685

// gross is, in points, what the first fit allows besides the spread of the readings.
const gross = 2.5

// fitLine is the line through samples that outliers don't bend: least squares, weighted again and again with Tukey's
// biweight of the residuals (Beaton and Tukey 1974). Where kernel is above zero, a sample at that many hours from the
// origin has no weight and nearer ones the more (Epanechnikov). noise is the least standard deviation of the residuals
// in points; scratch is reused.
func fitLine(samples []sample, kernel, noise float64, scratch *[]float64) line {
	l := line{level: unknown, slope: 0, se: unknown}
	r := (*scratch)[:0]
	for _, s := range samples {
		r = append(r, s.p)
	}
	*scratch = r
	l.level = median(r)
	if !known(l.level) {
		return l
	}
	scale := gross + spread(samples, l, scratch) // a first look leaves out only what no beer can have
	slope := unknown
	for round := range 5 {
		var sw, st, sp, stt, stp float64
		for _, s := range samples {
			w := 1.0
			if kernel > 0 {
				w = max(1-(s.t/kernel)*(s.t/kernel), 0)
			}
			u := (s.p - l.level - l.slope*s.t) / (tukey * scale)
			if round > 0 {
				w *= biweight(u)
			} else if u < -1 || u > 1 {
				w = 0
			}
			sw += w
			st += w * s.t
			sp += w * s.p
			stt += w * s.t * s.t
			stp += w * s.t * s.p
		}
		det := sw*stt - st*st
		if sw <= 0 || det <= 1e-9*sw*sw {
			break
		}
		slope = (sw*stp - st*sp) / det
		l.slope = slope
		l.level = (sp - l.slope*st) / sw
		scale = max(noise, spread(samples, l, scratch))
		l.se = scale * math.Sqrt(sw/det)
	}
	l.slope = slope
	return l
}

func biweight(u float64) float64 {
	if u <= -1 || u >= 1 {
		return 0
	}
	return (1 - u*u) * (1 - u*u)
}

// spread is the standard deviation of the residuals, from their median, as for a normal distribution.
func spread(samples []sample, l line, scratch *[]float64) float64 {
	r := (*scratch)[:0]
	for _, s := range samples {
		r = append(r, math.Abs(s.p-l.level-l.slope*s.t))
	}
	*scratch = r
	return 1.4826 * median(r)
}

// median is the middle of values, which it reorders; NaN without any.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	upper := nth(values, n/2)
	if n%2 == 1 {
		return upper
	}
	return (slices.Max(values[:n/2]) + upper) / 2
}

// nth is the value that would be at index k if values were sorted; it puts no greater ones before it (Hoare's selection).
func nth(values []float64, k int) float64 {
	low, high := 0, len(values)-1
	for low < high {
		pivot := values[(low+high)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return values[k]
		}
	}
	return values[k]
}

// noise is the standard deviation of single readings in points: how far each is from the line between its neighbours,
// which a steady fall does not change.
func noise(samples []sample, scratch *[]float64) float64 {
	r := (*scratch)[:0]
	for i := 1; i+1 < len(samples); i++ {
		a, b, c := samples[i-1], samples[i], samples[i+1]
		f := (b.t - a.t) / (c.t - a.t)
		r = append(r, math.Abs(b.p-a.p-f*(c.p-a.p))/math.Sqrt(1+f*f+(1-f)*(1-f)))
	}
	*scratch = r
	if len(r) < 4 {
		return usualNoise
	}
	return max(minNoise, 1.4826*median(r))
}

const (
	// minNoise is the least noise in points that is believed: a fine probe's, or the resolution of a coarse one.
	minNoise = 0.1
	// usualNoise is assumed until enough readings tell.
	usualNoise = 0.3
)
