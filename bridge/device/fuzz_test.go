package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// FuzzParseSaved reads any document that a broker may retain as a device's state.
func FuzzParseSaved(f *testing.F) {
	for _, payload := range []string{
		"", "null", "[]", `{"reporting_interval":1e-9}`, `{"reporting_interval":1e300}`, `{"reporting_interval":-1}`,
		`{"last_activity":"9999-12-31T23:59:59Z","next_reading_expected":"0001-01-01T00:00:01Z","reporting_interval":900,"heating_active":true,"cooling_active":null}`,
		`{"last_activity":5}`, `{"reporting_interval":"900"}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		saved := ParseSaved(payload)
		assert.GreaterOrEqual(t, saved.Interval, time.Duration(0))
		assert.LessOrEqual(t, saved.Interval, time.Duration(mostSeconds)*time.Second)
	})
}
