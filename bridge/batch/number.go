package batch

import "math"

// unknown is a number that isn't known; it never leaves the package.
var unknown = math.NaN()

func known(v float64) bool { return !math.IsNaN(v) }

// firstKnown is the first of values that is known, or unknown.
func firstKnown(values ...float64) float64 {
	for _, v := range values {
		if known(v) {
			return v
		}
	}
	return unknown
}

// number is what convert makes of *v; unknown without v.
func number(v *float64, convert func(float64) float64) float64 {
	if v == nil {
		return unknown
	}
	return convert(*v)
}

// inPoints is an SG in points, thousandths above 1.
func inPoints(sg float64) float64 { return (sg - 1) * 1000 }

// inSG is a number of points in SG.
func inSG(points float64) float64 { return 1 + points/1000 }

// rounded is v to so many decimals, for those who read it; nil when it is unknown.
func rounded(v float64, decimals int) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	scale := math.Pow10(decimals)
	r := math.Round(v*scale) / scale
	return &r
}
