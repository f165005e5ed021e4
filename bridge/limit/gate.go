package limit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	slowAnswer = 5 * time.Second  // an answer that takes longer is one of a cloud in trouble,
	afterSlow  = 10 * time.Minute // which is not asked for what can wait

	// The least times from a command that failed to the next one of any device.
	afterError   = time.Second
	afterRefusal = 5 * time.Second

	// slowedBy is how long a poll that is due must be held back for the status to say so.
	slowedBy = time.Minute
)

// Gate says when an account's requests may leave, by all that bounds them together: the ceilings, the API's health, and
// what the last answers ask for. Its times are steady time.
type Gate struct {
	Requests *RequestLog
	Health   *Health
	Changes  *Changes
	// UncountedUntil is until when nothing is asked, because the broker has not taken the count of a request.
	UncountedUntil time.Time

	clock         func(time.Time) string // a time in words
	lastSent      time.Time              // when the last request left
	commandsAfter time.Time              // when the next command may leave after one that failed
	slowUntil     time.Time              // the API has just been slow: nothing is asked that can wait

	reported Status // that the log tells of; empty before the first
	errors   int    // of the API since its last answer
}

// NewGate is a gate before the first request. clock writes a steady time for people.
func NewGate(requests *RequestLog, health *Health, changes *Changes, clock func(time.Time) string) *Gate {
	return &Gate{Requests: requests, Health: health, Changes: changes, clock: clock}
}

// Anew is the gate with another log of requests, as at a start but for what is known of the API.
func (g *Gate) Anew(requests *RequestLog) *Gate {
	next := NewGate(requests, g.Health, NewChanges(g.Changes.perHour), g.clock)
	next.reported = g.reported
	next.Requests.SilentUntil, next.Requests.OffFrom = g.Requests.SilentUntil, g.Requests.OffFrom
	return next
}

// Restore takes over what an earlier run saved. It returns a line for the log, empty when there is nothing to tell.
func (g *Gate) Restore(s SavedLog, now, wall time.Time) (line string) {
	g.Requests.Restore(s, now, wall)
	g.Changes.restore(s.Changes, now, s.then(now, wall))
	until := g.Requests.SilentUntil
	if !until.After(now) {
		return ""
	}
	g.Health.Explanation = describeStatus(http.StatusTooManyRequests, "", "")
	g.Health.silence(until, g.Requests.OffFrom, g.clock)
	g.Health.limitedSince = g.Requests.OffFrom.Add(-mostAfterLimit)
	g.reported = RateLimited
	return g.Health.Reason
}

// NextPolls are when polls may leave. Where the hour is short of them, a poll that teaches a rhythm doesn't wait for the
// others: keep are how many are kept for such.
func (g *Gate) NextPolls(now time.Time, keep int) (learning, other time.Time) {
	learning = times.Latest(g.Requests.NextAllowed(now, ForPoll, false), g.Health.NextPoll(now, g.lastSent))
	return learning, times.Latest(learning, g.Requests.Paced(now, keep))
}

// NextPoll is when a poll may leave for which nothing else is kept.
func (g *Gate) NextPoll(now time.Time) time.Time {
	_, other := g.NextPolls(now, 0)
	return other
}

// NextCommand is the same for a command, whose purpose is ForCommand or ForOff.
func (g *Gate) NextCommand(now time.Time, p Purpose) time.Time {
	return times.Latest(g.Requests.NextAllowed(now, p, false), g.Health.NextCommand(p), g.commandsAfter)
}

// NextBackfill is the same for what fills gaps, which comes after everything else; false while the API is ill.
func (g *Gate) NextBackfill(now time.Time) (at time.Time, ok bool) {
	at = times.Latest(g.Requests.NextAllowed(now, ForBackfill, false), g.Health.NextPoll(now, g.lastSent), g.slowUntil)
	return at, g.Health.Status == OK
}

