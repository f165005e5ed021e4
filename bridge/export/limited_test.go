package export

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestAnExportIsSilentAfter429 for as long as the cloud says, and a minute at the least; and it says until when.
func TestAnExportIsSilentAfter429(t *testing.T) {
	for name, c := range map[string]struct {
		path        string
		retryAfter  time.Duration
		least, most time.Duration
	}{
		"half an hour":   {"/api/Hydrometers/GetTelemetry", 30 * time.Minute, 30 * time.Minute, 31 * time.Minute},
		"of the sign-in": {"/connect/token", 30 * time.Minute, 30 * time.Minute, 31 * time.Minute},
		"a second":       {"/api/Hydrometers/GetTelemetry", time.Second, time.Minute, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, s := cloudOf(t, raptsim.Options{Telemetry: raptsim.Telemetry{Past: 24 * time.Hour}})
				var untils []time.Time
				s.Limited = func(until time.Time) { untils = append(untils, until) }
				begin := time.Now()
				cloud.Inject(raptsim.Fault{Path: c.path, LimitRate: true, RetryAfter: c.retryAfter, Times: 1})
				s.all(t, begin.AddDate(0, 0, -1), begin)
				assert.Len(t, untils, 1)
				var refused time.Time
				for _, r := range cloud.Requests() {
					if !refused.IsZero() {
						assert.GreaterOrEqual(t, r.At.Sub(refused), c.least)
						assert.LessOrEqual(t, r.At.Sub(refused), c.most)
						assert.WithinDuration(t, untils[0], r.At, time.Second)
						return
					}
					if r.Status == 429 {
						refused = r.At
					}
				}
				t.Error("nothing was asked again")
			})
		})
	}
}
