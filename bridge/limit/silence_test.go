package limit

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheSilenceAfterA429OutlivesRestarts: each one takes it over a while later, and it ends when it was to end.
func TestTheSilenceAfterA429OutlivesRestarts(t *testing.T) {
	g := open(240)
	g.OnError(noon, noon, limitedFor(30*time.Minute), true)
	for now := noon; now.Before(noon.Add(30*time.Minute - time.Second)); now = now.Add(1300 * time.Millisecond) {
		saved := reloaded(t, key.Sign(g.Requests.Save(now, now)))
		g = open(240)
		require.NoError(t, key.Check(saved))
		assert.Contains(t, g.Restore(saved, now, now), "nothing is asked until 12:30:0")
		assert.Equal(t, RateLimited, g.Status(now, now, now))
		for _, at := range []time.Time{g.NextPoll(now), g.NextCommand(now, ForCommand), g.NextCommand(now, ForOff), g.Health.LimitReset(now)} {
			assert.WithinRange(t, at, noon.Add(30*time.Minute), noon.Add(30*time.Minute+time.Second))
		}
	}
	now := noon.Add(31 * time.Minute)
	saved := g.Requests.Save(now, now)
	assert.Zero(t, saved.Silence)
	assert.Empty(t, open(240).Restore(saved, now, now))
	g.OnSuccess()
	assert.Zero(t, g.Requests.SilentUntil)
}

func TestASavedSilenceIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		silence int
		age     time.Duration // of the log
		want    time.Duration
	}{
		"none":                   {0, 0, 0},
		"an hour":                {3600, 0, time.Hour},
		"an hour, some time ago": {3600, 20 * time.Minute, 40 * time.Minute},
		"over":                   {3600, 2 * time.Hour, 0},
		"over for long":          {24 * 3600, 9999 * time.Hour, 0},
		"the clock was set back": {3600, -time.Hour, time.Hour},
		"more than can be":       {math.MaxInt, 0, 24 * time.Hour},
		"less than none":         {math.MinInt, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewRequestLog(240, requestsPerMinute)
			l.Restore(SavedLog{At: noon.Add(-c.age), Silence: c.silence}, noon, noon)
			assert.Equal(t, c.want, max(0, l.SilentUntil.Sub(noon)))
		})
	}
}

func TestABridgesOwnSilenceIsNotCutByAnEarlierOne(t *testing.T) {
	g := open(240)
	g.OnError(noon, noon, limitedFor(30*time.Minute), true)
	next := g.Anew(NewRequestLog(240, requestsPerMinute))
	next.Restore(SavedLog{At: noon, Silence: 60}, noon, noon)
	assert.Equal(t, noon.Add(30*time.Minute), next.NextPoll(noon))
}
