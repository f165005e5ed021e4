package device

import (
	"encoding/json"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Saved is what an earlier run knew of a device, from its retained state document.
type Saved struct {
	LastActivity time.Time // on the cloud's clock; zero for none
	Derived
}

// longestInterval is the longest reporting interval that is believed: the contract's telemetry frequency ends before it.
const longestInterval = 31 * 24 * time.Hour

// ParseSaved reads a state document. What can't be read or can't be true is left out: anybody may have written it.
func ParseSaved(payload []byte) Saved {
	var doc struct {
		LastActivity *time.Time `json:"last_activity"`
		Expected     *time.Time `json:"next_reading_expected"`
		Interval     *float64   `json:"reporting_interval"`
		Heating      *bool      `json:"heating_active"`
		Cooling      *bool      `json:"cooling_active"`
	}
	var d Saved
	if json.Unmarshal(payload, &doc) != nil {
		return d
	}
	if doc.LastActivity != nil {
		d.LastActivity = *doc.LastActivity
	}
	if doc.Expected != nil {
		d.Expected = *doc.Expected
	}
	if doc.Interval != nil && *doc.Interval >= 1 && *doc.Interval < longestInterval.Seconds() {
		d.Interval = time.Duration(*doc.Interval * float64(time.Second))
	}
	if doc.Heating != nil {
		d.Heating = raptclient.Some(*doc.Heating)
	}
	if doc.Cooling != nil {
		d.Cooling = raptclient.Some(*doc.Cooling)
	}
	return d
}
