package device

import "github.com/rapt-bridge/rapt-bridge/raptclient"

// within is v where it can be true, else unknown.
func within(v float, low, high float64) float {
	if !v.Valid || !(v.V >= low && v.V <= high) {
		return float{}
	}
	return v
}

// celsius accepts what a brewery's sensor can measure. Beyond it lie the readings of a broken or missing one.
func celsius(v float) float { return within(v, -50, 200) }

func percent(v float) float { return within(v, 0, 100) }

func counter(v float) float { return within(v, 0, 1e12) }

// asShown takes every number.
func asShown(v float) float { return v }

// whole is an integer of the API as a number.
func whole(v raptclient.Null[int]) float { return float{V: float64(v.V), Valid: v.Valid} }

// specificGravity brings the API's SG x 1000 to SG. Out of liquid a hydrometer's gravity spikes: only 0.900 to 1.200
// is a plausible reading (observed).
func specificGravity(v float) float {
	return within(float{V: v.V / 1000, Valid: v.Valid}, 0.9, 1.2)
}

// sessionGravity is the same for a profile's original and final gravity, whose scale is not known: SG is taken too.
func sessionGravity(v float) float {
	if sg := within(v, 0.9, 1.2); sg.Valid {
		return sg
	}
	return specificGravity(v)
}

// plato is the extract in °P for a gravity in SG, by the usual cubic.
func plato(sg float) float {
	if !sg.Valid {
		return float{}
	}
	s := sg.V
	return raptclient.Some(135.997*s*s*s - 630.272*s*s + 1111.14*s - 616.868)
}
