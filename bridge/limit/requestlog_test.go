package limit

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

// TestTheRequestLogHoldsEveryWindow asks for requests at random moments, far more than fit, with restarts between.
func TestTheRequestLogHoldsEveryWindow(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		const perHour = 120
		l := NewRequestLog(perHour, requestsPerMinute)
		l.ShareWithBackfill()
		var all, polls, others, backfills, signIns []time.Time
		now := noon
		for range 20_000 {
			now = now.Add(time.Duration(r.Int64N(int64(4 * time.Second))))
			use := Purpose(r.IntN(int(purposes)))
			signIn := r.IntN(10) == 0
			if l.Allows(now, use, signIn) {
				l.Record(now, use, signIn)
				all = append(all, now)
				if use == ForPoll {
					polls = append(polls, now)
				}
				if use != ForOff {
					others = append(others, now)
				}
				if use == ForBackfill {
					backfills = append(backfills, now)
				}
				if signIn {
					signIns = append(signIns, now)
				}
			}
			if r.IntN(500) == 0 { // a restart
				saved := key.Sign(l.Save(now, now))
				raw, err := json.Marshal(saved)
				require.NoError(t, err)
				var loaded SavedLog
				require.NoError(t, json.Unmarshal(raw, &loaded))
				l = NewRequestLog(perHour, requestsPerMinute)
				l.ShareWithBackfill()
				require.NoError(t, key.Check(loaded))
				l.Restore(loaded, now, now)
			}
		}
		assert.LessOrEqual(t, mostIn(all, time.Hour), perHour)
		assert.LessOrEqual(t, mostIn(all, time.Minute), requestsPerMinute)
		assert.LessOrEqual(t, mostIn(polls, time.Hour), perHour*7/10)
		assert.LessOrEqual(t, mostIn(others, time.Hour), perHour-offPerHour)
		assert.LessOrEqual(t, mostIn(backfills, time.Hour), perHour/10)
		assert.Greater(t, len(backfills), perHour*3/4)
		assert.LessOrEqual(t, mostIn(signIns, time.Hour), SignInsPerHour)
		assert.Greater(t, len(all), perHour*10, "it must not hold back for nothing")
	}
}

// use makes as many requests of a purpose at a time as may leave, and returns how many.
func (l *RequestLog) use(at time.Time, p Purpose, signIn bool) int {
	n := 0
	for l.Allows(at, p, signIn) {
		l.Record(at, p, signIn)
		n++
	}
	return n
}

func TestEveryPurposeHasItsReserve(t *testing.T) {
	for perHour, want := range map[int][purposes]int{
		10: {7, 1, 2}, 40: {26, 4, 10}, 100: {80, 10, 10}, 240: {192, 36, 12}, 1000: {800, 150, 50},
	} {
		l := NewRequestLog(perHour, 10_000)
		assert.Equal(t, want, [purposes]int{l.use(noon, ForPoll, false), l.use(noon, ForCommand, false), l.use(noon, ForOff, false)}, perHour)
		assert.Equal(t, noon.Add(time.Hour+windowMargin), l.NextAllowed(noon, ForOff, false))
	}
}

// TestCommandsLeaveSomePolls: commands that go on and on, and what fills gaps, keep no family from being asked now and then.
func TestCommandsLeaveSomePolls(t *testing.T) {
	for perHour, polls := range map[int]int{10: 1, 40: 6, 100: 16, 240: 40, 1000: 166} {
		l := NewRequestLog(perHour, 10_000)
		l.ShareWithBackfill()
		l.use(noon, ForBackfill, false)
		l.use(noon, ForCommand, false)
		assert.Equal(t, polls, l.use(noon, ForPoll, false), perHour)
		assert.Equal(t, l.hour.kept[ForPoll], l.use(noon, ForOff, false), perHour)
	}
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	l.use(noon, ForCommand, false)
	assert.Equal(t, 10, l.use(noon, ForPoll, false), "a quarter after a start without memory")
	l = NewRequestLog(240, 10_000)
	l.use(noon, ForCommand, false)
	l.Record(noon, ForOff, false)
	saved := l.Save(noon, noon)
	l = NewRequestLog(240, 10_000)
	l.Restore(saved, noon, noon)
	assert.Equal(t, []int{0, 39}, []int{l.use(noon, ForCommand, false), l.use(noon, ForPoll, false)}, "a restart changes nothing")
}

