package device

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func TestTheLearnedRhythmIsReadWhateverItsForm(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for payload, want := range map[string]Saved{
		`{"last_activity":"2026-11-22T12:00:00Z","reporting_interval":900,"next_reading_expected":"2026-11-22T12:15:04Z"}`: {LastActivity: at, Derived: Derived{Expected: at.Add(15*time.Minute + 4*time.Second), Interval: 15 * time.Minute}},
		`{"last_activity":null,"reporting_interval":null,"next_reading_expected":null}`:                                    {},
		`{"heating_active":true,"cooling_active":false}`:                                                                   {Derived: Derived{Heating: raptclient.Some(true), Cooling: raptclient.Some(false)}},
		`{"name":"Kettle\n2"}`:         {Name: "Kettle 2"},
		`{"heating_active":1}`:         {},
		`{"reporting_interval":-5}`:    {},
		`{"reporting_interval":1e300}`: {},
		`{"reporting_interval":"900"}`: {},
		`[]`:                           {},
		``:                             {},
	} {
		assert.Equal(t, want, ParseSaved([]byte(payload)), payload)
	}
}
