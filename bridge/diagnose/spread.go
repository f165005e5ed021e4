package diagnose

import (
	"math"
	"slices"
)

// Spread says how values are distributed, in seconds, rounded to a hundredth.
type Spread struct {
	Count    int     `json:"count"`
	Least    float64 `json:"least"`
	P10      float64 `json:"p10"`
	Median   float64 `json:"median"`
	P90      float64 `json:"p90"`
	Greatest float64 `json:"greatest"`
	Mean     float64 `json:"mean"`
	SD       float64 `json:"sd"`
}

// spreadOf is the spread of values; nil for none.
func spreadOf(values []float64) *Spread {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 { return hundredth(sorted[int(math.Round(q*float64(len(sorted)-1)))]) }
	sum, squares := 0.0, 0.0
	for _, v := range sorted {
		sum += v
	}
	mean := sum / float64(len(sorted))
	for _, v := range sorted {
		squares += (v - mean) * (v - mean)
	}
	sd := 0.0
	if len(sorted) > 1 {
		sd = math.Sqrt(squares / float64(len(sorted)-1))
	}
	return &Spread{len(sorted), at(0), at(0.1), at(0.5), at(0.9), at(1), hundredth(mean), hundredth(sd)}
}

func hundredth(v float64) float64 { return math.Round(v*100) / 100 }

func tenth(v float64) float64 { return math.Round(v*10) / 10 }
