package limit

import (
	"encoding/json"
	"math"
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
	require.NoError(t, l.Check(key, saved, now))
	require.NoError(t, l.Check(key, reloaded(t, key.Unused(now)), now))

	for name, other := range map[string]Key{
		"another secret": NewKey("brewer@example.com", "demo-secreT"), "another account": NewKey("Brewer@example.com", "demo-secret"),
	} {
		assert.ErrorContains(t, l.Check(other, saved, now), "isn't signed", name)
	}
	for name, change := range map[string]func(*SavedLog){
		"a request less":   func(s *SavedLog) { s.Polls = nil },
		"a younger log":    func(s *SavedLog) { s.At = s.At.Add(-time.Hour) },
		"nothing held":     func(s *SavedLog) { s.Reserved = nil },
		"no code":          func(s *SavedLog) { s.Code = "" },
		"a code in pieces": func(s *SavedLog) { s.Code = s.Code[:20] },
		"a code of junk":   func(s *SavedLog) { s.Code = "!!" },
	} {
		forged := reloaded(t, saved)
		change(&forged)
		assert.ErrorContains(t, l.Check(key, forged, now), "isn't signed", name)
	}
}

// TestAnImplausibleLogIsNotTrusted has logs that are signed, as those of a bridge with another clock or other limits are.
func TestAnImplausibleLogIsNotTrusted(t *testing.T) {
	all := func(age, n int) [][2]int { return [][2]int{{age, n}} }
	spread := func(n int) (out [][2]int) {
		for i := range n {
			out = append(out, [2]int{i * 3, 1})
		}
		return out
	}
	for name, c := range map[string]struct {
		log  SavedLog
		says string
	}{
		"as full as may be":            {SavedLog{At: noon, Polls: spread(192), SignIns: all(0, 6)}, ""},
		"moments ahead":                {SavedLog{At: noon.Add(clockPlay)}, ""},
		"ahead":                        {SavedLog{At: noon.Add(clockPlay + time.Second)}, "in the future"},
		"centuries ahead":              {SavedLog{At: noon.AddDate(500, 0, 0)}, "in the future"},
		"a request from the future":    {SavedLog{At: noon, Polls: all(-1, 1)}, "more requests"},
		"too many polls":               {SavedLog{At: noon, Polls: spread(193)}, "more requests"},
		"too many in a minute":         {SavedLog{At: noon, Commands: append(all(100, 16), all(159, 15)...)}, "more requests"},
		"as many in a minute more":     {SavedLog{At: noon, Commands: append(all(100, 16), all(160, 15)...)}, ""},
		"too many of all kinds":        {SavedLog{At: noon, Polls: spread(190), Commands: spread(51)}, "more requests"},
		"too many sign-ins":            {SavedLog{At: noon, SignIns: all(5, 7)}, "more requests"},
		"fewer than none":              {SavedLog{At: noon, Polls: all(5, -5)}, "more requests"},
		"none":                         {SavedLog{At: noon, Polls: all(5, 0)}, "more requests"},
		"numbers that overflow":        {SavedLog{At: noon, Polls: append(all(math.MaxInt, math.MaxInt), all(0, math.MaxInt)...)}, "more requests"},
		"more held back than there is": {SavedLog{At: noon, Reserved: &SavedReserve{Polls: 193}}, "holds back"},
		"sign-ins held back":           {SavedLog{At: noon, Reserved: &SavedReserve{SignIns: 7}}, "holds back"},
		"held back in the future":      {SavedLog{At: noon, Reserved: &SavedReserve{Age: -1}}, "holds back"},
	} {
		t.Run(name, func(t *testing.T) {
			err := NewRequestLog(240, requestsPerMinute).Check(key, key.Sign(c.log), noon)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.says)
		})
	}
}
