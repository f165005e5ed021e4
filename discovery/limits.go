package discovery

import "math"

// No brewing vessel goes beyond these, °C: limits outside them are taken for a device that says none.
const plausibleMin, plausibleMax = -50, 150

// Limits returns the least and the greatest value that a command for key may have, both included, in the unit of the
// key's entity. They are the ones that Home Assistant shows. ok is false for a key that takes no number.
//
// The target temperature has the device's own limits where it says both or one of them, else its family's.
func Limits(d Device, key string) (min, max float64, ok bool) {
	for _, e := range rows[d.Family] {
		if e.Key == key && e.Commandable && e.numeric() {
			min, max = e.limits(d)
			return min, max, true
		}
	}
	return 0, 0, false
}

func (e Entity) numeric() bool { return e.Step > 0 }

// limits are the row's, or for what sets the target the device's.
func (e Entity) limits(d Device) (min, max float64) {
	if e.Key != "target_temperature" && e.Platform != Climate {
		return e.Min, e.Max
	}
	if d.MinTarget == 0 && d.MaxTarget == 0 {
		return e.Min, e.Max
	}
	min, max = e.Min, e.Max
	if plausible(d.MinTarget) {
		min = d.MinTarget
	}
	if plausible(d.MaxTarget) {
		max = d.MaxTarget
	}
	if min >= max {
		return e.Min, e.Max
	}
	return min, max
}

// plausible is false for NaN and the infinities too.
func plausible(celsius float64) bool {
	return !math.IsNaN(celsius) && celsius >= plausibleMin && celsius <= plausibleMax
}
