package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/internal/retry"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	firstSpan = 30 * 24 * time.Hour
	longest   = 2 * 365 * 24 * time.Hour
	shortest  = time.Hour
	tries     = 5

	// After a 429 nothing is asked for as long as the cloud says: a minute at the least, a day at the most.
	leastAfterLimit = time.Minute
	mostAfterLimit  = 24 * time.Hour
)

// Beginning is before the first RAPT device with an account was sold: no row is older.
func Beginning() time.Time { return time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC) }

// Source is a device whose rows are asked for.
type Source struct {
	Client *raptclient.Client
	Family *device.Family
	ID     string
	// Wait is how long to wait before a request that failed is tried again, the first time.
	Wait time.Duration
	// Limited is told until when nothing is asked because the cloud asks for fewer requests.
	Limited func(until time.Time)
}

// Rows hands the rows from one moment to another on, in the order of their times, as they come. at tells how far it is. It
// asks for longer spans where the device was away and for shorter ones where an answer is too large, and asks on where an
// answer stops short.
func (s Source) Rows(ctx context.Context, from, to time.Time, take func(rows []device.Telemetry, at time.Time) error) error {
	span := firstSpan
	last := time.Time{} // the newest row that was handed on
	for from.Before(to) {
		end := from.Add(span)
		if end.After(to) {
			end = to
		}
		rows, err := s.ask(ctx, from, end)
		var body *raptclient.BodyError
		switch {
		case errors.As(err, &body) && body.Problem == raptclient.BodyTooLarge && span > shortest:
			span /= 2
			continue
		case err != nil:
			return err
		}
		slices.SortFunc(rows, func(a, b device.Telemetry) int { return a.At.Compare(b.At) })
		// A row that is dated after the span would end the export before the rows that belong there.
		rows = slices.DeleteFunc(rows, func(r device.Telemetry) bool { return !r.At.After(last) || r.At.Before(from) || r.At.After(end) })
		if len(rows) == 0 {
			from, span = end, min(2*span, longest)
			if err := take(nil, from); err != nil {
				return err
			}
			continue
		}
		begins := rows[0].At
		// An answer may be cut without a word, at either end: what is before its first row is asked for before it is handed on.
		if gap := begins.Sub(from); gap > 3*step(rows) && gap > shortest && len(rows) > 1 {
			earlier, err := s.before(ctx, from, begins)
			if err != nil {
				return err
			}
			rows = append(earlier, rows...)
		}
		last = rows[len(rows)-1].At
		from = last
		if end.Sub(last) <= 3*step(rows) || len(rows) == 1 {
			from = end
		}
		if err := take(rows, from); err != nil {
			return err
		}
		span = min(max(span, firstSpan), longest)
	}
	return nil
}

// before are the rows of a span that ends with one that is known.
func (s Source) before(ctx context.Context, from, to time.Time) ([]device.Telemetry, error) {
	var all []device.Telemetry
	for {
		rows, err := s.ask(ctx, from, to)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(rows, func(a, b device.Telemetry) int { return a.At.Compare(b.At) })
		rows = slices.DeleteFunc(rows, func(r device.Telemetry) bool { return !r.At.Before(to) || r.At.Before(from) })
		if len(rows) == 0 {
			return all, nil
		}
		all = append(rows, all...)
		to = rows[0].At
	}
}

// Has reports whether the last row of a file is one that the cloud has of the device. Of another device's rows none is the same to the
// last digit.
func (s Source) Has(ctx context.Context, h Held, format Format) (bool, error) {
	rows, err := s.ask(ctx, h.Until.Add(-time.Minute), h.Until.Add(time.Minute))
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		var line bytes.Buffer
		w, err := NewWriter(&line, format, []*device.Family{s.Family}, false, true)
		if err == nil {
			err = w.Write(s.Family, s.ID, "", []device.Telemetry{row})
		}
		if err != nil {
			return false, err
		}
		if line.String() == h.last+"\n" {
			return true, nil
		}
	}
	return false, nil
}

// HasBetween reports whether the cloud has rows from one moment until just before another. It asks for the latest of them first, since
// most devices report all the time.
func (s Source) HasBetween(ctx context.Context, from, to time.Time) (bool, error) {
	span := firstSpan
	for end := to; from.Before(end); span = longest {
		begin := end.Add(-span)
		if begin.Before(from) {
			begin = from
		}
		rows, err := s.ask(ctx, begin, end)
		var body *raptclient.BodyError
		switch {
		case errors.As(err, &body) && body.Problem == raptclient.BodyTooLarge:
			return true, nil
		case err != nil:
			return false, err
		case slices.ContainsFunc(rows, func(r device.Telemetry) bool { return !r.At.Before(from) && r.At.Before(to) }):
			return true, nil
		}
		end = begin
	}
	return false, nil
}

// step is the usual time from row to row.
func step(rows []device.Telemetry) time.Duration {
	if len(rows) < 2 {
		return time.Hour
	}
	steps := make([]time.Duration, len(rows)-1)
	for i := range steps {
		steps[i] = rows[i+1].At.Sub(rows[i].At)
	}
	slices.Sort(steps)
	return max(steps[len(steps)/2], time.Minute)
}

// ask asks for a span, again at growing distances where that can help.
func (s Source) ask(ctx context.Context, from, to time.Time) ([]device.Telemetry, error) {
	wait := retry.New(s.Wait, s.Wait<<tries, 0)
	for try := 1; ; try++ {
		list, err := s.Family.Telemetry(ctx, s.Client, s.ID, from, to)
		var body *raptclient.BodyError
		tooLarge := errors.As(err, &body) && body.Problem == raptclient.BodyTooLarge
		switch {
		case err == nil:
			return list.Rows, nil
		case ctx.Err() != nil || tooLarge || !raptclient.Temporary(err):
			return nil, err
		case try == tries:
			return nil, fmt.Errorf("given up after %d tries: %w", tries, err)
		}
		pause := wait.NextBackOff()
		if after, limited := silence(err); limited {
			pause = max(pause, after)
			s.Limited(time.Now().Add(pause))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// silence is how long to ask nothing after an error; false for one that is no 429.
func silence(err error) (time.Duration, bool) {
	var (
		api    *raptclient.APIError
		signIn *raptclient.SignInError
		stated raptclient.RateLimit
	)
	switch {
	case errors.As(err, &api) && api.Status == http.StatusTooManyRequests:
		stated = api.RateLimit
	case errors.As(err, &signIn) && signIn.Status == http.StatusTooManyRequests:
		stated = signIn.RateLimit
	default:
		return 0, false
	}
	return max(leastAfterLimit, min(stated.RetryAfter.Or(0), mostAfterLimit)), true
}
