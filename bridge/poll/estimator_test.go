package poll

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// watched lets a rhythm see a reading that shows lag after it, by a poll at that moment. It returns whether it was new.
func (r *Estimator) watched(reading time.Time, lag time.Duration) bool {
	return r.Observe(Sight{Reading: reading, Asked: reading.Add(lag)})
}

// watch lets it see readings at these distances from one another, from noon on.
func watch(steps ...time.Duration) *Estimator {
	r, at := &Estimator{}, noon
	r.watched(at, 3*time.Second)
	for _, step := range steps {
		if r.interval > 0 && r.visible(1).Before(at.Add(step)) { // a poll for a reading that didn't come
			r.Observe(Sight{Reading: at, Asked: r.visible(1).Add(time.Second)})
		}
		at = at.Add(step)
		r.watched(at, 3*time.Second)
	}
	return r
}

func repeat(n int, step time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = step
	}
	return out
}

func TestTheRhythmIsUnknownUntilTwoReadings(t *testing.T) {
	r := watch()
	assert.Zero(t, r.interval)
	assert.True(t, r.Expected(noon).IsZero())
	r = watch(15 * time.Minute)
	assert.Equal(t, 15*time.Minute, r.interval)
}

func TestTheRhythmIsLearned(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		is    string
		steps []time.Duration
		want  time.Duration
	}{
		{"every quarter of an hour", repeat(5, 15*m), 15 * m},
		{"reports are lost", []time.Duration{15 * m, 15 * m, 30 * m, 15 * m, 45 * m, 15 * m}, 15 * m},
		{"several in a row are lost", []time.Duration{15 * m, 15 * m, 15 * m, 75 * m, 15 * m}, 15 * m},
		{"the first distance was twice too long", []time.Duration{30 * m, 15 * m}, 15 * m},
		{"polls saw two readings at once, until one looked between", []time.Duration{10 * m, 10 * m, 10 * m, 5 * m}, 5 * m},
		{"slower: within three readings", append(repeat(8, 5*m), repeat(3, 15*m)...), 15 * m},
		{"much slower", append(repeat(8, m), repeat(3, time.Hour)...), time.Hour},
		{"faster: with the second reading", append(repeat(8, 15*m), 5*m, 5*m), 5 * m},
		{"one early reading moves nothing", append(repeat(8, 15*m), 4*m), 15 * m},
		{"two readings within a minute, which no poll tells apart from one", append([]time.Duration{66 * time.Second, 22 * time.Second, 44 * time.Second}, repeat(8, 66*time.Second)...), 66 * time.Second},
		{"the very first distance was to an early reading", []time.Duration{100 * time.Second, 806 * time.Second, 906 * time.Second, 906 * time.Second}, 906 * time.Second},
		{"a little slower", append(repeat(8, 5*m), repeat(3, 7*m)...), 7 * m},
		{"a little faster", append(repeat(8, 7*m), repeat(3, 5*m)...), 5 * m},
		{"slower, and one report of the new rhythm lost", append(repeat(8, 5*m), 15*m, 30*m, 15*m, 15*m), 15 * m},
		{"one report out of turn doesn't matter in the end", []time.Duration{15 * m, 15 * m, 4 * m, 11 * m, 15 * m, 15 * m, 15 * m}, 15 * m},
	} {
		t.Run(c.is, func(t *testing.T) {
			assert.InEpsilon(t, c.want.Seconds(), watch(c.steps...).interval.Seconds(), 0.01)
		})
	}
}

func TestJitterAndLostReportsDoNotBlurTheRhythm(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		interval := time.Minute + time.Duration(r.Int64N(int64(time.Hour)))
		var steps []time.Duration
		for range 40 {
			step := interval
			for r.IntN(10) == 0 {
				step += interval
			}
			steps = append(steps, step+time.Duration((r.Float64()*0.1-0.05)*float64(interval)))
		}
		assert.InEpsilon(t, interval.Seconds(), watch(steps...).interval.Seconds(), 0.05, "seed %d", seed)
	}
}

func TestWhatIsNoNewReading(t *testing.T) {
	r := watch(repeat(4, 5*time.Minute)...)
	last := r.last
	was := *r
	assert.False(t, r.watched(last, time.Minute), "the same again")
	assert.Zero(t, r.emptyPolls, "it was not due yet")
	assert.False(t, r.watched(last.Add(-5*time.Minute), time.Minute), "an older one")
	assert.False(t, r.watched(last.Add(400*time.Millisecond), time.Minute), "the same, touched")
	assert.False(t, r.watched(time.Time{}, time.Minute), "none")
	assert.Equal(t, was.interval, r.interval)
	assert.Equal(t, was.readings, r.readings)

	late := r.visible(1).Add(time.Second)
	assert.False(t, r.Observe(Sight{Reading: r.last, Asked: late}))
	assert.Equal(t, 1, r.emptyPolls, "due, and it did not come")
	assert.True(t, r.watched(r.last.Add(5*time.Minute), time.Minute))
	assert.Zero(t, r.emptyPolls)
}

