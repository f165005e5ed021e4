package limit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// open is a gate with these requests an hour, whose API has just answered.
func open(perHour int) *Gate {
	g := NewGate(NewRequestLog(perHour, requestsPerMinute), NewHealth(), NewChanges(60), func(at time.Time) string { return at.Format(time.TimeOnly) })
	g.OnSuccess()
	return g
}

// use has requests leave at a time, as many as may.
func use(g *Gate, p Purpose, at time.Time) (n int) {
	for g.Pass(at, p, false) == nil {
		n++
	}
	return n
}

func TestWhatMayNotLeaveIsNotCounted(t *testing.T) {
	g := open(60)
	n := use(g, ForPoll, noon)
	err := g.Pass(noon, ForPoll, false)
	var held *RateLimitedError
	require.ErrorAs(t, err, &held)
	assert.True(t, held.At.After(noon))
	assert.False(t, held.SignIns)
	assert.Equal(t, n, g.Requests.LastHour(noon))
}

func TestSignInsThatAreUsedUpAreSaidToBe(t *testing.T) {
	g := open(240)
	for g.Pass(noon, ForPoll, true) == nil {
	}
	var held *RateLimitedError
	require.ErrorAs(t, g.Pass(noon, ForPoll, true), &held)
	assert.True(t, held.SignIns)
	assert.Contains(t, held.Reason, "the sign-ins that the bridge allows itself are used up until 13:00:01")
}

func TestASignInThatTheCeilingHoldsBackIsNoMatterOfSignIns(t *testing.T) {
	g := open(20)
	for g.Pass(noon, ForPoll, false) == nil {
	}
	var held *RateLimitedError
	require.ErrorAs(t, g.Pass(noon, ForPoll, true), &held)
	assert.False(t, held.SignIns)
	assert.Contains(t, held.Reason, "the requests that the bridge allows itself are used up")
}

func TestACommandThatFailedHoldsTheNextOneBack(t *testing.T) {
	g := open(240)
	g.CommandFailed(noon, false)
	assert.Equal(t, noon.Add(afterError), g.NextCommand(noon, ForCommand))
	g.CommandFailed(noon, true)
	assert.Equal(t, noon.Add(afterRefusal), g.NextCommand(noon, ForOff))
	assert.False(t, g.NextPoll(noon).After(noon), "and no poll")
}

func TestGapsAreFilledWhenTheAPIIsWellAndQuick(t *testing.T) {
	g := open(240)
	atOnce := func() bool { at, ok := g.NextBackfill(noon); return ok && !at.After(noon) }
	assert.True(t, atOnce())
	g.Answered(noon, raptclient.Exchange{Took: slowAnswer}, 0)
	assert.True(t, atOnce())
	g.Answered(noon, raptclient.Exchange{Took: slowAnswer + time.Second}, 0)
	at, ok := g.NextBackfill(noon)
	assert.True(t, ok)
	assert.Equal(t, noon.Add(afterSlow), at)
	g.OnError(noon, noon, answered(502), true)
	_, ok = g.NextBackfill(noon)
	assert.False(t, ok)
}

func TestPollsThatTeachGoFirstWhereTheHourIsShort(t *testing.T) {
	g := open(60)
	g.Requests.Reserve(noon)
	use(g, ForPoll, noon)
	later := noon.Add(10 * time.Minute)
	learning, other := g.NextPolls(later, 20)
	assert.False(t, other.Before(learning))
}

func TestHeldBackPollsAreAStatusOfTheirOwn(t *testing.T) {
	g := open(60)
	assert.Equal(t, OK, g.Status(noon, noon, noon.Add(slowedBy)))
	assert.Equal(t, Slowed, g.Status(noon, noon, noon.Add(slowedBy+1)))
	assert.Equal(t, OK, g.Status(noon, noon.Add(2*time.Hour), noon.Add(2*time.Hour)), "nothing is due before")
	g.OnError(noon, noon, answered(503), true)
	assert.Equal(t, Unreachable, g.Status(noon, noon, noon), "what the answers say comes first")
}

func TestOfWhatTheLogIsTold(t *testing.T) {
	g := NewGate(NewRequestLog(240, requestsPerMinute), NewHealth(), NewChanges(60), time.Time.String)
	assert.Equal(t, "the RAPT Cloud answers", g.OnSuccess())
	assert.Empty(t, g.OnSuccess())

	trouble, ok := g.OnError(noon, noon, answered(502), true)
	assert.True(t, ok && trouble.New && !trouble.Report, "a single error passes: %+v", trouble)
	trouble, _ = g.OnError(noon, noon, answered(502), true)
	assert.True(t, trouble.Report && !trouble.New, "%+v", trouble)
	trouble, _ = g.OnError(noon, noon, answered(502), true)
	assert.False(t, trouble.Report, "once")
	assert.Equal(t, "the RAPT Cloud answers again", g.OnSuccess())

	trouble, _ = g.OnError(noon, noon, answered(502), false)
	assert.True(t, trouble.Report, "nothing was ever polled, and somebody looks for the reason")

	assert.Equal(t, "the RAPT Cloud answers again", g.OnSuccess())
	trouble, _ = g.OnError(noon, noon, &raptclient.APIError{Status: 503, RateLimit: raptclient.RateLimit{RetryAfter: raptclient.Some(24 * time.Hour)}}, true)
	assert.True(t, trouble.Report, "a single error that asks for a long pause")
	assert.Contains(t, trouble.Reason, "; next try at 13:00:00")

	_, ok = g.OnError(noon, noon, &RateLimitedError{At: noon}, true)
	assert.False(t, ok, "the ceiling is the bridge's own")
	_, ok = g.OnError(noon, noon, context.Canceled, true)
	assert.False(t, ok)
	trouble, _ = g.OnError(noon, noon, &raptclient.SignInError{Rejected: true, Status: 400}, true)
	assert.True(t, trouble.Report, "a refused secret is told at once")
}

