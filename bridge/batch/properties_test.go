package batch_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

// troubled is a fermentation with most of what happens: junk, a shift, a gap, a crash, another beer.
func troubled(n noise) []batch.Row {
	rows := paleAle.rows(10, n, func(h float64, r *batch.Row) bool {
		switch {
		case h < 0.6:
			*r.Gravity = 1.001
		case h > 45 && h < 46:
			*r.Gravity = 0.0
		case h > 60 && h < 80:
			return false
		case h > 190:
			*r.Temperature = 3
		}
		if h > 50 {
			lift(r, 6)
		}
		return true
	})
	for _, r := range (beer{og: 60, fg: 14, lag: 10, fastest: 20, scarcity: 4, temperature: 18}).rows(9, n, nil) {
		r.At = r.At.Add(11 * 24 * time.Hour)
		rows = append(rows, r)
	}
	return rows
}

// everything that an analysis says, as text.
func everything(t *testing.T, a *batch.Analysis, now time.Time) string {
	t.Helper()
	text, err := json.Marshal([]any{a.Findings(now), a.Ended(), a.Events()})
	require.NoError(t, err)
	return string(text)
}

func TestOrderAndRepetitionOfRowsChangeNothing(t *testing.T) { orderChangesNothing(t, pill) }

// TestOrderAndRepetitionOfManyRowsChangeNothing takes a minute with the race detector, which finds nothing in a pure package.
func TestOrderAndRepetitionOfManyRowsChangeNothing(t *testing.T) {
	orderChangesNothing(t, noise{1, 1, 0.0125, time.Minute})
}

func orderChangesNothing(t *testing.T, n noise) {
	t.Helper()
	rows := troubled(n)
	now := rows[len(rows)-1].At
	entries := []batch.Entry{{At: begin.Add(40 * time.Hour), Name: ptr("Märzen"), OriginalGravity: ptr(1.051)}}
	var inOrder batch.Analysis
	inOrder.SetEntries(entries)
	for _, r := range rows {
		inOrder.Add(r)
		inOrder.Findings(r.At)
	}
	want := everything(t, &inOrder, now)
	require.Contains(t, want, "Märzen")
	require.Len(t, inOrder.Ended(), 1)

	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 2 {
		shuffled := append(append([]batch.Row(nil), rows...), rows[:len(rows)/2]...)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var a batch.Analysis
		for i, r := range shuffled {
			if i == len(shuffled)/2 {
				a.SetEntries(entries)
			}
			a.Add(r)
			if i%5000 == 4999 {
				a.Findings(now)
			}
		}
		require.Equal(t, want, everything(t, &a, now), "round %d", round)
	}
}

func TestAnEntryMadeLateCountsFromItsTime(t *testing.T) {
	rows := troubled(pill)
	now := rows[len(rows)-1].At
	entries := []batch.Entry{
		{At: begin.Add(30 * time.Hour), OriginalGravity: ptr(1.049)},
		{At: begin.Add(150 * time.Hour), Name: ptr("renamed"), OriginalGravity: ptr(0.0)},
		{At: begin.Add(400 * time.Hour), NewBatch: true, Name: ptr("another")},
	}
	var before, after batch.Analysis
	before.SetEntries(entries)
	for i, r := range rows {
		before.Add(r)
		after.Add(r)
		if i%100 == 0 {
			after.Findings(r.At)
		}
	}
	after.Findings(now)
	for n := range entries {
		after.SetEntries(entries[:n+1])
		after.Findings(now)
	}
	assert.Equal(t, everything(t, &before, now), everything(t, &after, now))
	after.SetEntries(entries[:2])
	after.SetEntries(entries)
	assert.Equal(t, everything(t, &before, now), everything(t, &after, now))
	after.SetEntries(nil)
	before.SetEntries(nil)
	assert.Equal(t, everything(t, &before, now), everything(t, &after, now))
	assert.NotContains(t, everything(t, &after, now), "renamed")
}

func TestLateRowsOfAGapAreTakenIn(t *testing.T) {
	rows := paleAle.rows(9, pill, nil)
	now := rows[len(rows)-1].At
	var whole, filled batch.Analysis
	for _, r := range rows {
		whole.Add(r)
	}
	for _, r := range rows {
		if h := r.At.Sub(begin).Hours(); h < 30 || h > 70 {
			filled.Add(r)
			filled.Findings(r.At)
		}
	}
	for _, r := range rows {
		filled.Add(r)
	}
	assert.Equal(t, everything(t, &whole, now), everything(t, &filled, now))
}

func TestARowOfTheFutureWaits(t *testing.T) {
	rows := paleAle.rows(5, pill, nil)
	now := rows[len(rows)-1].At
	var a, b batch.Analysis
	for _, r := range rows {
		a.Add(r)
		b.Add(r)
	}
	b.Add(batch.Row{At: now.Add(80 * 365 * 24 * time.Hour), Gravity: ptr(1.090), Temperature: ptr(20.0)})
	assert.Equal(t, everything(t, &a, now), everything(t, &b, now))
}

