package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// TestRowsComeOnceAfterTheirEndpointWasAwayForDays has a controller that reports each minute and is polled every four. The cloud
// answers lists, but no histories, for two days. One row of 25 never existed.
func TestRowsComeOnceAfterTheirEndpointWasAwayForDays(t *testing.T) {
	var rows []device.Telemetry
	for i, row := range rowsOf(t, 72*time.Hour, time.Minute) {
		if i%25 != 7 || i%4 == 0 {
			rows = append(rows, row)
		}
	}
	for name, restart := range map[string]time.Duration{"one run": 0, "a restart meanwhile": 49 * time.Hour, "a restart while rows come": 52 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			b := newBrewer(t, Options{EveryReading: true}, rows)
			down, up := rows[0].At.Add(2*time.Hour), rows[0].At.Add(50*time.Hour)
			before, largest := time.Time{}, 0
			for i := range rows {
				if i >= 8 && i%4 != 0 {
					continue
				}
				if restart > 0 && rows[i].At.After(rows[0].At.Add(restart)) {
					restart = 0
					retained := b.h.Position(pill)
					b.h, before = New(b.h.options), time.Time{}
					require.True(t, b.h.Restore(pill, retained, b.now))
				}
				b.poll(i, before, time.Minute)
				before = b.now
				if rows[i].At.After(down) && rows[i].At.Before(up) {
					for due := b.h.Due(); !due.IsZero() && !due.After(b.now); due = b.h.Due() {
						r, ok := b.h.Request(b.now)
						require.True(t, ok)
						b.h.Fail(r, Failed, "500", b.now)
					}
				} else {
					b.elapse(0, b.within)
				}
				largest = max(largest, len(b.h.Position(pill)))
				assert.LessOrEqual(t, len(b.h.tracks[pill].gaps), 2*maxGaps)
			}
			b.elapse(48*time.Hour, b.within)
			latest := b.position().Latest
			for len(b.rows) > 0 && b.rows[len(b.rows)-1].At.After(latest) {
				b.rows = b.rows[:len(b.rows)-1]
			}
			b.once(0, len(b.rows))
			assert.Empty(t, b.position().Gaps)
			assert.Less(t, largest, 40_000)
			assert.Less(t, len(b.asked), 60)
		})
	}
}

// gapsOf are gaps of some minutes that follow each other, with a pause between each two where that is wanted.
func gapsOf(n int, from time.Time, length, pause time.Duration, like gap) (out []gap) {
	for range n {
		like.Span = Span{from, from.Add(length)}
		out, from = append(out, like), like.To.Add(pause)
	}
	return out
}

func TestAGapThatWasNotAskedForOutlivesRowsOnTheirWay(t *testing.T) {
	tr := New(Options{}).track(pill)
	tr.add(gap{Span: Span{noon, noon.Add(48 * time.Hour)}})
	tr.add(gapsOf(maxGaps-1, noon.Add(48*time.Hour), 4*time.Minute, 0, gap{busy: true})...)
	tr.add(gap{Span: Span{noon.Add(72 * time.Hour), noon.Add(73 * time.Hour)}})
	tr.done()
	require.Len(t, tr.gaps, 2)
	assert.Equal(t, 48*time.Hour, tr.gaps[0].length())
	assert.Empty(t, tr.missing)
}

func TestGapsThatFollowEachOtherBecomeOneAndKeepTheRowsBetweenThem(t *testing.T) {
	tr := New(Options{}).track(pill)
	tr.add(gapsOf(maxGaps+50, noon, 4*time.Minute, 0, gap{})...)
	require.Len(t, tr.gaps, maxGaps)
	assert.Len(t, tr.gaps[0].rows, 50)
	assert.Equal(t, 51*4*time.Minute, tr.gaps[0].length())
	assert.Empty(t, tr.missing)
}

func TestAGapDoesNotBecomeOneWithAMereCheck(t *testing.T) {
	tr := New(Options{}).track(pill)
	tr.latest = noon.Add(100 * time.Hour)
	for i := range maxGaps + 10 {
		at := noon.Add(time.Duration(i) * 4 * time.Minute)
		tr.add(gap{Span: Span{at, at.Add(4 * time.Minute)}, check: i%2 == 0})
	}
	for i, g := range tr.gaps {
		assert.Equal(t, 4*time.Minute, g.length(), i)
	}
	assert.True(t, tr.complete().Equal(noon.Add(4*time.Minute)), "checks were given up, and no gap")
	assert.Empty(t, tr.missing)
}

