package batch_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

func TestPaleAleFromWortToComplete(t *testing.T) {
	for name, n := range map[string]noise{"clean": clean, "pill": pill, "tilt": tilt, "tilt every minute": {1, 1, 0.0125, time.Minute}, "hourly pill": {0.19, 0.1, 0, time.Hour}} {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			all := follow(&a, paleAle.rows(9, n, nil))
			end := paleAle.end()

			assert.InDelta(t, 4, first(all, stageIs(batch.StageLag)), 4)
			assert.InDelta(t, paleAle.lag+8, first(all, stageIs(batch.StageActive)), 8)
			assert.Less(t, first(all, stageIs(batch.StageSlowing)), end+4)
			complete := first(all, stageIs(batch.StageComplete))
			assert.Greater(t, complete, end)
			assert.Less(t, complete, end+48)
			last := all[len(all)-1]
			assert.Equal(t, batch.StageComplete, last.Stage)
			assert.InDelta(t, 1.050, *last.OriginalGravity, 0.0006)
			assert.InDelta(t, 1.011, *last.Gravity, 0.0006)
			assert.InDelta(t, 0, *last.Rate, 0.25)
			assert.InDelta(t, 5.12, *last.ABV, 0.15)
			for _, m := range all {
				assert.False(t, m.Stuck || m.Disturbed, "at %.1f h", m.hours)
			}
			var kinds []batch.EventKind
			for _, e := range a.Events() {
				kinds = append(kinds, e.Kind)
			}
			assert.Equal(t, []batch.EventKind{batch.EventStarted, batch.EventSlowing, batch.EventComplete}, kinds)
		})
	}
}

func TestForecastIsNearAndNarrows(t *testing.T) {
	for name, b := range map[string]beer{
		"pale ale": paleAle,
		"fast":     {og: 45, fg: 9, lag: 6, fastest: 40, scarcity: 3, temperature: 30},
		"slow":     {og: 55, fg: 13, lag: 24, fastest: 7, scarcity: 4, temperature: 12},
		"sour":     {og: 40, fg: 6, lag: 10, fastest: 12, scarcity: 2, temperature: 22},
	} {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			all := follow(&a, b.rows(16, pill, nil))
			end := b.end()
			before := math.Inf(1)
			for _, share := range []float64{0.65, 0.8, 0.92} {
				m := all[0]
				for _, m = range all {
					if (*m.row.Gravity-1)*1000 < b.og-share*(b.og-b.fg) {
						break
					}
				}
				require.NotNil(t, m.Forecast, "at %.0f %%", 100*share)
				toGo := end - m.hours
				expected := m.Forecast.Expected.Sub(begin).Hours()
				assert.InDelta(t, end, expected, 4+toGo/3, "at %.0f %%", 100*share)
				assert.LessOrEqual(t, m.Forecast.Earliest.Sub(begin).Hours(), end)
				assert.GreaterOrEqual(t, m.Forecast.Latest.Sub(begin).Hours(), end)
				width := m.Forecast.Latest.Sub(m.Forecast.Earliest).Hours()
				assert.Less(t, width, before)
				before = width
			}
			for _, m := range all {
				if (*m.row.Gravity-1)*1000 > b.og-0.5*(b.og-b.fg) {
					assert.Nil(t, m.Forecast, "before 60 %%, at %.1f h", m.hours)
				}
			}
			assert.Nil(t, all[len(all)-1].Forecast)
		})
	}
}

