package bridge

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// mostIn returns the greatest number of times within any window of that length.
func mostIn(times []time.Time, span time.Duration) int {
	most, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// TestLedgerHoldsEveryWindow asks for requests at random moments, far more than fit, with restarts between.
func TestLedgerHoldsEveryWindow(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		const perHour = 120
		l := newLedger(perHour, requestsPerMinute)
		var all, polls, signIns []time.Time
		now := noon
		for range 20_000 {
			now = now.Add(time.Duration(r.Int64N(int64(4 * time.Second))))
			use := purpose(r.IntN(2))
			signIn := r.IntN(10) == 0
			if l.admits(now, use, signIn) {
				l.record(now, use, signIn)
				all = append(all, now)
				if use == forPoll {
					polls = append(polls, now)
				}
				if signIn {
					signIns = append(signIns, now)
				}
			}
			if r.IntN(500) == 0 { // a restart
				saved := l.save(now, now)
				raw, err := json.Marshal(saved)
				require.NoError(t, err)
				var loaded savedLedger
				require.NoError(t, json.Unmarshal(raw, &loaded))
				l = newLedger(perHour, requestsPerMinute)
				l.takeOver(loaded, now, now)
			}
		}
		assert.LessOrEqual(t, mostIn(all, time.Hour), perHour)
		assert.LessOrEqual(t, mostIn(all, time.Minute), requestsPerMinute)
		assert.LessOrEqual(t, mostIn(polls, time.Hour), perHour*8/10)
		assert.LessOrEqual(t, mostIn(signIns, time.Hour), signInsPerHour)
		assert.Greater(t, len(all), perHour*10, "it must not hold back for nothing")
	}
}

func TestCommandsHaveAReserve(t *testing.T) {
	l := newLedger(100, 1000)
	for range 80 {
		require.True(t, l.admits(noon, forPoll, false))
		l.record(noon, forPoll, false)
	}
	assert.False(t, l.admits(noon, forPoll, false))
	for range 20 {
		require.True(t, l.admits(noon, forCommand, false))
		l.record(noon, forCommand, false)
	}
	assert.False(t, l.admits(noon, forCommand, false))
	assert.Equal(t, noon.Add(time.Hour+windowMargin), l.opens(noon, forCommand, false))
}

func TestAStartWithoutMemoryHasAQuarter(t *testing.T) {
	l := newLedger(240, 1000)
	l.withhold(noon)
	polls, commands := 0, 0
	for l.admits(noon, forPoll, false) {
		l.record(noon, forPoll, false)
		polls++
	}
	for l.admits(noon, forCommand, false) {
		l.record(noon, forCommand, false)
		commands++
	}
	assert.Equal(t, 48, polls)
	assert.Equal(t, 60, polls+commands)
	assert.True(t, l.admits(noon.Add(time.Hour+windowMargin), forPoll, false))
}

func TestAClockThatMovedGivesNothingAway(t *testing.T) {
	full := func() savedLedger {
		l := newLedger(10, 1000)
		for range 8 {
			l.record(noon, forPoll, true)
		}
		return l.save(noon, noon)
	}
	for name, c := range map[string]struct {
		wall   time.Time
		admits bool
	}{
		"the same moment":         {noon, false},
		"set back by a day":       {noon.Add(-24 * time.Hour), false},
		"half an hour later":      {noon.Add(30 * time.Minute), false},
		"more than an hour later": {noon.Add(61 * time.Minute), true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(10, 1000)
			l.takeOver(full(), c.wall, c.wall)
			assert.Equal(t, c.admits, l.admits(c.wall, forPoll, false))
		})
	}
}

func TestMinuteLimit(t *testing.T) {
	assert.Equal(t, 30, minuteLimit(240, false))
	assert.Equal(t, 30, minuteLimit(1000, true))
	assert.Equal(t, 12500, minuteLimit(100_000, false))
}

