package bridge

import (
	"context"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// call is one use of the API by the worker, and what the loop does with its result.
type call struct {
	run    func(ctx context.Context) (any, error)
	done   func(result any, err error)
	use    purpose
	poll   bool // may be cancelled for a command
	since  time.Time
	cancel context.CancelFunc
	ctx    context.Context
}

// result is what came of a call, with every HTTP request that it made.
type result struct {
	call      *call
	value     any
	err       error
	exchanges []raptclient.Exchange
}

// permitRequest asks the loop whether a request may leave.
type permitRequest struct {
	request raptclient.Request
	reply   chan error
}

// worker makes the API calls, one at a time, so that RAPT sees one polite caller.
type worker struct {
	calls     chan *call
	results   chan result
	permits   chan permitRequest
	exchanges []raptclient.Exchange // of the call in hand; the worker's goroutine owns it
}

func newWorker() *worker {
	return &worker{calls: make(chan *call, 1), results: make(chan result, 1), permits: make(chan permitRequest)}
}

func (w *worker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-w.calls:
			w.exchanges = nil
			value, err := c.run(c.ctx)
			w.results <- result{call: c, value: value, err: err, exchanges: w.exchanges}
		}
	}
}

// permit is the client's hook: it waits for the loop's answer.
func (w *worker) permit(ctx context.Context, r raptclient.Request) error {
	ask := permitRequest{request: r, reply: make(chan error, 1)}
	select {
	case w.permits <- ask:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-ask.reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *worker) answered(e raptclient.Exchange) { w.exchanges = append(w.exchanges, e) }
