package device

import (
	"encoding/json"
	"time"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Saved is what an earlier run knew of a device, from its retained state document.
type Saved struct {
	Name         string    // empty for not known
	LastActivity time.Time // on the cloud's clock; zero for none
	Derived
}

// mostSeconds is what a time.Duration surely holds. Which intervals are believed, poll says.
const mostSeconds = 1e9

// ParseSaved reads a state document. What can't be read or can't be true is left out: anybody may have written it.
func ParseSaved(payload []byte) Saved {
	var doc struct {
		Name         *string    `json:"name"`
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
	if doc.Name != nil {
		d.Name = text.Line(*doc.Name, MaxText)
	}
	if doc.LastActivity != nil {
		d.LastActivity = *doc.LastActivity
	}
	if doc.Expected != nil {
		d.Expected = *doc.Expected
	}
	if doc.Interval != nil && *doc.Interval > 0 && *doc.Interval < mostSeconds {
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