func TestANearlyUsedUpHourIsSpread(t *testing.T) {
	l := newLedger(240, 1000)
	l.withhold(noon)
	var left []time.Time
	for now := noon; now.Before(noon.Add(time.Hour)); now = now.Add(time.Second) {
		if l.admits(now, forPoll, false) && !l.paced(now).After(now) {
			l.record(now, forPoll, false)
			left = append(left, now)
		}
	}
	assert.Len(t, left, 48)
	assert.True(t, left[len(left)-1].After(noon.Add(55*time.Minute)), "the last one is kept for the end of the hour")
}

func TestWhatIsWithheldIsNoRequest(t *testing.T) {
	l := newLedger(240, 1000)
	l.withhold(noon)
	l.record(noon.Add(time.Second), forPoll, true)
	assert.Equal(t, 1, l.lastHour(noon.Add(time.Minute)))
	saved := l.save(noon.Add(time.Minute), noon.Add(time.Minute))
	assert.Equal(t, &savedWithheld{Age: 60, Polls: 144, Commands: 36}, saved.Withheld)
	assert.Equal(t, [][2]int{{59, 1}}, saved.Polls)

	later := noon.Add(30 * time.Minute)
	next := newLedger(240, 1000)
	next.takeOver(saved, later, later)
	assert.Equal(t, 1, next.lastHour(later))
	for range 47 {
		require.True(t, next.admits(later, forPoll, false))
		next.record(later, forPoll, false)
	}
	assert.False(t, next.admits(later, forPoll, false))
	assert.True(t, next.admits(noon.Add(time.Hour+2*windowMargin), forPoll, false))
}

func TestARequestInTheMomentOfTheStartIsSaved(t *testing.T) {
	l := newLedger(240, 1000)
	l.withhold(noon)
	l.record(noon, forPoll, true)
	l.record(noon, forCommand, false)
	saved := l.save(noon, noon)
	assert.Equal(t, &savedWithheld{Age: 0, Polls: 144, Commands: 36}, saved.Withheld)
	assert.Equal(t, [][2]int{{0, 1}}, saved.Polls)
	assert.Equal(t, [][2]int{{0, 1}}, saved.Commands)
}

func TestARequestTakenOverIsNeverOlderThanItWas(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	left := noon.Add(123 * time.Millisecond)
	l, now := newLedger(240, 1000), left
	l.record(now, forPoll, true)
	for range 300 { // restarts
		now = now.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
		saved := l.save(now, now)
		now = now.Add(time.Duration(r.Int64N(int64(2 * time.Second))))
		l = newLedger(240, 1000)
		l.takeOver(saved, now, now)
		if now.Sub(left) >= time.Hour {
			break
		}
		require.Len(t, l.hour.times, 1)
		require.False(t, l.hour.times[0].Before(left), "it has become older")
		require.Less(t, l.hour.times[0].Sub(left), time.Second, "it has become younger by more than the rounding")
	}
}

func TestALedgerThatSomebodyMadeUpDoesNoHarm(t *testing.T) {
	flood := make([][2]int, 2000)
	for i := range flood {
		flood[i] = [2]int{i, math.MaxInt}
	}
	for name, s := range map[string]savedLedger{
		"a flood":         {At: noon, Polls: flood, Commands: flood, SignIns: flood, Withheld: &savedWithheld{Polls: math.MaxInt, Commands: math.MaxInt}},
		"negative":        {At: noon, Polls: [][2]int{{-5, -5}, {math.MinInt, 1}}, Withheld: &savedWithheld{Age: -1, Polls: -1, Commands: -1}},
		"no time":         {Polls: [][2]int{{5, 5}}, SignIns: [][2]int{{math.MaxInt, 5}}, Withheld: &savedWithheld{Age: math.MaxInt, Polls: 5}},
		"in a far future": {At: noon.AddDate(500, 0, 0), Polls: [][2]int{{5, 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(240, 30)
			l.takeOver(s, noon, noon)
			assert.LessOrEqual(t, len(l.hour.times), 4*240)
			after := noon.Add(time.Hour + 2*windowMargin)
			assert.True(t, l.admits(after, forPoll, true), "an hour later all is as ever")
			assert.Zero(t, l.lastHour(after))
		})
	}
}