// sound is what holds of all findings, whatever the rows were.
func sound(t *testing.T, f batch.Findings, now time.Time) {
	t.Helper()
	_, err := json.Marshal(f) // fails on NaN and infinities
	require.NoError(t, err)
	if f.Forecast != nil {
		require.False(t, f.Forecast.Earliest.Before(now), "no forecast of the past")
		require.False(t, f.Forecast.Expected.Before(f.Forecast.Earliest))
		require.False(t, f.Forecast.Latest.Before(f.Forecast.Expected))
		require.Less(t, f.Forecast.Latest.Sub(now), 60*24*time.Hour)
		require.False(t, f.Disturbed || f.Stuck)
		require.Contains(t, []batch.Stage{batch.StageActive, batch.StageSlowing, batch.StageFinishing}, f.Stage)
	}
	require.Equal(t, f.Batch == nil, f.Stage == batch.StageNone)
	if f.Batch != nil {
		require.GreaterOrEqual(t, f.Batch.Day, 1)
	}
	for name, v := range map[string]*float64{"gravity": f.Gravity, "original": f.OriginalGravity, "final": f.ExpectedFinalGravity} {
		if v != nil {
			require.InDelta(t, 1.05, *v, 0.2, name)
		}
	}
	if f.ABV != nil {
		require.InDelta(t, 12.5, *f.ABV, 17.5)
	}
}

func TestFindingsOfAnyRowsAreSound(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			var a batch.Analysis
			at, g, temperature := begin, 20+60*rng.Float64(), 20.0
			for range 1000 {
				at = at.Add(time.Duration((rng.ExpFloat64() * float64(20*time.Minute))))
				g = max(g-rng.Float64()*0.4+0.02, -5)
				r := batch.Row{At: at, Gravity: ptr(1 + (g+rng.NormFloat64()*float64(seed%4)/2)/1000), Temperature: ptr(temperature)}
				switch k := rng.IntN(400); {
				case k == 0:
					g += rng.NormFloat64() * 20
				case k == 1:
					at = at.Add(time.Duration(rng.IntN(200)) * time.Hour)
				case k == 2:
					temperature = -2 + 30*rng.Float64()
				case k < 12:
					r.Gravity = ptr([]float64{0.23, -616.87, 2.1, math.NaN(), math.Inf(1), 1.07}[k%6])
				case k < 20:
					r.Gravity = nil
				case k < 30:
					r.Temperature = nil
				}
				a.Add(r)
				sound(t, a.Findings(r.At), r.At)
			}
			sound(t, a.Findings(at.Add(1000*time.Hour)), at.Add(1000*time.Hour))
		})
	}
}

// allocated is how much memory is in use.
func allocated() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMonthsOfRowsTakeBoundedMemory(t *testing.T) {
	var a batch.Analysis
	one := paleAle.rows(14, noise{0.19, 0.1, 0, 5 * time.Minute}, nil)
	var now time.Time
	before := allocated()
	const brews = 9
	for brew := range brews { // 135 days: more than are kept
		for _, r := range one {
			r.At = r.At.Add(time.Duration(brew) * 15 * 24 * time.Hour)
			now = r.At
			a.Add(r)
		}
		a.Findings(now)
	}
	assert.Less(t, allocated()-before, int64(1<<20))
	assert.Len(t, a.Ended(), brews-1)
	assert.Equal(t, brews, a.Findings(now).Batch.Number)

	a.Add(batch.Row{At: now.Add(-time.Hour - 7*time.Minute), Gravity: ptr(1.011)})
	a.SetEntries([]batch.Entry{{At: now.Add(-time.Hour), Name: ptr("the last")}})
	found := a.Findings(now)
	assert.Equal(t, brews, found.Batch.Number, "what is gone still counts")
	assert.Equal(t, "the last", found.Batch.Name)
	assert.Len(t, a.Ended(), brews-1)
	runtime.KeepAlive(&a)
}

// BenchmarkRow is a new row and its findings, in a fermentation of two weeks where the forecast is at its dearest.
func BenchmarkRow(b *testing.B) {
	slow := beer{og: 60, fg: 14, lag: 24, fastest: 4, scarcity: 6, temperature: 12}
	for name, n := range map[string]noise{"pill every 15 min": pill, "tilt every minute": {1, 1, 0.0125, time.Minute}} {
		b.Run(name, func(b *testing.B) {
			rows := slow.rows(13, n, nil)
			for b.Loop() {
				b.StopTimer()
				var a batch.Analysis
				head := len(rows) - 200
				for _, r := range rows[:head] {
					a.Add(r)
				}
				a.Findings(rows[head].At)
				b.StartTimer()
				for _, r := range rows[head:] {
					a.Add(r)
					if a.Findings(r.At).Forecast == nil {
						b.Fatal("no forecast")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/200, "µs/row")
		})
	}
}

// BenchmarkAgain is all of two months computed again, as after a late row or a restart.
func BenchmarkAgain(b *testing.B) {
	rows := beer{og: 60, fg: 14, lag: 24, fastest: 4, scarcity: 6, temperature: 12}.rows(60, pill, nil)
	for b.Loop() {
		var a batch.Analysis
		for _, r := range rows {
			a.Add(r)
		}
		a.Findings(rows[len(rows)-1].At)
	}
}