// Pass counts a request that leaves at now. It returns a RateLimitedError, and counts nothing, when it may not.
func (g *Gate) Pass(now time.Time, p Purpose, signIn bool) error {
	if at := g.Requests.NextAllowed(now, p, signIn); at.After(now) {
		signIns := signIn && g.Requests.Allows(now, p, false)
		return &RateLimitedError{At: at, Purpose: p, SignIns: signIns, Reason: g.usedUp(p, signIns, at)}
	}
	g.Requests.Record(now, p, signIn)
	g.lastSent = now
	return nil
}

// Answered takes what an answer says beside its body. skew is what the cloud's clock is ahead of steady time.
func (g *Gate) Answered(now time.Time, e raptclient.Exchange, skew time.Duration) {
	g.Health.onStatus(now, e)
	g.keepSilence()
	g.Health.OnHeaders(now, e.RateLimit, skew)
	if e.Took > slowAnswer {
		g.slowUntil = now.Add(afterSlow)
	}
}

// keepSilence has the log keep the silence after a 429.
func (g *Gate) keepSilence() {
	g.Requests.SilentUntil, g.Requests.OffFrom = g.Health.silentUntil(), time.Time{}
	if !g.Requests.SilentUntil.IsZero() {
		g.Requests.OffFrom = g.Health.offFrom
	}
}

// CommandFailed has the next command wait. unsent says that the API refused to take this one at all.
func (g *Gate) CommandFailed(now time.Time, unsent bool) {
	g.commandsAfter = now.Add(afterError)
	if unsent {
		g.commandsAfter = now.Add(afterRefusal)
	}
}

// Remaining is how many requests may still leave: the ceiling's rest, or the vendor's where it is less.
func (g *Gate) Remaining(now time.Time) int {
	left := g.Requests.Free(now)
	if vendor, known := g.Health.RequestsLeft(now); known {
		left = min(left, vendor)
	}
	return left
}

// Status is the API's status: that of the last answers, or that polls are held back for longer than a moment. due is when
// the next poll is due, and next when it leaves.
func (g *Gate) Status(now, due, next time.Time) Status {
	if g.Health.Status != OK || next.Sub(times.Latest(now, due)) <= slowedBy {
		return g.Health.Status
	}
	return Slowed
}

// OnSuccess takes a complete answer of the API into account. It returns a line for the log, empty when there is nothing
// new to tell.
func (g *Gate) OnSuccess() (line string) {
	switch g.reported {
	case OK:
	case "":
		line = "the RAPT Cloud answers"
	default:
		line = "the RAPT Cloud answers again"
	}
	g.Health.OnSuccess()
	g.keepSilence()
	g.reported, g.errors = OK, 0
	return line
}

// Trouble is what an error means for people.
type Trouble struct {
	Status Status
	Reason string
	New    bool // the reason is another than before
	Report bool // the log should tell of the status
}

// OnError takes a failed call into account. wall is now for people to read. A single error between answers is not worth a
// line, but for one before the first poll was answered, and one that asks for a long pause. It returns false for an error that says nothing of the API.
func (g *Gate) OnError(now, wall time.Time, err error, polled bool) (Trouble, bool) {
	var held *RateLimitedError
	if errors.As(err, &held) && !held.SignIns {
		return Trouble{}, false // the ceiling is the bridge's own: nothing is wrong with the API
	}
	was := g.Health.Reason
	g.Health.OnError(now, wall, err)
	g.keepSilence()
	t := Trouble{Status: g.Health.Status, Reason: g.Health.Reason, New: g.Health.Reason != was}
	if t.Reason == "" || errors.Is(err, context.Canceled) {
		return Trouble{}, false
	}
	g.errors++
	passing := (t.Status == Unreachable || t.Status == Maintenance) && g.errors < 2 && polled && !g.Health.pausesLong(now)
	if t.Report = t.Status != OK && t.Status != g.reported && !passing; t.Report {
		g.reported = t.Status
	}
	return t, true
}
