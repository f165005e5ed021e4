package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/sleep"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// call is one use of the API by the worker, and what the loop does with its result.
type call struct {
	run     func(ctx context.Context) // by the worker
	done    func()                    // by the loop, after run
	purpose limit.Purpose
	yields  bool          // may be cancelled for a command
	batch   command.Queue // of the commands that it carries out or verifies
	since   time.Time
	until   sleep.Moment // a command must have left by then; zero for what has no such time
	ctx     context.Context
	cancel  context.CancelFunc
	// exchanges are the HTTP requests that it made.
	exchanges []raptclient.Exchange
}

// newCall is a call whose result is a T. run is the worker's, done the loop's.
func newCall[T any](p limit.Purpose, run func(context.Context) (T, error), done func(T, error)) *call {
	var (
		result T
		err    error
	)
	return &call{
		purpose: p,
		run:     func(ctx context.Context) { result, err = run(ctx) },
		done:    func() { done(result, err) },
	}
}

// leaveBy sets when its requests must have left, steady time.
func (c *call) leaveBy(at time.Time, clock clock) {
	now := clock.moment()
	c.until = sleep.Moment{Steady: at, Wall: now.Wall.Add(at.Sub(now.Steady))}
}

var errLate = errors.New("its request could not leave in time")

// late is errLate when the time of the call is over on either clock, and nil while it isn't.
func (c *call) late(clock clock) error {
	if now := clock.moment(); !c.until.Steady.IsZero() && (now.Steady.After(c.until.Steady) || now.Wall.Round(0).After(c.until.Wall.Round(0))) {
		return errLate
	}
	return nil
}

// permitRequest asks the loop whether a request may leave.
type permitRequest struct {
	request raptclient.Request
	reply   chan error
}

// worker makes the API calls, one at a time, so that RAPT sees one polite caller.
type worker struct {
	calls     chan *call
	results   chan *call
	permits   chan permitRequest
	clock     clock
	call      *call                 // in hand; the worker's goroutine owns it
	exchanges []raptclient.Exchange // of that call, as well
}

func newWorker(clock clock) *worker {
	return &worker{clock: clock, calls: make(chan *call, 1), results: make(chan *call, 1), permits: make(chan permitRequest)}
}

func (w *worker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-w.calls:
			w.carryOut(c)
			w.results <- c
		}
	}
}

func (w *worker) carryOut(c *call) {
	w.call, w.exchanges = c, nil
	c.run(c.ctx)
	c.exchanges = w.exchanges
}

// authorize is the client's hook: it waits for the loop's answer.
func (w *worker) authorize(ctx context.Context, r raptclient.Request) error {
	ask := permitRequest{request: r, reply: make(chan error, 1)}
	select {
	case w.permits <- ask:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-ask.reply:
		if err == nil {
			err = w.call.late(w.clock) // the process may have been stopped since the loop's answer
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *worker) answered(e raptclient.Exchange) { w.exchanges = append(w.exchanges, e) }

// drain forgets what was under way when the worker ended.
func (w *worker) drain() {
	for {
		select {
		case <-w.calls:
		case <-w.results:
		case <-w.permits:
		default:
			return
		}
	}
}
