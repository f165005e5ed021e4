package discovery

import (
	"fmt"
	"math"
	"strings"
)

// No brewing vessel goes beyond these, °C: limits outside them are taken for a device that says none.
const plausibleMin, plausibleMax = -50, 150

// Limits returns the least and the greatest value that a command for key may have, both included, in the unit of the
// key's entity. They are the ones that Home Assistant shows. ok is false for a key that takes no number.
//
// The target temperature has the device's own limits where it says both or one of them, else its family's.
func Limits(d Device, key string) (min, max float64, ok bool) {
	e, ok := limited(d.Family, key)
	if ok {
		min, max = e.limits(d)
	}
	return min, max, ok
}

// CheckLimits refuses a number that is outside the limits of a command, and says them with their unit. A key that takes no
// number has none.
func CheckLimits(d Device, key string, n float64) error {
	e, ok := limited(d.Family, key)
	if !ok {
		return nil
	}
	low, high := e.limits(d)
	if n >= low && n <= high {
		return nil
	}
	return fmt.Errorf("%v is outside %s, the limits of %s", n, strings.TrimSpace(fmt.Sprintf("%v to %v %s", low, high, e.Unit)), key)
}

// limited is the row of a key that takes a number.
func limited(f Family, key string) (Entity, bool) {
	for _, e := range rows[f] {
		if e.Key == key && e.Commandable && e.numeric() {
			return e, true
		}
	}
	return Entity{}, false
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