func TestSignInsThatAnOutageUsesUpAreTheReasonThen(t *testing.T) {
	g := open(240)
	usedUp := &RateLimitedError{At: noon.Add(time.Hour), SignIns: true}
	failed := &raptclient.SignInError{Status: 503}
	for range 2 {
		g.OnError(noon, noon, failed, true)
	}
	trouble, _ := g.OnError(noon, noon, usedUp, true)
	assert.True(t, trouble.New && !trouble.Report, "%+v", trouble)
	assert.Equal(t, "The sign-ins of this hour are used up, after errors (503)", g.Health.Explanation.String())
	g.OnError(noon, noon, &raptclient.TransportError{Endpoint: "x", Host: "api.rapt.io"}, true)
	g.OnError(noon, noon, usedUp, true)
	assert.Equal(t, doConnection, g.Health.Explanation.Do, "the advice stays")
	g.OnSuccess()
	g.OnError(noon, noon, usedUp, true)
	assert.Equal(t, "The sign-ins of this hour are used up", g.Health.Explanation.String())
}

func TestANewStartKnowsOfTheAPIButOfNoRequests(t *testing.T) {
	g := open(60)
	use(g, ForPoll, noon)
	for range 60 {
		g.Changes.Record(noon, "a")
	}
	g.CommandFailed(noon, true)
	g.OnError(noon, noon, answered(502), false)
	next := g.Anew(NewRequestLog(60, requestsPerMinute))
	assert.Zero(t, next.Requests.LastHour(noon))
	assert.Equal(t, Unreachable, next.Health.Status)
	assert.NoError(t, next.Refusal(noon, ForCommand, "a", time.Time{}), "and of no changes")
	trouble, _ := next.OnError(noon, noon, answered(502), false)
	assert.False(t, trouble.Report, "the log has been told")
}

func TestWhyACommandIsNotTaken(t *testing.T) {
	g := open(60)
	assert.NoError(t, g.Refusal(noon, ForCommand, "a", noon.Add(time.Minute)))
	use(g, ForCommand, noon)
	now := noon.Add(2 * time.Minute)
	use(g, ForCommand, now)
	err := g.Refusal(now, ForCommand, "a", now.Add(time.Minute))
	require.Error(t, err)
	assert.Equal(t, "the requests that the bridge allows itself are used up until 13:00:01; what switches something off is still sent, but not over and over", err.Error())
	assert.Equal(t, err.Error(), g.Held(now, ForCommand))
	assert.NoError(t, g.Refusal(now, ForCommand, "a", time.Time{}), "when it expires is not known yet")
	assert.NoError(t, g.Refusal(now, ForOff, "a", now.Add(time.Minute)))
	assert.Empty(t, g.Held(now, ForOff))
}

func TestAKeyThatIsSetTooOftenIsRefused(t *testing.T) {
	g := open(240)
	for g.Refusal(noon, ForCommand, "a", time.Time{}) == nil {
		g.Changes.Record(noon, "a")
	}
	assert.NoError(t, g.Refusal(noon, ForCommand, "b", time.Time{}))
	assert.NoError(t, g.Refusal(noon, ForCommand, "", time.Time{}), "submissions are not counted")
	assert.NoError(t, g.Refusal(noon, ForOff, "a", time.Time{}))
}

func TestWhatARefreshBrings(t *testing.T) {
	g := open(60)
	says := func(opens []time.Time, retries ...Retry) string { return g.Words(g.RefreshPlan(noon, opens, retries)) }
	now, later := noon.Add(-time.Minute), noon.Add(5*time.Minute)
	assert.Equal(t, "The bridge asks for fresh readings now; they show within some seconds.", says([]time.Time{now, now}))
	assert.Equal(t, "The bridge asks for fresh readings now, but for lists that failed: still at 12:05:00.", says([]time.Time{now}, Retry{Family: "still", At: later}))
	assert.Equal(t, "The bridge asks for fresh readings from 12:05:00 on, to stay below the limits.", says([]time.Time{later.Add(time.Minute), later}))
	assert.Equal(t, "The bridge asks for fresh readings from 12:00:00 on, to stay below the limits.", says([]time.Time{now, later}), "not for all of them at once")
	g.OnError(noon, noon, errors.New("no route to host"), true)
	assert.Regexp(t, `^Nothing is asked before \d\d:\d\d:\d\d: the RAPT Cloud can't be asked\.$`, says([]time.Time{now}))
}

func TestTheVendorsRestCountsWhereItIsLess(t *testing.T) {
	g := open(240)
	assert.Equal(t, g.Requests.Free(noon), g.Remaining(noon))
	g.Health.OnHeaders(noon, raptclient.RateLimit{Remaining: raptclient.Some(7), Reset: raptclient.Some(noon.Add(time.Minute))}, 0)
	assert.Equal(t, 7, g.Remaining(noon))
}
