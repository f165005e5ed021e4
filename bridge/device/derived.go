package device

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Derived is what is known of a device beyond its newest reading.
type Derived struct {
	Interval time.Duration // from reading to reading; 0 while unknown
	Expected time.Time     // when the next reading should show; zero while unknown
	// Heating and Cooling say whether the run-time counters advanced between the last two readings.
	Heating, Cooling raptclient.Null[bool]
}

// Compare works out what changed from one reading of a device to the next: whether it heated or cooled shows in run-time
// counters that advanced.
func (d *Derived) Compare(before, now Reading) {
	f := now.family
	if f.heatingCounter == "" {
		return
	}
	d.Heating = advanced(before.number(f.heatingCounter), now.number(f.heatingCounter))
	d.Cooling = advanced(before.number(f.coolingCounter), now.number(f.coolingCounter))
}

// advanced reports whether a counter ran; unknown without both values or when it was reset.
func advanced(before, now float) boolean {
	if !before.Valid || !now.Valid || now.V < before.V {
		return boolean{}
	}
	return raptclient.Some(now.V > before.V)
}