// The traps of real series: what happened, and what must not be taken for fermentation.
func TestTraps(t *testing.T) {
	end := paleAle.end()
	middle := 50.0 // hours; the gravity is about 1.030
	tests := map[string]struct {
		event     func(h float64, r *batch.Row) bool
		disturbed bool    // it is, within half a day
		og        float64 // points
		tolerance float64
	}{
		"first value of a wet device": {event: func(h float64, r *batch.Row) bool {
			if h < 0.2 {
				lift(r, -14)
			}
			return true
		}},
		"lying on the table at first": {event: func(h float64, r *batch.Row) bool {
			if h < 0.75 {
				lift(r, 22)
			}
			return true
		}},
		"stirred before it ferments": {og: 58, tolerance: 0.6, event: func(h float64, r *batch.Row) bool {
			if h > 6 {
				lift(r, 8)
			}
			return true
		}},
		"rises in the first day": {og: 49, tolerance: 1, event: func(h float64, r *batch.Row) bool {
			lift(r, -1.5*math.Exp(-h/4))
			return true
		}},
		"stirred in the middle": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, 8)
			}
			return true
		}},
		"krausen in two steps": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, 5)
			}
			if h > middle+2 {
				lift(r, 9)
			}
			return true
		}},
		"sugar": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, 13*math.Exp(-(h-middle)/30))
			}
			return true
		}},
		"recirculated for nine hours": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle && h < middle+9 {
				lift(r, 12)
			}
			return true
		}},
		"a ramp of five hours that falls back in one": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, max(0, min(4*(h-middle), 20*(6-h+middle))))
			}
			return true
		}},
		"krausen that pulls the device down": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, -7)
			}
			return true
		}},
		"in the hand for 45 minutes": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle && h < middle+0.8 {
				*r.Gravity = 1.0707
			}
			return true
		}},
		"in the air for an hour": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle && h < middle+1.1 {
				*r.Gravity = 0.0
			}
			return true
		}},
		"one reading of the air": {event: func(h float64, r *batch.Row) bool {
			if h > middle && h <= middle+0.25 {
				*r.Gravity = 2.138
			}
			return true
		}},
		"one bubble": {event: func(h float64, r *batch.Row) bool {
			if h > middle && h <= middle+0.25 {
				lift(r, -23)
			}
			return true
		}},
		"silent for a day in the middle": {event: func(h float64, _ *batch.Row) bool { return h < middle || h > middle+24 }},
		"silent for four days":           {event: func(h float64, _ *batch.Row) bool { return h < middle || h > middle+95 }},
		"silent for a day, stirred two days later": {disturbed: true, event: func(h float64, r *batch.Row) bool {
			if h > middle {
				lift(r, 12)
			}
			return h < 4 || h > 28
		}},
		"no temperature": {event: func(_ float64, r *batch.Row) bool {
			r.Temperature = nil
			return true
		}},
		"gravity unknown now and then": {event: func(h float64, r *batch.Row) bool {
			if int(h*4)%3 == 0 {
				r.Gravity = nil
			}
			return true
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			all := follow(&a, paleAle.rows(12, pill, test.event))
			og, tolerance := 50.0, 0.5
			if test.og != 0 {
				og, tolerance = test.og, test.tolerance
			}
			last := all[len(all)-1]
			require.NotNil(t, last.OriginalGravity)
			assert.InDelta(t, 1+og/1000, *last.OriginalGravity, tolerance/1000)
			assert.Empty(t, a.Ended(), "one batch")
			assert.Equal(t, batch.StageComplete, last.Stage)
			complete := first(all, stageIs(batch.StageComplete))
			assert.Greater(t, complete, end-2)
			assert.False(t, math.IsNaN(first(all, stageIs(batch.StageActive))))
			assert.True(t, math.IsNaN(first(all, func(m moment) bool { return m.Stuck })))
			seen := first(all, func(m moment) bool { return m.Disturbed && m.hours > 24 })
			if test.disturbed {
				assert.InDelta(t, middle+2, seen, 2.5, "disturbed")
				m := at(all, middle+5)
				assert.True(t, m.Disturbed)
				assert.Nil(t, m.Forecast, "nothing in a disturbance")
			} else {
				assert.True(t, math.IsNaN(seen), "disturbed at %.1f h", seen)
			}
		})
	}
}

func TestNoBatchInWhatDoesNotFerment(t *testing.T) {
	still := func(points, temperature float64) beer {
		return beer{og: points, fg: points, lag: 1e9, fastest: 1, scarcity: 1, temperature: temperature}
	}
	for name, test := range map[string]struct {
		beer
		event func(h float64, r *batch.Row) bool
	}{
		"water":                     {still(1, 19), nil},
		"finished beer":             {still(11, 19), nil},
		"finished beer in a fridge": {still(14, 3), nil},
		"finished beer that drifts": {still(11, 19), func(h float64, r *batch.Row) bool { lift(r, 0.25*h/24); return true }},
		"finished beer that warms": {still(12, 3), func(h float64, r *batch.Row) bool {
			if h > 60 {
				*r.Temperature = 20
				lift(r, min((h-60)/6, 2))
			}
			return true
		}},
		"a device on the bench": {still(114.7, 21), nil},
		"a device in the air":   {still(-999, 21), nil},
		"handled, then in water": {still(0.5, 16), func(h float64, r *batch.Row) bool {
			if h < 0.8 {
				lift(r, 70+h*10)
			}
			return true
		}},
		"finished beer that is moved": {still(12, 19), func(h float64, r *batch.Row) bool {
			if h > 70 {
				lift(r, -6)
			}
			return true
		}},
		"beer that is lifted for days": {still(12, 19), func(h float64, r *batch.Row) bool {
			if h > 70 && h < 100 {
				lift(r, 9)
			}
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			for _, m := range follow(&a, test.rows(12, pill, test.event)) {
				require.Equal(t, batch.StageNone, m.Stage, "at %.1f h", m.hours)
				require.Nil(t, m.Batch)
				require.Nil(t, m.Forecast)
				require.Nil(t, m.ABV)
			}
			assert.Empty(t, a.Events())
		})
	}
}

