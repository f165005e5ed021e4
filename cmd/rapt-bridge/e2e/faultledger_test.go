package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// ledger is what happened during a fault: what was asked of the bridge, what it said, and what the cloud saw.
type ledger struct {
	commands []ordered
	carried  []carried
	requests []time.Time
	signIns  []time.Time
	// cut is when the fault began and when all was well again; between them a command may remain without an outcome where
	// the fault takes the bridge or the broker away.
	cut, well   time.Time
	takesAway   bool
	signInLimit int // 6 when zero
}

// ordered is a command that was sent to the bridge. No two have the same device and value.
type ordered struct {
	device   string
	value    float64
	at       time.Time // when it was sent
	taken    bool      // the broker confirmed it
	outcomes []string
}

// carried is a command that the cloud carried out.
type carried struct {
	device string
	value  float64
	at     time.Time
}

// What the bridge promises whatever happens: its own longest wait with what sending takes, and what its settings allow.
const (
	longestWait     = 70 * time.Second
	requestsAnHour  = 2400
	requestsAMinute = requestsAnHour / 8
	signInsAnHour   = 6
)

const noOutcome = " has no outcome"

// broken lists the promises that were broken.
func (l *ledger) broken() (out []string) {
	say := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, c := range l.commands {
		var done []carried
		for _, d := range l.carried {
			if d.device == c.device && d.value == c.value {
				done = append(done, d)
			}
		}
		what := fmt.Sprintf("the command of %s", c.at.Format(time.TimeOnly))
		if len(done) > 1 {
			say("%s was carried out %d times", what, len(done))
		}
		if len(done) > 0 && c.taken && done[0].at.Sub(c.at) > longestWait {
			say("%s was carried out %s late", what, done[0].at.Sub(c.at).Round(time.Second))
		}
		switch {
		case len(c.outcomes) > 1:
			say("%s has several outcomes: %v", what, c.outcomes)
		case len(c.outcomes) == 1 && c.outcomes[0] == "rejected" && len(done) > 0:
			say("%s was rejected and carried out", what)
		case len(c.outcomes) == 1 && c.outcomes[0] == "applied" && len(done) == 0:
			say("%s was told as applied and never carried out", what)
		case len(c.outcomes) == 0 && c.taken && !l.mayBeLost(c.at):
			say("%s%s", what, noOutcome)
		}
	}
	if n := mostWithin(l.requests, time.Hour); n > requestsAnHour {
		say("%d requests in an hour", n)
	}
	if n := mostWithin(l.requests, time.Minute); n > requestsAMinute {
		say("%d requests in a minute", n)
	}
	if n := mostWithin(l.signIns, time.Hour); n > cmp.Or(l.signInLimit, signInsAnHour) {
		say("%d sign-ins in an hour", n)
	}
	return out
}

// mayBeLost tells whether a command of that time may remain without an outcome: one that came just before the bridge or
// the broker went, or while they were away.
func (l *ledger) mayBeLost(at time.Time) bool {
	return l.takesAway && at.After(l.cut.Add(-longestWait)) && (l.well.IsZero() || at.Before(l.well))
}

// mostWithin is the greatest number of times within any span of that length.
func mostWithin(times []time.Time, span time.Duration) (most int) {
	times = slices.SortedFunc(slices.Values(times), time.Time.Compare)
	from := 0
	for i, at := range times {
		for at.Sub(times[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// carriedOut are the changes of target temperatures that the cloud carried out.
func carriedOut(requests []raptsim.Request) (out []carried) {
	for _, r := range requests {
		if !r.Executed || !strings.HasSuffix(r.Path, "/SetTargetTemperature") {
			continue
		}
		c := carried{at: r.At}
		for _, part := range strings.Split(r.Query, "&") {
			name, value, _ := strings.Cut(part, "=")
			if name == "target" {
				_, _ = fmt.Sscan(value, &c.value)
			} else {
				c.device = value
			}
		}
		out = append(out, c)
	}
	return out
}

// The promises can be broken: each of these ledgers breaks one.
func TestABrokenPromiseIsSeen(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one := func(taken bool, outcomes ...string) []ordered {
		return []ordered{{device: "kettle", value: 60.5, at: noon, taken: taken, outcomes: outcomes}}
	}
	done := func(after ...time.Duration) (out []carried) {
		for _, d := range after {
			out = append(out, carried{"kettle", 60.5, noon.Add(d)})
		}
		return append(out, carried{"fridge", 60.5, noon}, carried{"kettle", 60.6, noon})
	}
	every := func(d time.Duration, n int) (out []time.Time) {
		for i := range n {
			out = append(out, noon.Add(time.Duration(i)*d))
		}
		return out
	}
	for name, c := range map[string]struct {
		ledger
		says string
	}{
		"all is well":                {ledger{commands: one(true, "applied"), carried: done(time.Second), requests: every(time.Second, 300), signIns: every(time.Minute, 6)}, ""},
		"nothing reached the broker": {ledger{commands: one(false)}, ""},
		"rejected":                   {ledger{commands: one(true, "rejected")}, ""},
		"failed, and carried out":    {ledger{commands: one(true, "failed"), carried: done(time.Second)}, ""},
		"lost with the bridge":       {ledger{commands: one(true), takesAway: true, cut: noon.Add(time.Second), well: noon.Add(time.Minute)}, ""},
		"twice":                      {ledger{commands: one(true, "applied"), carried: done(time.Second, 2*time.Second)}, "carried out 2 times"},
		"twice, unconfirmed":         {ledger{commands: one(false), carried: done(time.Second, 2*time.Second)}, "carried out 2 times"},
		"late":                       {ledger{commands: one(true, "applied"), carried: done(2 * time.Minute)}, "late"},
		"rejected and yet done":      {ledger{commands: one(true, "rejected"), carried: done(time.Second)}, "rejected and carried out"},
		"applied and not done":       {ledger{commands: one(true, "applied"), carried: done()}, "never carried out"},
		"told twice":                 {ledger{commands: one(true, "rejected", "rejected")}, "several outcomes"},
		"lost":                       {ledger{commands: one(true)}, "has no outcome"},
		"lost after all was well":    {ledger{commands: one(true), takesAway: true, cut: noon.Add(-time.Hour), well: noon.Add(-time.Minute)}, "has no outcome"},
		"lost long before the fault": {ledger{commands: one(true), takesAway: true, cut: noon.Add(time.Hour)}, "has no outcome"},
		"too many requests in a row": {ledger{requests: every(100*time.Millisecond, 301)}, "301 requests in a minute"},
		"too many requests in all":   {ledger{requests: every(1490*time.Millisecond, 2401)}, "2401 requests in an hour"},
		"too many sign-ins":          {ledger{signIns: every(9*time.Minute, 7)}, "7 sign-ins in an hour"},
	} {
		broken := c.broken()
		if c.says == "" {
			assert.Empty(t, broken, name)
			continue
		}
		if assert.Len(t, broken, 1, name) {
			assert.Contains(t, broken[0], c.says, name)
		}
	}
	of := carriedOut([]raptsim.Request{
		{Path: "/api/BrewZillas/SetTargetTemperature", Query: "brewZillaId=kettle&target=60.5", Executed: true, At: noon},
		{Path: "/api/BrewZillas/SetTargetTemperature", Query: "brewZillaId=kettle&target=60.6"},
		{Path: "/api/BrewZillas/SetPumpEnabled", Query: "brewZillaId=kettle&state=true", Executed: true},
	})
	assert.Equal(t, []carried{{"kettle", 60.5, noon}}, of)
}
