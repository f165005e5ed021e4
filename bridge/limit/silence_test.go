package limit

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
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

// TestWhatSwitchesOffIsTriedInALongSilence an hour after the first 429, and then every quarter of an hour.
func TestWhatSwitchesOffIsTriedInALongSilence(t *testing.T) {
	g := open(240)
	off := func(now time.Time) time.Duration { return g.NextCommand(now, ForOff).Sub(noon) }
	g.OnError(noon, noon, limitedFor(16*time.Hour), true)
	assert.Equal(t, time.Hour, off(noon))
	assert.Contains(t, g.Held(noon, ForOff), "nothing is asked until 04:00:00 UTC, but what switches something off is tried from 13:00:00 UTC")
	restart := func(now time.Time) {
		saved := reloaded(t, key.Sign(g.Requests.Save(now, now)))
		g = open(240)
		g.Restore(saved, now, now)
	}
	for now := noon.Add(time.Minute); now.Before(noon.Add(50 * time.Minute)); now = now.Add(7 * time.Minute) {
		restart(now)
	}
	assert.Equal(t, time.Hour, off(noon))
	for try, err := range []error{limitedFor(16 * time.Hour), answered(403), &raptclient.SignInError{Rejected: true, Status: 400}, answered(503), answered(429)} {
		now := noon.Add(time.Hour + time.Duration(try)*15*time.Minute)
		g.Answered(now, raptclient.Exchange{Status: 503}, 0)
		g.OnError(now, now, err, true)
		assert.Equal(t, now.Add(15*time.Minute).Sub(noon), off(now), err)
		restart(now)
		assert.Equal(t, now.Add(15*time.Minute).Sub(noon), off(now), "after a restart: %v", err)
		assert.Equal(t, 17*time.Hour, g.NextPoll(now).Sub(noon), "of which the cloud has told")
		assert.Equal(t, g.NextPoll(now), g.NextCommand(now, ForCommand))
	}
	g.OnSuccess()
	assert.False(t, g.NextPoll(noon).After(noon))
	assert.Zero(t, g.Requests.OffFrom)
}

func TestAnotherProgramsRateLimitLetsWhatSwitchesOffLeaveAfterAnHour(t *testing.T) {
	l := NewRequestLog(240, requestsPerMinute)
	l.OnRateLimit(noon, raptclient.RateLimit{RetryAfter: raptclient.Some(5 * time.Hour)})
	g := open(240)
	g.Restore(l.Save(noon, noon), noon, noon)
	assert.Equal(t, noon.Add(time.Hour), g.NextCommand(noon, ForOff))
	assert.Equal(t, noon.Add(5*time.Hour), g.NextCommand(noon, ForCommand))
	l.OnRateLimit(noon, raptclient.RateLimit{})
	assert.Equal(t, noon.Add(5*time.Hour), l.SilentUntil)
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
