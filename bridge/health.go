package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// nextRequest is when the API is asked next, for people: now while a request is under way, zero while this bridge doesn't ask.
func (b *bridge) nextRequest(now time.Time) time.Time {
	switch {
	case b.mqtt.phase != running:
		return time.Time{}
	case b.account.calling != nil:
		return b.clock.Wall()
	}
	return b.clock.Read(times.Latest(now, b.account.NextPoll(now).Wake, b.account.Gate.UncountedUntil))
}

// onAPISuccess notes that the API answers.
func (b *bridge) onAPISuccess() {
	if line := b.account.OnSuccess(b.clock.Now()); line != "" {
		b.log.Info(line)
	}
}

// onAPIError notes that the API doesn't answer as it should, and tells the log once for each state it gets into.
func (b *bridge) onAPIError(now time.Time, err error) {
	trouble, ok := b.account.Gate.OnError(now, b.clock.Wall(), err, !b.account.LastPoll.IsZero())
	if !ok {
		return
	}
	if trouble.New {
		b.problem(b.account.Gate.Health.Explanation.String())
	}
	if trouble.Status == limit.OK {
		b.warnOnce(trouble.Reason, "%s", trouble.Reason)
	}
	if trouble.Report {
		level := slog.LevelWarn
		if trouble.Status == limit.Rejected {
			level = slog.LevelError
		}
		b.log.Log(context.Background(), level, "the RAPT Cloud can't be used as usual", slog.String("status", string(trouble.Status)), slog.String("reason", trouble.Reason))
	}
}

// notice tells of what the contract doesn't have, each once, and counts the unknown fields.
func (b *bridge) notice(r raptclient.Report) {
	for _, n := range r.Notices {
		if n.Kind == raptclient.UnknownField {
			b.account.UnknownFields++
		}
		b.metrics.Notice(string(n.Kind))
		b.diagnosis.Notice(n)
	}
	for _, line := range r.Lines() {
		b.log.Warn(line)
	}
}