func TestStuckWhereItShouldGoOn(t *testing.T) {
	sticks := beer{og: 50, fg: 29, lag: 12, fastest: 14, scarcity: 2, temperature: 19.5}
	var a batch.Analysis
	all := follow(&a, sticks.rows(11, pill, nil))
	stuck := first(all, func(m moment) bool { return m.Stuck })
	assert.Greater(t, stuck, sticks.end()+24)
	assert.Less(t, stuck, sticks.end()+90)
	assert.True(t, math.IsNaN(first(all, stageIs(batch.StageComplete))), "it is not complete")
	assert.Nil(t, all[len(all)-1].Forecast)

	t.Run("a little further it is uncertain for three days, then complete", func(t *testing.T) {
		early := beer{og: 50, fg: 19, lag: 12, fastest: 14, scarcity: 2, temperature: 19.5}
		var a batch.Analysis
		all := follow(&a, early.rows(11, pill, nil))
		assert.True(t, math.IsNaN(first(all, func(m moment) bool { return m.Stuck })))
		complete := first(all, stageIs(batch.StageComplete))
		assert.Greater(t, complete, early.end()+60)
		assert.Less(t, complete, early.end()+110)
	})
	t.Run("not when the owner expects it", func(t *testing.T) {
		var a batch.Analysis
		a.SetEntries([]batch.Entry{{At: begin.Add(time.Hour), FinalGravity: ptr(1.028)}})
		all := follow(&a, sticks.rows(11, pill, nil))
		assert.True(t, math.IsNaN(first(all, func(m moment) bool { return m.Stuck })))
		assert.Equal(t, batch.StageComplete, all[len(all)-1].Stage)
	})
	t.Run("not when it is cold", func(t *testing.T) {
		var a batch.Analysis
		all := follow(&a, sticks.rows(11, pill, func(h float64, r *batch.Row) bool {
			if h > 70 {
				*r.Temperature = 15
			}
			return true
		}))
		assert.True(t, math.IsNaN(first(all, func(m moment) bool { return m.Stuck })))
	})
	t.Run("not a beer that the profile lets end there", func(t *testing.T) {
		var a batch.Analysis
		a.SetSessions([]batch.Session{{ID: "s", Started: begin, FinalGravity: ptr(1.027)}})
		all := follow(&a, sticks.rows(11, pill, nil))
		assert.True(t, math.IsNaN(first(all, func(m moment) bool { return m.Stuck })))
	})
}

func TestSlowTailIsNotComplete(t *testing.T) {
	for name, n := range map[string]noise{"pill": pill, "tilt": tilt, "coarse": {0.1, 0.4, 0, 25 * time.Minute}, "hourly": {0.19, 0.1, 0, time.Hour}} {
		t.Run(name, func(t *testing.T) {
			b := beer{og: 50, fg: 5, lag: 12, fastest: 16, scarcity: 2, tail: 8, temperature: 20}
			var a batch.Analysis
			for _, m := range follow(&a, b.rows(20, n, nil)) {
				if m.hours < b.end()-30 {
					require.NotEqual(t, batch.StageComplete, m.Stage, "at %.1f h of %.1f", m.hours, b.end())
				}
				require.False(t, m.Stuck)
			}
		})
	}
}

func TestColdCrash(t *testing.T) {
	cool := func(from float64) func(h float64, r *batch.Row) bool {
		return func(h float64, r *batch.Row) bool {
			if h > from {
				*r.Temperature = max(19.5-1.5*(h-from), 2)
				lift(r, min((h-from)/24, 1))
			}
			return true
		}
	}
	t.Run("of a complete beer", func(t *testing.T) {
		var a batch.Analysis
		all := follow(&a, paleAle.rows(14, pill, cool(168)))
		assert.InDelta(t, 175, first(all, stageIs(batch.StageColdCrash)), 5)
		assert.Equal(t, batch.StageColdCrash, all[len(all)-1].Stage)
	})
	t.Run("in the middle", func(t *testing.T) {
		freezing := beer{og: 50, fg: 30, lag: 12, fastest: 18, scarcity: 3, temperature: 19.5}
		var a batch.Analysis
		all := follow(&a, freezing.rows(14, pill, cool(60)))
		last := all[len(all)-1]
		assert.Equal(t, batch.StageColdCrash, last.Stage)
		assert.False(t, last.Stuck)
		assert.True(t, math.IsNaN(first(all, stageIs(batch.StageComplete))))
		for _, m := range all {
			if m.hours > 64 {
				require.Nil(t, m.Forecast)
			}
		}
	})
}
