package poll

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// within fails a test whose work doesn't end: a loop by steps of a foreign size would take years.
func within(t *testing.T, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); work() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it doesn't end")
	}
}

func TestNoIntervalMakesTheScheduleSlow(t *testing.T) {
	for _, interval := range []time.Duration{1, time.Microsecond, time.Second, math.MaxInt64} {
		within(t, func() {
			r := &Estimator{last: noon, phase: noon, interval: interval}
			a := State{Asked: noon.Add(24 * 365 * time.Hour), Devices: []*Estimator{r}, Silent: []bool{false}}
			due := a.Due(usual).At
			assert.False(t, due.Before(a.Asked.Add(usual.Min)), interval)
			assert.False(t, due.After(a.Asked.Add(usual.Max)), interval)
		})
	}
}

// TestWhatAnEarlierRunLearnedIsBounded resumes from what anybody may have written.
func TestWhatAnEarlierRunLearnedIsBounded(t *testing.T) {
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		is             string
		last, expected time.Time
		interval       time.Duration
		taken          bool
	}{
		{"an ordinary rhythm", noon.Add(-time.Minute), noon.Add(14 * time.Minute), 15 * time.Minute, true},
		{"a second", noon, noon, time.Second, true},
		{"a month", noon, noon, 31 * 24 * time.Hour, true},
		{"a nanosecond", noon, noon, 1, false},
		{"less than nothing", noon, noon, -time.Hour, false},
		{"centuries", noon, noon, math.MaxInt64, false},
		{"a reading from the year 1", time.Time{}.Add(time.Hour), noon, time.Minute, false},
		{"a reading from the far future", noon.Add(250 * year), noon, time.Minute, false},
		{"expected in the far future", noon, noon.Add(250 * year), time.Minute, true},
		{"expected in the year 1", noon, time.Time{}.Add(time.Hour), time.Minute, true},
	} {
		t.Run(c.is, func(t *testing.T) {
			r := &Estimator{}
			r.Resume(c.last, c.interval, c.expected, noon)
			assert.Equal(t, c.taken, r.interval > 0)
			assert.Equal(t, c.taken, !r.last.IsZero())
			next := r.Expected(noon)
			assert.True(t, next.IsZero() || next.After(noon) && next.Before(noon.Add(63*24*time.Hour)), "%s", next)
		})
	}
}

// TestWhatTheCloudSaysIsBounded shows times and frequencies that can't be true, and then true ones.
func TestWhatTheCloudSaysIsBounded(t *testing.T) {
	year := 365 * 24 * time.Hour
	for name, at := range map[string]time.Time{
		"the year 1": time.Time{}.Add(time.Hour), "far ahead": noon.Add(250 * year), "two days ahead": noon.Add(48 * time.Hour), "the year 1900": noon.Add(-126 * year),
	} {
		t.Run(name, func(t *testing.T) {
			r := &Estimator{}
			assert.False(t, r.watchedAt(at, noon))
			assert.True(t, r.last.IsZero())
			for i := range 4 {
				r.watched(noon.Add(time.Duration(i)*15*time.Minute), time.Second)
				r.watchedAt(at, noon.Add(time.Hour))
			}
			assert.Equal(t, 15*time.Minute, r.interval)
		})
	}
	r := watch(repeat(4, 15*time.Minute)...)
	r.SetFrequency(1)
	for _, f := range []float64{1e-300, 1e300, 1, 1e300, math.Inf(1), math.NaN()} {
		r.SetFrequency(f)
		assert.GreaterOrEqual(t, r.interval, time.Second, f)
		assert.LessOrEqual(t, r.interval, 31*24*time.Hour, f)
	}
	r = watch(10 * year) // silent for years, and back again
	assert.LessOrEqual(t, r.interval, 31*24*time.Hour)
}

func (r *Estimator) watchedAt(reading, asked time.Time) bool {
	return r.Observe(Sight{Reading: reading, Asked: asked})
}
