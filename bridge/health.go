package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// slowedBy is how long a poll that is due must be held back for the status to say so.
const slowedBy = time.Minute

// apiStatus is the API's status with the reason in words: that of the last answers, or that polls are held back for
// longer than a moment.
func (b *bridge) apiStatus(now time.Time) (limit.Status, string) {
	a := b.account
	if a.health.Status != limit.OK {
		return a.health.Status, a.health.Reason
	}
	due, open := poll.Next(now, a.turns(), poll.Open{}).Wake, a.nextPoll(now)
	if open.Sub(times.Latest(now, due)) <= slowedBy {
		return limit.OK, a.health.Reason
	}
	return limit.Slowed, fmt.Sprintf("requests are held back until %s to stay below the limits", b.clock.Text(open))
}

// onAPISuccess notes that the API answers.
func (b *bridge) onAPISuccess() {
	a := b.account
	a.health.OnSuccess()
	a.consecutiveErrors = 0
	switch a.logged {
	case limit.OK:
	case "":
		b.log.Info("the RAPT Cloud answers")
	default:
		b.log.Info("the RAPT Cloud answers again")
	}
	a.logged = limit.OK
}

// onAPIError notes that the API doesn't answer as it should, and tells the log once for each state it gets into. A single
// error between answers is not worth a line.
func (b *bridge) onAPIError(now time.Time, err error) {
	a := b.account
	var held *limit.RateLimitedError
	if errors.As(err, &held) && !held.SignIns {
		return // the ceiling is the bridge's own: nothing is wrong with the API
	}
	was := a.health.Reason
	a.health.OnError(now, b.clock.Wall(), err)
	status, reason := a.health.Status, a.health.Reason
	if reason == "" || errors.Is(err, context.Canceled) {
		return
	}
	if reason != was {
		b.problem(reason)
	}
	a.consecutiveErrors++
	passing := (status == limit.Unreachable || status == limit.Maintenance) && a.consecutiveErrors < 2 && !a.lastPoll.IsZero()
	switch {
	case status == limit.OK:
		b.warnOnce(reason, "%s", reason)
	case status != a.logged && !passing:
		a.logged = status
		level := slog.LevelWarn
		if status == limit.Rejected {
			level = slog.LevelError
		}
		b.log.Log(context.Background(), level, "the RAPT Cloud can't be used as usual", slog.String("status", string(status)), slog.String("reason", reason))
	}
}

// notice tells of what the contract doesn't have, each once, and counts the unknown fields.
func (b *bridge) notice(r raptclient.Report) {
	for _, n := range r.Notices {
		if n.Kind == raptclient.UnknownField {
			b.account.unknownFields++
		}
		b.log.Warn(n.String())
		b.metrics.Notice(string(n.Kind))
	}
}