func TestADeviceWhoseClockIsSetBackIsLearnedAnew(t *testing.T) {
	r := watch(repeat(4, 5*time.Minute)...)
	r.stated = 5
	yesterday := r.last.Add(-24 * time.Hour)
	assert.False(t, r.watched(yesterday, 24*time.Hour))
	assert.Equal(t, &Estimator{last: yesterday, phase: yesterday, stated: 5}, r)
	assert.True(t, r.watched(yesterday.Add(5*time.Minute), 24*time.Hour))
	assert.Equal(t, 5*time.Minute, r.interval)
}

func TestAChangedStatedFrequencyChangesTheRhythmByItsRatio(t *testing.T) {
	r := watch(repeat(4, 5*time.Minute)...)
	r.SetFrequency(300) // seconds or minutes: the unit is not known
	assert.Equal(t, 5*time.Minute, r.interval, "the first sight says nothing")
	r.SetFrequency(900)
	assert.Equal(t, 15*time.Minute, r.interval)
	r.SetFrequency(0)
	r.SetFrequency(-1)
	assert.Equal(t, 15*time.Minute, r.interval, "nonsense")
	r.watched(r.last.Add(15*time.Minute), time.Second)
	assert.Equal(t, 15*time.Minute, r.interval)
}

func TestARestartGoesOnWithWhatWasKnown(t *testing.T) {
	for _, c := range []struct {
		is       string
		last     time.Time
		interval time.Duration
		expected time.Time
		want     time.Duration // from the last reading to when the next one shows
	}{
		{"rhythm and lag", noon, 15 * time.Minute, noon.Add(15*time.Minute + 8*time.Second), 15*time.Minute + 4*time.Second + 18*time.Second},
		{"expected further ahead", noon, 15 * time.Minute, noon.Add(45*time.Minute + 8*time.Second), 15*time.Minute + 4*time.Second + 18*time.Second},
		{"without what was expected", noon, 15 * time.Minute, time.Time{}, 15*time.Minute + 18*time.Second},
		{"what was expected can't be", noon, 15 * time.Minute, noon.Add(22 * time.Minute), 15*time.Minute + 18*time.Second},
		{"expected before the reading", noon, 15 * time.Minute, noon.Add(-time.Hour), 15*time.Minute + 18*time.Second},
	} {
		t.Run(c.is, func(t *testing.T) {
			r := &Estimator{}
			r.Resume(c.last, c.interval, c.expected, noon)
			assert.Equal(t, c.interval, r.interval)
			assert.Equal(t, c.want, r.visible(1).Sub(c.last))
		})
	}
	for is, r := range map[string]*Estimator{"no reading": {}, "no rhythm": {}} {
		r.Resume(map[string]time.Time{"no rhythm": noon}[is], map[string]time.Duration{"no reading": time.Minute}[is], time.Time{}, noon)
		assert.Zero(t, *r, is)
	}
}

func TestALookBetweenTwoReadingsProvesTheRhythm(t *testing.T) {
	r := watch(repeat(2, 15*time.Minute)...)
	assert.False(t, r.intervalConfirmed, "the device may report three times as often")
	r.Observe(Sight{Reading: r.last, Asked: r.last.Add(5 * time.Minute)})
	assert.False(t, r.intervalConfirmed, "it is too early to tell")
	r.Observe(Sight{Reading: r.last, Asked: r.last.Add(8 * time.Minute)})
	assert.True(t, r.intervalConfirmed)
	r.watched(r.last.Add(15*time.Minute), time.Second)
	assert.True(t, r.intervalConfirmed)
	r.watched(r.last.Add(5*time.Minute), time.Second)
	assert.Equal(t, 15*time.Minute, r.interval, "it may have come out of turn")
	r.watched(r.last.Add(5*time.Minute), time.Second)
	assert.Equal(t, 5*time.Minute, r.interval)
	assert.False(t, r.intervalConfirmed, "another rhythm, another look")
}

func TestALongDowntimeIsNoNewRhythm(t *testing.T) {
	r := &Estimator{}
	r.Resume(noon, 15*time.Minute, noon.Add(15*time.Minute), noon)
	assert.True(t, r.watched(noon.Add(10*time.Hour), time.Second))
	assert.Equal(t, 15*time.Minute, r.interval)
	assert.True(t, r.watched(noon.Add(10*time.Hour+15*time.Minute), time.Second))
	assert.Equal(t, 15*time.Minute, r.interval)
}

