package batch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
)

var stout = beer{og: 62, fg: 16, lag: 14, fastest: 20, scarcity: 4, temperature: 18}

// then appends the rows of another beer, from some hours on.
func then(rows []batch.Row, h float64, b beer, days float64) []batch.Row {
	for _, r := range b.rows(days, pill, nil) {
		r.At = r.At.Add(time.Duration(h * float64(time.Hour)))
		rows = append(rows, r)
	}
	return rows
}

// still appends rows of one gravity, from and to hours since the begin.
func still(rows []batch.Row, from, to, gravity float64) []batch.Row {
	for h := from; h < to; h += 0.25 {
		rows = append(rows, batch.Row{At: begin.Add(time.Duration(h * float64(time.Hour))), Gravity: &gravity, Temperature: ptr(17.0)})
	}
	return rows
}

func TestAnotherBatch(t *testing.T) {
	pale := paleAle.rows(10, pill, nil)
	half := paleAle.rows(2, pill, nil) // at about 1.031
	for name, test := range map[string]struct {
		rows     []batch.Row
		entries  []batch.Entry
		sessions []batch.Session
		began    float64 // hours
		fg       float64
	}{
		"poured on at once":                      {rows: then(pale, 240, stout, 8), began: 240, fg: 1.011},
		"after two days of silence":              {rows: then(pale, 290, stout, 8), began: 290, fg: 1.011},
		"after hours in water":                   {rows: then(still(pale, 240, 246, 1.0008), 246, stout, 8), began: 246, fg: 1.011},
		"after an hour in water":                 {rows: then(still(pale, 240, 241, 1.0008), 241, stout, 8), began: 241, fg: 1.011},
		"after a day in the air":                 {rows: then(still(pale, 240, 264, -0.23), 264, stout, 8), began: 264, fg: 1.011},
		"poured on after weeks":                  {rows: then(paleAle.rows(30, pill, nil), 720, stout, 8), began: 720, fg: 1.011},
		"after weeks on the shelf":               {rows: then(still(pale, 240, 800, -0.23), 800, stout, 8), began: 800, fg: 1.011},
		"a dumped one, after a night of silence": {rows: then(half, 60, stout, 8), began: 60, fg: 1.031},
		"when the owner says so": {
			rows: then(half, 48, beer{og: 34, fg: 8, lag: 6, fastest: 10, scarcity: 3, temperature: 19}, 8), began: 48.1, fg: 1.031,
			entries: []batch.Entry{{At: begin.Add(48*time.Hour + 6*time.Minute), NewBatch: true}},
		},
		"with a session": {
			rows: then(pale, 240, beer{og: 18, fg: 4, lag: 6, fastest: 10, scarcity: 3, temperature: 19}, 8), began: 239, fg: 1.011,
			sessions: []batch.Session{{ID: "1", Name: "Pale", Started: begin}, {ID: "2", Name: "Table", Started: begin.Add(239 * time.Hour)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			a.SetEntries(test.entries)
			a.SetSessions(test.sessions)
			all := follow(&a, test.rows)
			ended := a.Ended()
			require.Len(t, ended, 1)
			last := all[len(all)-1]
			require.NotNil(t, last.Batch)
			assert.Equal(t, 2, last.Batch.Number)
			assert.InDelta(t, test.began, last.Batch.Began.Sub(begin).Hours(), 1.1)
			assert.InDelta(t, 1.050, *ended[0].OriginalGravity, 0.0006)
			assert.InDelta(t, test.fg, *ended[0].FinalGravity, 0.0015)
			assert.Equal(t, batch.StageComplete, last.Stage)
			assert.InDelta(t, *all[int(float64(len(all))*0.99)].Gravity, *last.Gravity, 0.001)
			assert.Greater(t, *last.OriginalGravity, *last.Gravity+0.010)
		})
	}
}

func TestSummaryOfAnEndedBatch(t *testing.T) {
	var a batch.Analysis
	a.SetSessions([]batch.Session{{ID: "1", Name: "Pale", Started: begin}})
	rows := paleAle.rows(10, pill, func(h float64, r *batch.Row) bool {
		if h > 50 {
			lift(r, 7)
		}
		if h > 200 {
			*r.Temperature = 4
		}
		return true
	})
	all := follow(&a, still(rows, 240, 280, 0))
	assert.Nil(t, all[len(all)-1].Batch)
	require.Len(t, a.Ended(), 1)
	s := a.Ended()[0]
	assert.Equal(t, "Pale", s.Name)
	assert.Equal(t, begin, s.Began)
	assert.WithinDuration(t, begin.Add(240*time.Hour), s.Ended, time.Hour)
	assert.InDelta(t, 1.050, *s.OriginalGravity, 0.0005)
	assert.InDelta(t, 1.018, *s.FinalGravity, 0.0005)
	assert.InDelta(t, 64, *s.ApparentAttenuation, 1.5)
	assert.InDelta(t, 4.2, *s.ABV, 0.2)
	assert.InDelta(t, 4, *s.LowestTemperature, 0.3)
	assert.InDelta(t, 19.7, *s.HighestTemperature, 0.3)
	assert.InDelta(t, 5, *s.Days, 2.5)
	assert.Equal(t, 1, s.Disturbances, "taking it out is none of its own")
	var kinds []batch.EventKind
	for _, e := range a.Events() {
		kinds = append(kinds, e.Kind)
		assert.Equal(t, s.ID, e.Batch)
	}
	assert.Equal(t, []batch.EventKind{batch.EventStarted, batch.EventDisturbed, batch.EventSlowing, batch.EventComplete, batch.EventColdCrash, batch.EventEnded}, kinds)
}

func TestIdleBatchesEnd(t *testing.T) {
	var a batch.Analysis
	all := follow(&a, paleAle.rows(40, pill, nil))
	assert.Nil(t, all[len(all)-1].Batch)
	assert.Len(t, a.Ended(), 1, "and none begins in the old beer")

	var wort batch.Analysis
	all = follow(&wort, beer{og: 50, fg: 50, lag: 1e9, fastest: 1, scarcity: 1, temperature: 19}.rows(20, pill, nil))
	assert.Equal(t, batch.StageLag, at(all, 48).Stage)
	assert.Nil(t, all[len(all)-1].Batch)
	assert.Empty(t, wort.Ended(), "it never was one")

	var late batch.Analysis
	all = follow(&late, beer{og: 50, fg: 11, lag: 220, fastest: 16, scarcity: 3, temperature: 19}.rows(20, pill, nil))
	assert.Equal(t, batch.StageComplete, all[len(all)-1].Stage, "wort that begins after all")
	assert.InDelta(t, 1.050, *all[len(all)-1].OriginalGravity, 0.001)

	var cold batch.Analysis
	all = follow(&cold, beer{og: 50, fg: 30, lag: 12, fastest: 16, scarcity: 3, temperature: 19}.rows(30, pill, func(h float64, r *batch.Row) bool {
		if h > 60 {
			*r.Temperature = 4
		}
		return true
	}))
	assert.Nil(t, all[len(all)-1].Batch, "a beer that was crashed in the middle")
	assert.Len(t, cold.Ended(), 1)
}

func TestOwnerWinsOverSessionOverReadings(t *testing.T) {
	rows := paleAle.rows(9, pill, nil)
	session := batch.Session{ID: "1", Name: "Session", Started: begin, OriginalGravity: ptr(1.052), FinalGravity: ptr(1.012)}
	entered := func(e batch.Entry, h float64) batch.Entry {
		e.At = begin.Add(time.Duration(h) * time.Hour)
		return e
	}
	for name, test := range map[string]struct {
		entries  []batch.Entry
		sessions []batch.Session
		name     string
		og       float64
	}{
		"readings":           {name: "2026-03-02", og: 1.050},
		"session":            {sessions: []batch.Session{session}, name: "Session", og: 1.052},
		"owner":              {sessions: []batch.Session{session}, entries: []batch.Entry{entered(batch.Entry{OriginalGravity: ptr(1.054), Name: ptr("Mine")}, 30)}, name: "Mine", og: 1.054},
		"owner, taken back":  {sessions: []batch.Session{session}, entries: []batch.Entry{entered(batch.Entry{OriginalGravity: ptr(1.054), Name: ptr("Mine")}, 30), entered(batch.Entry{OriginalGravity: ptr(0.0), Name: ptr("")}, 31)}, name: "Session", og: 1.052},
		"owner, in advance":  {entries: []batch.Entry{entered(batch.Entry{OriginalGravity: ptr(1.049), Name: ptr("Planned")}, -20)}, name: "Planned", og: 1.049},
		"owner, after all":   {entries: []batch.Entry{entered(batch.Entry{OriginalGravity: ptr(1.049)}, 216)}, name: "2026-03-02", og: 1.049},
		"senseless gravity":  {entries: []batch.Entry{entered(batch.Entry{OriginalGravity: ptr(7.0)}, 30)}, name: "2026-03-02", og: 1.050},
		"session of nothing": {sessions: []batch.Session{{ID: "1", Started: begin}}, name: "2026-03-02", og: 1.050},
	} {
		t.Run(name, func(t *testing.T) {
			var a batch.Analysis
			a.SetEntries(test.entries)
			a.SetSessions(test.sessions)
			follow(&a, rows)
			found := a.Findings(begin.Add(217 * time.Hour))
			require.NotNil(t, found.Batch)
			assert.Equal(t, test.name, found.Batch.Name)
			assert.InDelta(t, test.og, *found.OriginalGravity, 0.0005)
			assert.Equal(t, 1, found.Batch.Number)
			assert.InDelta(t, 100*(test.og-1.011)/(test.og-1), *found.ApparentAttenuation, 1)
			assert.Equal(t, batch.StageComplete, found.Stage)
		})
	}
}

func TestEnteredFinalGravityMovesTheForecast(t *testing.T) {
	rows := paleAle.rows(2.6, pill, nil)
	now := rows[len(rows)-1].At
	expected := func(fg *float64, session *batch.Session) (time.Time, float64) {
		var a batch.Analysis
		var sessions []batch.Session
		if session != nil {
			sessions = append(sessions, *session)
		}
		a.SetEntries([]batch.Entry{{At: begin, FinalGravity: fg}})
		a.SetSessions(sessions)
		for _, r := range rows {
			a.Add(r)
		}
		found := a.Findings(now)
		require.NotNil(t, found.Forecast)
		return found.Forecast.Expected, *found.ExpectedFinalGravity
	}
	usual, _ := expected(nil, nil)
	dry, fg := expected(ptr(1.004), nil)
	assert.True(t, dry.After(usual))
	assert.InDelta(t, 1.004, fg, 0.003)
	yeast, _ := expected(nil, &batch.Session{ID: "1", Started: begin, Attenuation: ptr(92.0)})
	assert.True(t, yeast.After(usual))
}

func TestDevicePutInLate(t *testing.T) {
	rows := paleAle.rows(9, pill, func(h float64, _ *batch.Row) bool { return h > 45 }) // at about 1.035, falling fast
	now := begin.Add(70 * time.Hour)
	var a batch.Analysis
	follow(&a, rows)
	found := a.Findings(now)
	assert.Equal(t, batch.StageActive, found.Stage)
	assert.Nil(t, found.OriginalGravity, "nobody knows it")
	assert.Nil(t, found.ABV)
	assert.Nil(t, found.Forecast)
	assert.Equal(t, batch.StageComplete, a.Findings(begin.Add(215*time.Hour)).Stage)

	a.SetEntries([]batch.Entry{{At: begin.Add(48 * time.Hour), OriginalGravity: ptr(1.050)}})
	found = a.Findings(now)
	assert.InDelta(t, 1.050, *found.OriginalGravity, 1e-9)
	assert.NotNil(t, found.ABV)
	require.NotNil(t, found.Forecast)
	assert.InDelta(t, paleAle.end(), found.Forecast.Expected.Sub(begin).Hours(), 8)
}

func TestOutsideTheYeastsRange(t *testing.T) {
	limits := batch.Session{ID: "1", Started: begin, MinTemperature: ptr(18.0), MaxTemperature: ptr(22.0)}
	rows := paleAle.rows(4, pill, func(h float64, r *batch.Row) bool {
		switch {
		case h > 60:
			r.Temperature = ptr(24.5)
		case h > 30 && h < 31:
			r.Temperature = ptr(17.0) // one hour of it
		}
		return true
	})
	var a, without batch.Analysis
	a.SetSessions([]batch.Session{limits})
	all := follow(&a, rows)
	assert.False(t, *at(all, 29).OutsideRange)
	assert.True(t, *at(all, 30.9).OutsideRange)
	assert.False(t, *at(all, 40).OutsideRange)
	assert.True(t, *at(all, 62).OutsideRange)
	assert.Nil(t, at(follow(&without, rows), 62).OutsideRange, "nobody knows the range")
}

// Balling's formula against the tables of De Clerck, and against the line through it.
func TestAlcohol(t *testing.T) {
	for _, test := range []struct{ og, fg, abv, real, calories float64 }{
		{1.050, 1.010, 5.25, 65.6, 46.5},
		{1.040, 1.008, 4.17, 65.9, 37},
		{1.100, 1.015, 11.6, 69.8, 95},
	} {
		var a batch.Analysis
		a.SetEntries([]batch.Entry{{At: begin.Add(-time.Hour), OriginalGravity: ptr(test.og)}})
		a.SetSessions([]batch.Session{{ID: "1", Started: begin}})
		for i := range 40 {
			a.Add(batch.Row{At: begin.Add(time.Duration(i) * time.Hour), Gravity: ptr(test.fg)})
		}
		found := a.Findings(begin.Add(40 * time.Hour))
		require.NotNil(t, found.ABV)
		assert.InDelta(t, test.abv, *found.ABV, 0.12)
		assert.InDelta(t, (test.og-test.fg)*131.25, *found.ABV, 0.6)
		assert.InDelta(t, test.real, *found.RealAttenuation, 1.2)
		assert.InDelta(t, test.calories, *found.Calories, 2.5)
	}
}
