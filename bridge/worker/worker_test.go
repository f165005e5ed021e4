package worker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// running runs a worker in a bubble of virtual time until the test's end.
func running(t *testing.T, test func(t *testing.T, w *Worker, c clock.Clock)) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(time.Now)
		w := New(c)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); w.Run(ctx) }()
		test(t, w, c)
		stop()
		<-ended
	})
}

// asking is a call that asks for one permit.
func asking(w *Worker, result *error) *Call {
	return NewCall(limit.ForCommand, func(ctx context.Context) (bool, error) {
		if err := w.Authorize(ctx, raptclient.Request{}); err != nil {
			return false, err
		}
		w.Answered(raptclient.Exchange{Status: 200})
		return true, nil
	}, func(_ bool, err error) { *result = err })
}

func TestACallIsMadeOnceItMay(t *testing.T) {
	running(t, func(t *testing.T, w *Worker, c clock.Clock) {
		var err error
		call := asking(w, &err)
		call.Begin(t.Context(), c.Now())
		w.Calls <- call
		(<-w.Permits).Reply <- nil
		done := <-w.Results
		done.Done()
		assert.NoError(t, err)
		assert.Len(t, done.Exchanges, 1)
	})
}

func TestARefusedRequestDoesNotLeave(t *testing.T) {
	running(t, func(t *testing.T, w *Worker, c clock.Clock) {
		var err error
		refused := errors.New("not now")
		call := asking(w, &err)
		call.Begin(t.Context(), c.Now())
		w.Calls <- call
		(<-w.Permits).Reply <- refused
		done := <-w.Results
		done.Done()
		assert.ErrorIs(t, err, refused)
		assert.Empty(t, done.Exchanges)
	})
}

func TestAPermitThatComesTooLateIsNone(t *testing.T) {
	running(t, func(t *testing.T, w *Worker, c clock.Clock) {
		var err error
		call := asking(w, &err)
		call.Begin(t.Context(), c.Now())
		call.LeaveBy(c.Now().Add(time.Minute), c)
		assert.NoError(t, call.Late(c))
		w.Calls <- call
		p := <-w.Permits
		time.Sleep(time.Minute + time.Second)
		p.Reply <- nil
		(<-w.Results).Done()
		assert.ErrorIs(t, err, ErrLate)
	})
}

func TestACallThatSleptIsLateByTheWallClockAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept time.Duration // which the steady clock doesn't know of
		c := clock.New(func() time.Time { return time.Now().Add(slept) })
		call := NewCall(limit.ForOff, func(context.Context) (bool, error) { return true, nil }, func(bool, error) {})
		call.LeaveBy(c.Now().Add(time.Minute), c)
		slept = 2 * time.Minute
		assert.ErrorIs(t, call.Late(c), ErrLate)
	})
}

func TestACancelledCallEndsItsWaitForAPermit(t *testing.T) {
	running(t, func(t *testing.T, w *Worker, c clock.Clock) {
		var err error
		call := asking(w, &err)
		call.Begin(t.Context(), c.Now())
		w.Calls <- call
		synctest.Wait()
		call.Cancel()
		(<-w.Results).Done()
		assert.ErrorIs(t, err, context.Canceled)
		assert.True(t, call.Cancelled())
	})
}

func TestDrainHandsOverTheCallThatHadBegun(t *testing.T) {
	w := New(clock.New(time.Now))
	begun := &Call{}
	w.Calls <- &Call{}
	w.Results <- begun
	var finished []*Call
	w.Drain(func(c *Call) { finished = append(finished, c) })
	require.Len(t, finished, 1)
	assert.Same(t, begun, finished[0])
	assert.Empty(t, w.Calls)
	assert.Empty(t, w.Results)
}

func TestACallGivesWayToWhatIsMoreUrgent(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later, earlier, never := since.Add(time.Minute), since, time.Time{}
	begun := func(yields, toMost bool) *Call {
		c := NewCall(limit.ForCommand, func(context.Context) (bool, error) { return true, nil }, func(bool, error) {})
		c.Yields, c.YieldsToMost = yields, toMost
		c.Begin(t.Context(), since)
		return c
	}
	assert.Equal(t, since.Add(YieldAfter), begun(true, true).YieldAt(earlier, never))
	assert.Equal(t, later, begun(true, false).YieldAt(later, never))
	assert.Equal(t, later, begun(false, true).YieldAt(earlier, later))
	assert.Zero(t, begun(false, true).YieldAt(earlier, never))
	assert.Zero(t, begun(false, false).YieldAt(earlier, earlier))
	cancelled := begun(true, true)
	cancelled.Cancel()
	assert.Zero(t, cancelled.YieldAt(earlier, earlier))
	assert.Zero(t, (*Call)(nil).YieldAt(earlier, earlier))
}
