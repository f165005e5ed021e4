// Package backfill takes the account's readings as telemetry rows: history says which of them go to the stream and which are
// missing, statistics gets the hours that they make. It keeps the row that is on its way to the broker; whoever publishes
// and asks is somebody else.
package backfill

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/statistics"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// rowRetry is how long after the broker refused a row it goes again.
const rowRetry = 10 * time.Second

// Stream are the account's rows: a sink of readings. It is for one goroutine. Its times are steady time.
type Stream struct {
	History *history.History
	Hours   *Hours

	now     func() time.Time
	flying  *history.Outgoing // on its way to the broker; nil for none
	retryAt time.Time         // zero for at once
}

// New is a stream of which nothing is known yet. writer is nil where Home Assistant's statistics are left alone.
func New(o history.Options, writer *statistics.Writer, now func() time.Time) *Stream {
	return &Stream{History: history.New(o), Hours: newHours(writer), now: now}
}

// Accept takes a reading as a row.
func (s *Stream) Accept(u device.Update) {
	if u.Reading.Activity().IsZero() {
		return
	}
	s.Hours.device(u.Ref)
	s.History.Observe(u.Ref, u.Reading.Telemetry(), history.Observation{Now: s.now(), Before: u.Before, Interval: u.Derived.Interval})
}

// Remove forgets a device.
func (s *Stream) Remove(ref device.Ref) {
	s.History.Remove(ref)
	s.Hours.remove(ref)
}

// Next is the row to publish at now; false for none. The one after it follows when the broker has acknowledged this one, so
// that rows never queue up before states and outcomes. moved are the devices whose position has moved without a row.
func (s *Stream) Next(now time.Time) (out history.Outgoing, moved []device.Ref, ok bool) {
	if s.flying != nil || s.retryAt.After(now) {
		return out, nil, false
	}
	s.retryAt = time.Time{}
	if out, moved, ok = s.History.Next(); ok {
		s.flying = &out
	}
	return out, moved, ok
}

// Acknowledged takes what the broker says of the row on its way. It returns the row, and whether its device's position has
// moved. One that the broker does not have goes again, later where it has refused it.
func (s *Stream) Acknowledged(delivered, refused bool) (row history.Outgoing, moved bool) {
	row, s.flying = *s.flying, nil
	if delivered {
		s.Hours.count(row.Ref, row.Row)
	}
	_, moved = s.History.Acknowledge(delivered)
	if refused {
		s.retryAt = s.now().Add(rowRetry)
	}
	return row, moved
}

// RetryAt is when a row goes again that the broker has refused; zero for none.
func (s *Stream) RetryAt() time.Time { return s.retryAt }

// Answered takes the rows that a request was answered with. cloudNow is now on the cloud's clock.
func (s *Stream) Answered(r history.Request, rows []device.Telemetry, now, cloudNow time.Time) {
	s.Hours.count(r.Ref, s.History.Answer(r, rows, now, cloudNow)...)
	s.Hours.changed[r.Ref] = true // a gap less may complete hours
}

// Failed takes a request without an answer.
func (s *Stream) Failed(r history.Request, err error, now time.Time) history.Failure {
	how := failureOf(err)
	s.History.Fail(r, how, err.Error(), now)
	s.Hours.changed[r.Ref] = true
	return how
}

func failureOf(err error) history.Failure {
	var (
		held *limit.RateLimitedError
		api  *raptclient.APIError
		body *raptclient.BodyError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &held):
		return history.Postponed
	case errors.As(err, &body) && body.Problem == raptclient.BodyTooLarge:
		return history.TooLarge
	case errors.As(err, &api) && api.Status >= http.StatusBadRequest && api.Status < http.StatusInternalServerError && !raptclient.Temporary(err):
		return history.Refused
	}
	return history.Failed
}
