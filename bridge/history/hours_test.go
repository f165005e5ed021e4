package history

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// number is a value of a row as the document has it.
func number(t *testing.T, row device.Telemetry, key string) float64 {
	t.Helper()
	for k, n := range row.Numbers {
		if k == key {
			return n
		}
	}
	require.Fail(t, "no "+key)
	return 0
}

func TestAnHourIsTheMeanWeightedByTime(t *testing.T) {
	rows := rowsOf(t, 6*time.Hour, 15*time.Minute)
	h := NewHours()
	for _, row := range rows {
		h.Add(pill, row)
	}
	hours := h.Made(pill, 15*time.Minute, func(_, to time.Time) bool { return to.After(rows[len(rows)-1].At) })
	require.GreaterOrEqual(t, len(hours), 4)
	for _, hour := range hours {
		assert.Equal(t, pill, hour.Ref)
		require.True(t, hour.Start.Equal(hour.Start.Truncate(time.Hour)))
		// The same by seconds, each of which has the value of the last row before it.
		var sum, least, greatest float64
		least, greatest = math.Inf(1), math.Inf(-1)
		for s := range 3600 {
			at := hour.Start.Add(time.Duration(s)*time.Second + 500*time.Millisecond)
			value := math.NaN()
			for _, row := range rows {
				if !row.At.After(at) {
					value = number(t, row, "gravity")
				}
			}
			sum, least, greatest = sum+value, min(least, value), max(greatest, value)
		}
		got := hour.Values["gravity"]
		assert.InDelta(t, sum/3600, got.Mean, 1e-6)
		assert.Equal(t, least, got.Min)
		assert.Equal(t, greatest, got.Max)
		assert.NotContains(t, hour.Values, "name")
	}
}

func TestAnHourComesOnceWhateverTheOrderOfItsRows(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	until := rows[len(rows)-1].At
	inOrder, reversed := NewHours(), NewHours()
	for i := range rows {
		inOrder.Add(pill, rows[i])
		reversed.Add(pill, rows[len(rows)-1-i])
	}
	open := func(_, to time.Time) bool { return to.After(until) }
	want := inOrder.Made(pill, 15*time.Minute, open)
	require.NotEmpty(t, want)
	assert.Equal(t, want, reversed.Made(pill, 15*time.Minute, open))
	assert.Empty(t, reversed.Made(pill, 15*time.Minute, open), "once")
	for _, row := range rows {
		reversed.Add(pill, row)
	}
	assert.Empty(t, reversed.Made(pill, 15*time.Minute, open), "rows that come again change nothing")
}

func TestAnHourWaitsForItsRows(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	h := NewHours()
	for _, row := range rows {
		h.Add(pill, row)
	}
	missing := Span{rows[8].At, rows[16].At}
	closed := h.Made(pill, 15*time.Minute, func(from, to time.Time) bool { return missing.From.Before(to) && missing.To.After(from) })
	for _, hour := range closed {
		assert.False(t, hour.Start.Before(missing.To) && hour.Start.Add(time.Hour).After(missing.From), hour.Start)
	}
	all := h.Made(pill, 15*time.Minute, func(_, to time.Time) bool { return to.After(rows[len(rows)-1].At) })
	assert.GreaterOrEqual(t, len(all), 2)
}

// One reading that was lost, and is asked for once more an hour later, holds back the hours that it may be in and no others.
func TestAnHourWaitsForNoRowBeforeTheOneThatHoldsIntoIt(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	until := rows[len(rows)-1].At
	all, lossy := NewHours(), NewHours()
	for i, row := range rows {
		if all.Add(pill, row); i != 20 {
			lossy.Add(pill, row)
		}
	}
	missing := Span{rows[19].At, rows[21].At}
	var want []time.Time
	for _, hour := range all.Made(pill, 15*time.Minute, func(_, to time.Time) bool { return to.After(until) }) {
		if !hour.Start.Before(missing.To) || !hour.Start.Add(time.Hour).After(missing.From) {
			want = append(want, hour.Start)
		}
	}
	var got []time.Time
	for _, hour := range lossy.Made(pill, 15*time.Minute, func(from, to time.Time) bool {
		return to.After(until) || missing.From.Before(to) && missing.To.After(from)
	}) {
		got = append(got, hour.Start)
	}
	assert.Equal(t, want, got)
}

// TestAnOldValueDoesNotCountForEver: a device that was away has no mean for that time.
func TestAnOldValueDoesNotCountForEver(t *testing.T) {
	rows := rowsOf(t, 24*time.Hour, 15*time.Minute)
	h := NewHours()
	for i, row := range rows {
		if i < 20 || i > 80 {
			h.Add(pill, row)
		}
	}
	for _, hour := range h.Made(pill, 15*time.Minute, func(_, to time.Time) bool { return to.After(rows[len(rows)-1].At) }) {
		away := hour.Start.After(rows[19].At.Add(rows[0].Floor())) && hour.Start.Add(time.Hour).Before(rows[81].At)
		assert.False(t, away, hour.Start)
	}
}

func TestRowsOfMadeHoursAreForgotten(t *testing.T) {
	rows := rowsOf(t, 20*24*time.Hour, 15*time.Minute)
	h := NewHours()
	for i, row := range rows {
		h.Add(pill, row)
		if i%40 == 39 {
			h.Made(pill, 15*time.Minute, func(_, to time.Time) bool { return to.After(row.At) })
			assert.Less(t, len(h.devices[pill].rows), 60)
		}
	}
}