func TestTheLagIsBetweenWhatWasTooEarlyAndWhatWasNot(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		is           string
		lags, unseen []time.Duration
		want         time.Duration
	}{
		{"nothing known", nil, nil, 0},
		{"seen after 4 s", []time.Duration{4 * s, 9 * s}, nil, 2 * s},
		{"seen after 4 s, not after 2 s", []time.Duration{4 * s, 9 * s}, []time.Duration{s, 2 * s}, 3 * s},
		{"it varies: seen after 3 s, and another one not after 5 s", []time.Duration{3 * s, 6 * s}, []time.Duration{5 * s}, 5 * s},
		{"this clock is behind: readings come from the future", []time.Duration{-20 * s, -18 * s}, nil, -20 * s},
	} {
		t.Run(c.is, func(t *testing.T) { assert.Equal(t, c.want, estimateLag(c.lags, c.unseen)) })
	}
}

// TestTheLagIsFound asks when the rhythm says so, and finds a lag of 4 s within a few readings.
func TestTheLagIsFound(t *testing.T) {
	const lag, interval = 4 * time.Second, 5 * time.Minute
	r := &Estimator{}
	r.Observe(Sight{Reading: noon, Asked: noon.Add(40 * time.Second)})
	r.Observe(Sight{Reading: noon.Add(interval), Asked: noon.Add(interval + 40*time.Second), Before: noon.Add(interval - 20*time.Second)})
	asked := noon.Add(interval + 40*time.Second)
	var late time.Duration
	for n := 2; n < 14; n++ {
		reading := noon.Add(time.Duration(n) * interval)
		for {
			before := asked
			asked = times.Latest(r.visible(1), asked.Add(time.Minute))
			if shown := !asked.Before(reading.Add(lag)); r.Observe(Sight{Reading: reading.Add(map[bool]time.Duration{true: 0, false: -interval}[shown]), Asked: asked, Before: before}) {
				break
			}
			require.Less(t, asked.Sub(reading), interval)
		}
		late = asked.Sub(reading.Add(lag))
	}
	assert.Less(t, late, 2*time.Second)
}

func TestTheSlackOutweighsDelayAgainstAskingTwice(t *testing.T) {
	const s = time.Second
	assert.Equal(t, 18*s, estimateSlack(nil, 15*time.Minute), "unknown yet: a fiftieth")
	exact := estimateSlack([]time.Duration{0, 0, 0, 0}, 15*time.Minute)
	assert.Zero(t, exact)
	even := estimateSlack([]time.Duration{-2 * s, -s, 0, s, 2 * s}, 15*time.Minute)
	assert.GreaterOrEqual(t, even, 2*s, "all of them, since a second request costs more")
	assert.Less(t, even, 4*s)
	outlier := estimateSlack([]time.Duration{0, s, -s, 0, s, -s, 0, s, 0, 300 * s}, 15*time.Minute)
	assert.Less(t, outlier, 60*s, "one that was very late doesn't delay all")
}

func TestSilence(t *testing.T) {
	r := Estimator{last: noon, phase: noon, interval: 15 * time.Minute}
	assert.False(t, r.IsSilent(noon.Add(30*time.Minute), 30*time.Minute), "the floor of the family")
	assert.False(t, r.IsSilent(noon.Add(45*time.Minute), 30*time.Minute), "three intervals")
	assert.True(t, r.IsSilent(noon.Add(45*time.Minute+time.Second), 30*time.Minute))
	assert.False(t, r.IsSilent(noon.Add(3*time.Hour), 3*time.Hour))
	assert.True(t, r.IsSilent(noon.Add(3*time.Hour+time.Second), 3*time.Hour))
}

func TestExpectedIsTheNextReadingFromNow(t *testing.T) {
	r := Estimator{last: noon, phase: noon, interval: 10 * time.Minute, lag: 5 * time.Second}
	assert.Equal(t, noon.Add(10*time.Minute+5*time.Second), r.Expected(noon.Add(time.Minute)))
	assert.Equal(t, noon.Add(20*time.Minute+5*time.Second), r.Expected(noon.Add(11*time.Minute)), "the last one did not come")
	assert.Equal(t, noon.Add(60*time.Minute+5*time.Second), r.Expected(noon.Add(51*time.Minute)))
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	r := watch(repeat(500, time.Minute)...)
	for _, list := range [][]time.Duration{r.steps, r.lags, r.unseen} {
		assert.LessOrEqual(t, len(list), remembered)
		assert.LessOrEqual(t, cap(list), 2*remembered)
	}
	assert.Len(t, r.spread, deviations)
	assert.LessOrEqual(t, cap(r.spread), 2*deviations)
}

