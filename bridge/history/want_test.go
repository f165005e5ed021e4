package history

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// ask answers what is asked for until nothing is, and returns the rows that were wanted.
func (b *brewer) ask(answer func(Request) []device.Telemetry) (wanted []device.Telemetry) {
	for range 100 {
		if due := b.h.Due(); due.IsZero() || due.After(b.now) {
			return wanted
		}
		r, ok := b.h.Request(b.now)
		require.True(b.t, ok)
		b.asked = append(b.asked, r)
		wanted = append(wanted, b.h.Answer(r, answer(r), b.now, b.now)...)
	}
	require.Fail(b.t, "it asks without end")
	return nil
}

func TestRowsThatAreWantedOnceMoreAreNotForTheStream(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	for name, limit := range map[string]int{"whole": 1000, "cut": 10} {
		t.Run(name, func(t *testing.T) {
			b := newBrewer(t, Options{}, rows)
			b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
			before := len(b.stream)
			span := Span{rows[20].At, rows[60].At}
			b.h.Want(pill, span)
			assert.True(t, b.h.Open(pill, rows[30].At, rows[31].At), "they are on their way")
			seen := map[int64]bool{}
			for _, row := range b.ask(func(r Request) []device.Telemetry { return b.within(r)[:min(limit, len(b.within(r)))] }) {
				seen[row.At.UnixNano()] = true
			}
			for _, row := range rows[20:61] {
				assert.True(t, seen[row.At.UnixNano()], row.At)
			}
			b.handOn()
			assert.Len(t, b.stream, before)
			assert.False(t, b.h.Open(pill, rows[30].At, rows[31].At))
			assert.True(t, b.h.Open(pill, rows[len(rows)-1].At, rows[len(rows)-1].At.Add(time.Hour)), "the hour has not passed")
		})
	}
}

// TestADeviceThatHasNotReportedSinceTheStartIsAskedFor: its newest row is the one that an earlier run handed on.
func TestADeviceThatHasNotReportedSinceTheStartIsAskedFor(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	retained := b.h.Position(pill)
	b.h = New(Options{})
	require.True(t, b.h.Restore(pill, retained, b.now))
	b.h.Want(pill, Span{rows[40].At, rows[60].At})
	assert.Zero(t, b.h.Due(), "it may not be in the account any more")
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	wanted := b.ask(b.within)
	require.NotEmpty(t, wanted)
	assert.False(t, wanted[0].At.After(rows[40].At.Add(-2*time.Hour)), "with the rows before it")
}

// TestAGapThatIsAskedForLaterHoldsNothingUp: one that waits for its next try.
func TestAGapThatIsAskedForLaterHoldsNothingUp(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(60, time.Time{}, 15*time.Minute)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	b.elapse(time.Minute, func(Request) []device.Telemetry { return nil })
	require.True(t, b.h.Due().After(b.now), "the gap has its next try later")
	b.h.Want(pill, Span{rows[20].At, rows[40].At})
	assert.NotEmpty(t, b.ask(b.within))
}

func TestASpanWithoutRowsIsAskedForOnce(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	b.h.Want(pill, Span{rows[20].At, rows[60].At})
	assert.Empty(t, b.ask(func(Request) []device.Telemetry { return nil }))
	assert.Len(t, b.asked, 1)
}

// TestSpansOfADeviceThatIsOffAtNightShareARequest: each start of the bridge looks for hours that Home Assistant lacks.
func TestSpansOfADeviceThatIsOffAtNightShareARequest(t *testing.T) {
	rows := rowsOf(t, 20*24*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	for i := range 18 {
		night := rows[0].At.Add(time.Duration(i) * 24 * time.Hour)
		b.h.Want(pill, Span{night, night.Add(8 * time.Hour)})
	}
	b.ask(b.within)
	assert.Len(t, b.asked, 2)
}

func TestAGapIsNotWantedTwice(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(0, time.Time{}, 15*time.Minute)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	b.h.Want(pill, Span{rows[20].At, rows[60].At})
	assert.Empty(t, b.h.tracks[pill].wanted, "it is asked for as a gap")
	b.h.Want(device.Ref{}, Span{rows[20].At, rows[60].At})
}

// TestASpanWithAGapIsAskedForButForTheGap: Home Assistant was away for two days, the bridge for an end of them.
func TestASpanWithAGapIsAskedForButForTheGap(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	last := len(rows) - 1
	for name, away := range map[string][2]int{"at its end": {last - 9, last}, "at its beginning": {10, 60}, "in its midst": {80, 120}} {
		t.Run(name, func(t *testing.T) {
			b := newBrewer(t, Options{}, rows)
			b.poll(away[0], time.Time{}, 15*time.Minute)
			b.poll(away[1], time.Time{}, 15*time.Minute)
			for i := away[1] + 1; i <= last; i++ {
				b.poll(i, rows[i-1].At.Add(14*time.Minute), 15*time.Minute)
			}
			b.h.Want(pill, Span{rows[20].At, rows[last].At})
			b.now = b.now.Add(time.Minute)
			seen := map[int64]int{}
			for _, row := range b.ask(b.within) {
				seen[row.At.UnixNano()]++
			}
			for i := 20; i < last; i++ {
				if i <= away[0] || i > away[1] {
					assert.Equal(t, 1, seen[rows[i].At.UnixNano()], "row %d", i)
				}
			}
			b.handOn()
			b.once(away[0], last+1)
			assert.LessOrEqual(t, len(b.asked), 3)
			assert.False(t, b.h.Open(pill, rows[20].At, rows[last].At))
		})
	}
}

func TestASpanWithManySmallGapsIsOneRequest(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	later := b.now.Add(time.Hour)
	b.h.tracks[pill].add(gapsOf(30, rows[30].At, 30*time.Minute, 30*time.Minute, gap{next: later})...)
	b.h.Want(pill, Span{rows[20].At, rows[len(rows)-1].At})
	assert.NotEmpty(t, b.ask(b.within))
	assert.Len(t, b.asked, 1)
}

// TestAFailureOfWhatNobodyWantsAnyMoreChangesNothing: the device began anew while it was asked for.
func TestAFailureOfWhatNobodyWantsAnyMoreChangesNothing(t *testing.T) {
	rows := rowsOf(t, 48*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	require.True(t, b.h.Restore(pill, []byte(`{"latest":"2036-11-22T12:00:00Z"}`), noon))
	b.h.tracks[pill].present = true
	b.h.Want(pill, Span{rows[20].At, rows[40].At})
	r, ok := b.h.Request(b.now)
	require.True(t, ok)
	b.h.tracks[pill].present = false
	b.poll(0, time.Time{}, 15*time.Minute)
	b.h.Fail(r, Failed, "500", b.now)
	assert.Empty(t, b.h.tracks[pill].wanted)
}