func TestTooManyGapsApartAreGivenUpByWhatTheyPromise(t *testing.T) {
	days := gap{Span: Span{noon, noon.Add(48 * time.Hour)}}
	apart := func(n int, like gap) []gap {
		return gapsOf(n, noon.Add(49*time.Hour), 4*time.Minute, time.Minute, like)
	}
	for name, test := range map[string]struct {
		others []gap
		less   gap
		noted  bool
	}{
		"one that was looked for": {apart(maxGaps-1, gap{}), gap{tries: 1}, true},
		"a check":                 {apart(maxGaps-1, gap{}), gap{check: true}, false},
		"the shortest":            {apart(maxGaps-1, gap{}), gap{}, true},
		"one where others are on their way": {append(apart(maxGaps-1, gap{}), gapsOf(50, noon.Add(100*time.Hour), time.Minute, time.Minute, gap{busy: true})...),
			gap{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tr := New(Options{}).track(pill)
			tr.add(days)
			tr.add(test.others...)
			test.less.Span = Span{noon.Add(90 * time.Hour), noon.Add(90*time.Hour + 3*time.Minute)}
			tr.add(test.less)
			assert.Len(t, tr.gaps, 1+len(test.others))
			assert.Equal(t, days.Span, tr.gaps[0].Span)
			if test.noted {
				assert.Equal(t, []Span{test.less.Span}, tr.missing)
			} else {
				assert.Empty(t, tr.missing)
			}
		})
	}
}

func TestThePositionIsBoundedWhateverAGapHolds(t *testing.T) {
	h := New(Options{})
	tr := h.track(pill)
	from := noon.Add(-20 * 24 * time.Hour)
	tr.add(gapsOf(5000, from, 4*time.Minute, 0, gap{})...)
	tr.latest = noon
	position := h.Position(pill)
	assert.Less(t, len(position), 40_000)
	again := New(Options{})
	require.True(t, again.Restore(pill, position, noon))
	assert.Equal(t, string(position), string(again.Position(pill)))
	restored := again.tracks[pill].gaps
	require.Len(t, restored, 1)
	assert.Len(t, restored[0].rows, maxSaved)
	assert.True(t, restored[0].rows[maxSaved-1].Equal(from.Add(4999*4*time.Minute)), "the newest")
}

// TestAKillWhileManyGapsAreFilledRepeatsOneRowAtTheMost kills the process between a row and the position after it.
func TestAKillWhileManyGapsAreFilledRepeatsOneRowAtTheMost(t *testing.T) {
	rows := rowsOf(t, 20*time.Hour, time.Minute)
	last := len(rows) - 1 - (len(rows)-1)%4
	for kill := 1; kill < last; kill += 131 {
		b := newBrewer(t, Options{EveryReading: true}, rows)
		before := time.Time{}
		for i := 0; i <= last; i += 4 {
			b.poll(i, before, time.Minute)
			before = b.now
		}
		b.now = b.now.Add(time.Hour)
		var retained []byte
		for handed := 0; handed < kill; {
			out, _, ok := b.h.Next()
			if !ok {
				r, due := b.h.Request(b.now)
				require.True(t, due)
				b.h.Answer(r, b.within(r), b.now, b.now)
				continue
			}
			b.stream, retained, handed = append(b.stream, out), b.h.Position(pill), handed+1
			b.h.Acknowledge(true)
			if len(b.stream) == len(rows[:last+1]) {
				break
			}
		}
		b.h = New(b.h.options)
		require.True(t, b.h.Restore(pill, retained, b.now))
		b.h.Observe(pill, rows[last], Observation{Now: b.now, Interval: time.Minute})
		b.elapse(48*time.Hour, b.within)
		seen := map[string]bool{}
		for _, o := range b.stream {
			seen[o.Row.At.String()] = true
		}
		assert.Len(t, seen, last+1, "killed after %d: none is lost", kill)
		assert.LessOrEqual(t, len(b.stream), last+2, "killed after %d", kill)
	}
}

// The broker is told that messages have at most 64 KiB: a larger position would not come back.
func TestThePositionFitsInAMessage(t *testing.T) {
	b := newBrewer(t, Options{EveryReading: true}, rowsOf(t, time.Hour, time.Minute))
	b.poll(0, time.Time{}, time.Minute)
	at := b.now.Truncate(time.Second).Add(1234567 * 100 * time.Nanosecond)
	track := b.h.tracks[pill]
	track.gaps, track.lastError = nil, strings.Repeat("\u2028", 1000)
	for range 2 * maxGaps {
		g := gap{Span: Span{From: at, To: at.Add(100 * time.Hour)}, first: true}
		for i := range 20 {
			g.rows = append(g.rows, at.Add(time.Duration(i+1)*time.Hour))
		}
		track.gaps = append(track.gaps, g)
		at = g.To.Add(time.Minute)
	}
	for range maxMissing {
		track.missing = append(track.missing, Span{From: at, To: at.Add(time.Hour)})
		at = at.Add(2 * time.Hour)
	}
	position := b.h.Position(pill)
	assert.Greater(t, len(position), 50_000)
	assert.Less(t, len(position), 64_000)
}

func TestTheNewestGapGoesFirst(t *testing.T) {
	rows := rowsOf(t, 40*24*time.Hour, 5*time.Minute)
	b := newBrewer(t, Options{Days: 30}, rows)
	last := len(rows) - 1
	b.poll(last-200, time.Time{}, 5*time.Minute)
	b.poll(last, time.Time{}, 5*time.Minute)
	r, ok := b.h.Request(b.now.Add(time.Minute))
	require.True(t, ok)
	assert.True(t, r.To.Equal(rows[last].At))
	assert.True(t, r.From.Equal(rows[last-200].At), "%s", r.From)
}