// TestAnEarlyReading is a device at 15 minutes whose next reading, or something like it, comes out of turn.
func TestAnEarlyReading(t *testing.T) {
	const m = time.Minute
	type answer struct {
		reading, asked time.Duration // after the last reading of the rhythm
		same, isNew    bool
	}
	for _, c := range []struct {
		is      string
		answers []answer
		want    time.Duration // from the last regular reading to when the next one shows
	}{
		{"seen at once, it moves nothing", []answer{{reading: 4 * m, asked: 5 * m, isNew: true}}, 15 * m},
		{"sent again it is no news", []answer{{reading: 4 * m, asked: 5 * m, same: true}}, 15 * m},
		{"the regular one comes: as if it had not been", []answer{{reading: 4 * m, asked: 5 * m, isNew: true}, {reading: 15 * m, asked: 16 * m, isNew: true}}, 30 * m},
		{"the regular one doesn't come: the rhythm has begun anew", []answer{{reading: 4 * m, asked: 5 * m, isNew: true}, {reading: 4 * m, asked: 16 * m}}, 19 * m},
		{"seen when the regular one should have shown: so it has", []answer{{reading: 4 * m, asked: 16 * m, isNew: true}}, 19 * m},
		{"and the next one confirms it", []answer{{reading: 4 * m, asked: 16 * m, isNew: true}, {reading: 19 * m, asked: 20 * m, isNew: true}}, 34 * m},
		{"or not: the old rhythm goes on", []answer{{reading: 4 * m, asked: 16 * m, isNew: true}, {reading: 30 * m, asked: 31 * m, isNew: true}}, 45 * m},
		{"another one after it", []answer{{reading: 4 * m, asked: 5 * m, isNew: true}, {reading: 6 * m, asked: 7 * m, isNew: true}}, 15 * m},
		{"the same values at the right time are a reading", []answer{{reading: 15 * m, asked: 16 * m, same: true, isNew: true}}, 30 * m},
	} {
		t.Run(c.is, func(t *testing.T) {
			r := watch(repeat(6, 15*m)...)
			r.intervalConfirmed = true
			regular := r.last
			for _, a := range c.answers {
				got := r.Observe(Sight{Reading: regular.Add(a.reading), Asked: regular.Add(a.asked), Same: func() bool { return a.same }})
				assert.Equal(t, a.isNew, got, "%s", a.reading)
			}
			assert.Equal(t, 15*m, r.interval)
			assert.InDelta(t, c.want.Seconds(), r.visible(1).Sub(regular).Seconds(), 5)
		})
	}
}

func TestADeviceWithOneValueForEverHasARhythm(t *testing.T) {
	r := &Estimator{}
	for i := range 4 {
		at := noon.Add(time.Duration(i) * 5 * time.Minute)
		r.Observe(Sight{Reading: at, Asked: at.Add(3 * time.Second), Same: func() bool { return i > 0 }})
	}
	assert.Equal(t, 5*time.Minute, r.interval)
}

// TestTwoEarlyReadingsFarApartAreNoFasterRhythm has two that came after a third of the interval, with looks between them
// that found nothing there.
func TestTwoEarlyReadingsFarApartAreNoFasterRhythm(t *testing.T) {
	const m = time.Minute
	r := watch(repeat(6, 15*m)...)
	r.intervalConfirmed = true
	for i := range 3 {
		regular := r.last
		require.True(t, r.watched(regular.Add(5*m), m))
		require.True(t, r.watched(regular.Add(15*m), 3*time.Second))
		at, ok := probe(r, r.last.Add(3*time.Second), usual)
		require.True(t, ok, "one may be the first of a faster rhythm")
		r.Observe(Sight{Reading: r.last, Asked: at})
		assert.Equal(t, 15*m, r.interval, "after %d of them", i+1)
		_, ok = probe(r, at, usual)
		assert.False(t, ok, "but it is not")
		r.watched(r.last.Add(15*m), 3*time.Second)
	}
}

// TestAFasterDeviceThatIsFoundBetweenReadings reports three times as often as it did, so that its readings at the old times
// go on to come as expected.
func TestAFasterDeviceThatIsFoundBetweenReadings(t *testing.T) {
	r := watch(repeat(6, 15*time.Minute)...)
	r.intervalConfirmed = true
	at := r.last
	for i := 1; r.interval > 5*time.Minute; i++ {
		require.Less(t, i, 6, "every probe finds a reading after a third of the interval")
		r.Observe(Sight{Reading: at.Add(5 * time.Minute), Asked: at.Add(9 * time.Minute)})
		if at = at.Add(15 * time.Minute); r.interval > 5*time.Minute {
			r.watched(at, 3*time.Second)
		}
	}
	assert.Equal(t, 5*time.Minute, r.interval)
}
