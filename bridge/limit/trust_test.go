package limit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var key = NewKey("brewer@example.com", "demo-secret")

// reloaded is a saved log after its way over the broker.
func reloaded(t *testing.T, s SavedLog) SavedLog {
	t.Helper()
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	var out SavedLog
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func TestASavedLogIsTrustedByWhoSignedIt(t *testing.T) {
	l := NewRequestLog(240, requestsPerMinute)
	l.Reserve(noon)
	l.Record(noon.Add(time.Minute), ForPoll, true)
	l.Record(noon.Add(2*time.Minute), ForOff, false)
	now := noon.Add(10 * time.Minute)
	saved := reloaded(t, key.Sign(l.Save(now, now)))
	require.NoError(t, key.Check(saved))
	require.NoError(t, key.Check(reloaded(t, key.Unused(now))))

	for name, other := range map[string]Key{
		"another secret": NewKey("brewer@example.com", "demo-secreT"), "another account": NewKey("Brewer@example.com", "demo-secret"),
	} {
		assert.ErrorContains(t, other.Check(saved), "isn't signed", name)
	}
	for name, change := range map[string]func(*SavedLog){
		"a request less":   func(s *SavedLog) { s.Polls = nil },
		"a younger log":    func(s *SavedLog) { s.At = s.At.Add(-time.Hour) },
		"silence":          func(s *SavedLog) { s.Silence = 3600 },
		"nothing held":     func(s *SavedLog) { s.Reserved = nil },
		"no code":          func(s *SavedLog) { s.Code = "" },
		"a code in pieces": func(s *SavedLog) { s.Code = s.Code[:20] },
		"a code of junk":   func(s *SavedLog) { s.Code = "!!" },
	} {
		forged := reloaded(t, saved)
		change(&forged)
		assert.ErrorContains(t, key.Check(forged), "isn't signed", name)
	}
}

// TestAGenuineLogGivesNothingAway has the log of a full hour, with a clock and with limits that are others than when it was
// saved: nothing leaves at once but what switches off, and after an hour all is as ever.
func TestAGenuineLogGivesNothingAway(t *testing.T) {
	plain := func(perHour int) func() *RequestLog {
		return func() *RequestLog { return NewRequestLog(perHour, 10_000) }
	}
	for name, c := range map[string]struct {
		reserved bool
		next     func() *RequestLog
		wall     time.Time
	}{
		"the same":                        {false, plain(240), noon},
		"the clock set back":              {false, plain(240), noon.Add(-10 * time.Minute)},
		"the clock centuries back":        {false, plain(240), noon.AddDate(-500, 0, 0)},
		"a lower ceiling":                 {false, plain(200), noon},
		"the lowest ceiling":              {false, plain(10), noon},
		"a lower ceiling, clock set back": {false, plain(100), noon.Add(-time.Hour)},
		"history on": {false, func() *RequestLog {
			l := NewRequestLog(240, 10_000)
			l.ShareWithBackfill()
			return l
		}, noon},
		"a lower ceiling after a start without memory": {true, plain(100), noon},
	} {
		t.Run(name, func(t *testing.T) {
			before := NewRequestLog(240, 10_000)
			if c.reserved {
				before.Reserve(noon)
			}
			before.use(noon, ForPoll, false)
			before.use(noon, ForCommand, false)
			saved := reloaded(t, key.Sign(before.Save(noon, noon)))
			require.NoError(t, key.Check(saved))
			l, steady := c.next(), noon
			for range 5 { // restarts
				l = c.next()
				l.Restore(saved, steady, c.wall)
				assert.Zero(t, l.use(steady, ForPoll, false)+l.use(steady, ForCommand, false)+l.use(steady, ForBackfill, false))
				saved = l.Save(steady, c.wall)
			}
			off := l.hour.kept[ForCommand]
			assert.Equal(t, off, l.use(steady, ForOff, false), "what is kept for switching off")
			saved = l.Save(steady, c.wall)
			l = c.next()
			l.Restore(saved, steady, c.wall)
			assert.Zero(t, l.use(steady, ForOff, false), "nor does another restart give it anew")
			assert.Equal(t, c.next().use(steady, ForPoll, false), l.use(steady.Add(time.Hour+2*windowMargin), ForPoll, false))
		})
	}
}
