package worker

import (
	"context"
	"errors"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/sleep"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Call is one use of the API, and what its owner does with the result.
type Call struct {
	Purpose limit.Purpose
	// Yields says that it may be cancelled for something more urgent, YieldsToMost that it may for what is the most urgent.
	Yields, YieldsToMost bool
	// Since is the steady time of its start.
	Since time.Time
	// Exchanges are the HTTP requests that it made.
	Exchanges []raptclient.Exchange

	run    func(ctx context.Context)
	done   func()
	until  sleep.Moment // its requests must have left by then; zero for what has no such time
	ctx    context.Context
	cancel context.CancelFunc
}

// NewCall is a call whose result is a T. The worker's goroutine runs run; done is the owner's, see Done.
func NewCall[T any](p limit.Purpose, run func(context.Context) (T, error), done func(T, error)) *Call {
	var (
		result T
		err    error
	)
	return &Call{
		Purpose: p,
		run:     func(ctx context.Context) { result, err = run(ctx) },
		done:    func() { done(result, err) },
	}
}

// Begin prepares the call for the worker at now, steady time. ctx ends it, and so does Cancel.
func (c *Call) Begin(ctx context.Context, now time.Time) {
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.Since = now
}

// Cancel ends a call that has begun.
func (c *Call) Cancel() { c.cancel() }

// Cancelled reports whether it was ended.
func (c *Call) Cancelled() bool { return c.ctx.Err() != nil }

// YieldAfter is how long a call is in flight before it gives way.
const YieldAfter = time.Second

// YieldAt is when a call that may be nil is to be cancelled, something more urgent being ready, and what is the most urgent,
// at these times; zero for not as things are.
func (c *Call) YieldAt(ready, most time.Time) time.Time {
	if c == nil || c.Cancelled() || !c.Yields && !c.YieldsToMost {
		return time.Time{}
	}
	if !c.Yields {
		ready = most
	}
	if ready.IsZero() {
		return ready
	}
	return times.Latest(c.Since.Add(YieldAfter), ready)
}

// Done hands the result to the owner, after the worker has carried the call out.
func (c *Call) Done() { c.done() }

// LeaveBy sets when its requests must have left, steady time.
func (c *Call) LeaveBy(at time.Time, clock clock.Clock) {
	now := clock.Moment()
	c.until = sleep.Moment{Steady: at, Wall: now.Wall.Add(at.Sub(now.Steady))}
}

// ErrLate is the error of a request whose call came too late for it to leave.
var ErrLate = errors.New("its request could not leave in time")

// Late is ErrLate when the time of the call is over on either clock, and nil while it isn't.
func (c *Call) Late(clock clock.Clock) error {
	if now := clock.Moment(); !c.until.Steady.IsZero() && (now.Steady.After(c.until.Steady) || now.Wall.Round(0).After(c.until.Wall.Round(0))) {
		return ErrLate
	}
	return nil
}
