package raptsim_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// TestTheMeasuredReportingIsThatOfTheMeasuredPill holds 40 days against what was seen of a Pill.
func TestTheMeasuredReportingIsThatOfTheMeasuredPill(t *testing.T) {
	clock := newHand()
	const past = 40 * 24 * time.Hour
	c := New(Options{Now: clock.now, Telemetry: Telemetry{Past: past}, Devices: []DeviceSpec{{
		Family: Hydrometer, ID: lone, Name: "Pill", ReportEvery: 15 * time.Minute, Reporting: Measured, Sensor: Pill, TimeDigits: 7,
	}}})
	a := newCaller(t, c)
	rows := a.array("Hydrometers/GetTelemetry", "hydrometerId", lone)
	times := createdOn(t, rows)
	var regular []float64
	missed, extras, same, byChance, kept, restarted := 0, 0, 0, 0, 0, 0
	alike := func(i, j int) bool {
		return rows[i]["gravity"] == rows[j]["gravity"] && rows[i]["temperature"] == rows[j]["temperature"]
	}
	oneInterval := func(d time.Duration) bool { return d > 904*time.Second && d < 912500*time.Millisecond }
	for last, i := 0, 1; i+1 < len(times); last, i = i, i+1 {
		switch d := times[i].Sub(times[last]); {
		case oneInterval(d):
			regular = append(regular, d.Seconds())
			if alike(i, last) {
				byChance++
			}
		case d > 1800*time.Second && d < 1830*time.Second:
			missed++
		case d < 800*time.Second: // an extra one
			extras++
			if alike(i, last) {
				same++
			}
			switch {
			case oneInterval(times[i+1].Sub(times[last])):
				kept++
				i++
			case oneInterval(times[i+1].Sub(times[i])):
				restarted++
			}
		}
	}
	slices.Sort(regular)
	n := float64(len(regular))
	require.Greater(t, n, 3000.0)
	assert.InDelta(t, 905.9, regular[len(regular)/2], 0.7, "median")
	mean, square := 0.0, 0.0
	for _, d := range regular {
		mean, square = mean+d/n, square+d*d/n
	}
	assert.InDelta(t, 906.8, mean, 0.5)
	assert.InDelta(t, 2.3, math.Sqrt(square-mean*mean), 0.5)
	assert.InDelta(t, 904.7, regular[len(regular)/20], 0.6, "5 %")
	assert.InDelta(t, 911.3, regular[len(regular)*19/20], 0.6, "95 %")
	reports := past.Seconds() / 906.8
	assert.InDelta(t, 0.036, float64(missed)/reports, 0.012)
	assert.InDelta(t, 0.067, float64(extras)/reports, 0.015)
	assert.InDelta(t, 0.019, float64(byChance)/n, 0.012, "identical values are no proof of a re-sent reading")
	assert.InDelta(t, 34.0/78, float64(same)/float64(extras), 0.1, "the same reading with a new time")
	assert.InDelta(t, 47.0/78, float64(kept)/float64(kept+restarted), 0.1)
	assert.InDelta(t, extras, kept+restarted, 0.1*float64(extras))
}