func TestPollsComeEvenlyBesideManyCommands(t *testing.T) {
	l := NewRequestLog(240, 1000)
	var left []time.Time
	for now := noon; now.Before(noon.Add(4 * time.Hour)); now = now.Add(time.Second) {
		l.use(now, ForCommand, false)
		if l.Allows(now, ForPoll, false) && !l.Paced(now, 0).After(now) {
			l.Record(now, ForPoll, false)
			left = append(left, now)
		}
	}
	for i := range left[1:] {
		assert.LessOrEqual(t, left[i+1].Sub(left[i]), 5*time.Minute)
	}
	assert.Equal(t, 40, mostIn(left, time.Hour))
}

// TestSwitchingOffAlwaysLeaves: whatever commands and readbacks have used of the hour and of the minute, and whatever was
// switched off before, there is room to switch something off.
func TestSwitchingOffAlwaysLeaves(t *testing.T) {
	l := NewRequestLog(240, requestsPerMinute)
	for now := noon; now.Before(noon.Add(3 * time.Hour)); now = now.Add(time.Second) {
		l.use(now, ForCommand, false)
		if now.Sub(noon)%(10*time.Minute) == 0 {
			require.True(t, l.Allows(now, ForOff, false), "%s", now)
			l.Record(now, ForOff, false)
		}
		if now.Sub(noon)%(17*time.Minute) == 0 { // restarts change nothing
			saved := l.Save(now, now)
			l = NewRequestLog(240, requestsPerMinute)
			l.Restore(saved, now, now)
		}
	}
}

func TestSignInsAreKeptForCommandsAndForSwitchingOff(t *testing.T) {
	l := NewRequestLog(240, 1000)
	assert.Equal(t, 4, l.use(noon, ForPoll, true))
	assert.Equal(t, 1, l.use(noon, ForCommand, true))
	saved := l.Save(noon, noon)
	l = NewRequestLog(240, 1000)
	l.Restore(saved, noon, noon)
	assert.False(t, l.Allows(noon, ForPoll, true))
	assert.False(t, l.Allows(noon, ForCommand, true))
	assert.Equal(t, 1, l.use(noon, ForOff, true), "after five restarts a heater can still be switched off")
}

func TestAStartWithoutMemoryHasAQuarter(t *testing.T) {
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	polls, commands, off := l.use(noon, ForPoll, false), l.use(noon, ForCommand, false), l.use(noon, ForOff, false)
	assert.Equal(t, []int{48, 9, 12}, []int{polls, commands, off}, "a quarter, and what is kept for switching off")
	assert.True(t, l.Allows(noon.Add(time.Hour+windowMargin), ForPoll, false))
}

func TestAStartWithoutMemoryHasFiveSignIns(t *testing.T) {
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	assert.Equal(t, []int{3, 1, 1}, []int{l.use(noon, ForPoll, true), l.use(noon, ForCommand, true), l.use(noon, ForOff, true)})
	saved := l.Save(noon, noon)
	assert.Equal(t, [][2]int{{0, 5}}, saved.SignIns, "what is withheld is no sign-in")
	l = NewRequestLog(240, 1000)
	l.Restore(saved, noon, noon)
	assert.False(t, l.Allows(noon, ForOff, true))
}

func TestReadbacksBecomeRarerAsTheHourFillsUp(t *testing.T) {
	l := NewRequestLog(240, 1000)
	seen := map[int]int{}
	for l.Allows(noon, ForCommand, false) {
		seen[l.Readbacks(noon)]++
		l.Record(noon, ForCommand, false)
	}
	assert.Equal(t, map[int]int{4: 151, 2: 19, 1: 9, 0: 9}, seen)
	assert.Zero(t, l.Readbacks(noon))
}

func TestAClockThatMovedGivesNothingAway(t *testing.T) {
	full := func() SavedLog {
		l := NewRequestLog(10, 1000)
		for range 8 {
			l.Record(noon, ForPoll, true)
		}
		return l.Save(noon, noon)
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
			l := NewRequestLog(10, 1000)
			l.Restore(full(), c.wall, c.wall)
			assert.Equal(t, c.admits, l.Allows(c.wall, ForPoll, false))
		})
	}
}

func TestMinuteLimit(t *testing.T) {
	assert.Equal(t, 30, MinuteLimit(240, false))
	assert.Equal(t, 30, MinuteLimit(1000, true))
	assert.Equal(t, 12500, MinuteLimit(100_000, false))
}

func TestANearlyUsedUpHourIsSpread(t *testing.T) {
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	var left []time.Time
	for now := noon; now.Before(noon.Add(time.Hour)); now = now.Add(time.Second) {
		if l.Allows(now, ForPoll, false) && !l.Paced(now, 0).After(now) {
			l.Record(now, ForPoll, false)
			left = append(left, now)
		}
	}
	assert.Len(t, left, 48)
	assert.True(t, left[len(left)-1].After(noon.Add(55*time.Minute)), "the last one is kept for the end of the hour")
}

