// Package worker makes the calls of the RAPT Cloud, one at a time, so that RAPT sees one polite caller. Whether a request
// of a call may leave, somebody else says: the worker asks for a permit, and waits. It knows neither what a call is for,
// nor MQTT.
package worker

import (
	"context"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Permit asks whether a request may leave. Reply takes one answer, nil for yes, and never blocks.
type Permit struct {
	raptclient.Request
	Reply chan error
}

// Worker makes calls. Run is its goroutine; whoever owns it sends on Calls and receives from the others, with one call on
// its way at a time.
type Worker struct {
	Calls   chan *Call
	Results chan *Call
	Permits chan Permit

	clock     clock.Clock
	call      *Call                 // in hand; the goroutine of Run owns it
	exchanges []raptclient.Exchange // of that call, as well
}

// New is a worker that does not run yet.
func New(c clock.Clock) *Worker {
	return &Worker{clock: c, Calls: make(chan *Call, 1), Results: make(chan *Call, 1), Permits: make(chan Permit)}
}

// Run makes the calls until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-w.Calls:
			w.CarryOut(c)
			w.Results <- c
		}
	}
}

// CarryOut makes one call.
func (w *Worker) CarryOut(c *Call) {
	w.call, w.exchanges = c, nil
	c.run(c.ctx)
	c.Exchanges = w.exchanges
}

// Authorize is the API client's hook: it waits for the answer to a permit.
func (w *Worker) Authorize(ctx context.Context, r raptclient.Request) error {
	ask := Permit{Request: r, Reply: make(chan error, 1)}
	select {
	case w.Permits <- ask:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-ask.Reply:
		if err == nil {
			err = w.call.Late(w.clock) // the process may have been stopped since the answer
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answered is the API client's hook for each exchange.
func (w *Worker) Answered(e raptclient.Exchange) { w.exchanges = append(w.exchanges, e) }

// Drain hands over the call that was in hand when Run ended, and forgets one that had not begun.
func (w *Worker) Drain(finish func(*Call)) {
	for {
		select {
		case <-w.Calls:
		case c := <-w.Results:
			finish(c)
		case <-w.Permits:
		default:
			return
		}
	}
}