func TestWhatIsWithheldIsNoRequest(t *testing.T) {
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	l.Record(noon.Add(time.Second), ForPoll, true)
	assert.Equal(t, 1, l.LastHour(noon.Add(time.Minute)))
	saved := l.Save(noon.Add(time.Minute), noon.Add(time.Minute))
	assert.Equal(t, &SavedReserve{Age: 60, Polls: 144, Commands: 27, SignIns: 1}, saved.Reserved)
	assert.Equal(t, [][2]int{{59, 1}}, saved.Polls)

	later := noon.Add(30 * time.Minute)
	next := NewRequestLog(240, 1000)
	next.Restore(saved, later, later)
	assert.Equal(t, 1, next.LastHour(later))
	for range 47 {
		require.True(t, next.Allows(later, ForPoll, false))
		next.Record(later, ForPoll, false)
	}
	assert.False(t, next.Allows(later, ForPoll, false))
	assert.True(t, next.Allows(noon.Add(time.Hour+2*windowMargin), ForPoll, false))
}

func TestARequestInTheMomentOfTheStartIsSaved(t *testing.T) {
	l := NewRequestLog(240, 1000)
	l.Reserve(noon)
	l.Record(noon, ForPoll, true)
	l.Record(noon, ForCommand, false)
	saved := l.Save(noon, noon)
	assert.Equal(t, &SavedReserve{Age: 0, Polls: 144, Commands: 27, SignIns: 1}, saved.Reserved)
	assert.Equal(t, [][2]int{{0, 1}}, saved.Polls)
	assert.Equal(t, [][2]int{{0, 1}}, saved.Commands)
}

func TestARequestTakenOverIsNeverOlderThanItWas(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	left := noon.Add(123 * time.Millisecond)
	l, now := NewRequestLog(240, 1000), left
	l.Record(now, ForPoll, true)
	for range 300 { // restarts
		now = now.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
		saved := l.Save(now, now)
		now = now.Add(time.Duration(r.Int64N(int64(2 * time.Second))))
		l = NewRequestLog(240, 1000)
		l.Restore(saved, now, now)
		if now.Sub(left) >= time.Hour {
			break
		}
		require.Len(t, l.hour.left, 1)
		require.False(t, l.hour.left[0].at.Before(left), "it has become older")
		require.Less(t, l.hour.left[0].at.Sub(left), time.Second, "it has become younger by more than the rounding")
	}
}

func TestALogThatSomebodyMadeUpDoesNoHarm(t *testing.T) {
	flood := make([][2]int, 2000)
	for i := range flood {
		flood[i] = [2]int{i, math.MaxInt}
	}
	for name, s := range map[string]SavedLog{
		"a flood":         {At: noon, Polls: flood, Commands: flood, SignIns: flood, Reserved: &SavedReserve{Polls: math.MaxInt, Commands: math.MaxInt}},
		"negative":        {At: noon, Polls: [][2]int{{-5, -5}, {math.MinInt, 1}}, Reserved: &SavedReserve{Age: -1, Polls: -1, Commands: -1}},
		"no time":         {Polls: [][2]int{{5, 5}}, SignIns: [][2]int{{math.MaxInt, 5}}, Reserved: &SavedReserve{Age: math.MaxInt, Polls: 5}},
		"in a far future": {At: noon.AddDate(500, 0, 0), Polls: [][2]int{{5, 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewRequestLog(240, 30)
			l.Restore(s, noon, noon)
			assert.LessOrEqual(t, l.hour.used, 4*240)
			after := noon.Add(time.Hour + 2*windowMargin)
			assert.True(t, l.Allows(after, ForPoll, true), "an hour later all is as ever")
			assert.Zero(t, l.LastHour(after))
		})
	}
}

func TestAWithdrawnRequestIsNotCounted(t *testing.T) {
	l := NewRequestLog(240, 30)
	l.Record(noon, ForPoll, true)
	l.Record(noon.Add(time.Second), ForBackfill, false)
	l.Record(noon.Add(time.Second), ForPoll, false)
	before := l.Save(noon.Add(time.Minute), noon.Add(time.Minute))
	at := noon.Add(2 * time.Second)
	for range 1000 {
		for _, p := range []Purpose{ForPoll, ForCommand, ForBackfill, ForOff} {
			l.Record(at, p, true)
			l.Withdraw(at, p, true)
		}
	}
	assert.Equal(t, before, l.Save(noon.Add(time.Minute), noon.Add(time.Minute)))
	assert.Equal(t, 3, l.LastHour(at))
	assert.True(t, l.Allows(at, ForPoll, true))
}
