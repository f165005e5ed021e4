package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/bridge/statistics"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	rowRetry    = 10 * time.Second // after the broker refused a row
	beforePolls = 5 * time.Second  // of which a request for missing rows keeps clear
)

// backfill hands telemetry rows on to the broker, one at a time, and asks for those that are missing. It is a sink of
// readings.
type backfill struct {
	enabled bool
	history *history.History
	clock   clock.Clock
	acked   chan bool // what became of the row that is on its way; one at a time
	flying  *history.Outgoing
	retryAt time.Time // zero for at once

	// Hours for Home Assistant's statistics; statistics is nil for none.
	statistics *statistics.Writer
	hours      *history.Hours
	changed    map[device.Ref]bool // devices with rows whose hours may be complete
	hoursAt    time.Time           // when to look
}

func newBackfill(o *Options, clock clock.Clock) *backfill {
	return &backfill{
		enabled: o.History.Enabled, clock: clock, acked: make(chan bool, 1),
		statistics: o.Statistics, hours: history.NewHours(), changed: map[device.Ref]bool{},
		history: history.New(history.Options{
			Days: o.History.Days, EveryReading: o.History.EveryReading, Pace: poll.Bounds{Min: o.MinPollInterval, Max: o.MaxPollInterval}.Pace(),
		}),
	}
}

// Accept takes a reading as a row.
func (f *backfill) Accept(u device.Update) {
	if u.Reading.Activity().IsZero() {
		return
	}
	if f.statistics != nil {
		f.statistics.Device(u.Ref)
	}
	f.history.Observe(u.Ref, u.Reading.Telemetry(), history.Observation{Now: f.clock.Now(), Before: u.Before, Interval: u.Derived.Interval})
}

// Remove forgets a device.
func (f *backfill) Remove(ref device.Ref) {
	f.history.Remove(ref)
	f.hours.Remove(ref)
	delete(f.changed, ref)
	if f.statistics != nil {
		f.statistics.Remove(ref)
	}
}

// restorePositions goes on where the earlier run left the stream.
func (b *bridge) restorePositions(now time.Time) {
	if !b.backfill.enabled {
		return
	}
	for ref, payload := range b.mqtt.earlier.Positions {
		if !b.backfill.history.Restore(ref, payload, now) {
			b.log.Warn("what the broker retains of a device's history can't be read; it begins anew", slog.String("topic", b.mqtt.topics.History(ref.Family, ref.ID)))
		}
	}
}

// handOn publishes the next row. The one after it follows when the broker has acknowledged this one, so that rows never
// queue up before states and outcomes.
func (b *bridge) handOn(now time.Time) {
	f := b.backfill
	if f.flying != nil || f.retryAt.After(now) {
		return
	}
	f.retryAt = time.Time{}
	out, moved, ok := f.history.Next()
	for _, ref := range moved {
		b.publishPosition(ref)
	}
	if !ok {
		return
	}
	f.flying = &out
	b.mqtt.put(broker.Publication{
		Topic: b.mqtt.topics.Telemetry(out.Ref.Family, out.Ref.ID), Payload: out.Row.AppendJSON(nil, out.Backfilled),
		OnAcked: func(delivered bool) { f.acked <- delivered },
	})
}

// handedOn moves the device's position over the row that the broker has acknowledged. One that it has not goes again.
func (b *bridge) handedOn(delivered bool) {
	f := b.backfill
	if delivered {
		b.metrics.Row(string(f.flying.Ref.Family), f.flying.Backfilled)
		f.count(f.flying.Ref, f.flying.Row)
	}
	f.flying = nil
	if ref, moved := f.history.Acknowledge(delivered); moved {
		b.publishPosition(ref)
	}
	if !delivered && b.mqtt.phase == running {
		f.retryAt = b.clock.Now().Add(rowRetry)
	}
}

// publishPosition publishes until when a device's stream is complete.
func (b *bridge) publishPosition(ref device.Ref) {
	if doc := b.backfill.history.Position(ref); doc != nil && b.account.find(ref) != nil {
		b.mqtt.retain(b.mqtt.topics.History(ref.Family, ref.ID), doc)
	}
}

// nextBackfill is when missing rows may be asked for; zero for not as things are. They come after everything else: never
// while the API is ill or slow, and never just before a poll.
func (b *bridge) nextBackfill(now time.Time) time.Time {
	a := b.account
	due := b.backfill.history.Due()
	open, ok := a.gate.NextBackfill(now)
	if due.IsZero() || !ok {
		return time.Time{}
	}
	at := times.Latest(due, open)
	margin := min(beforePolls, a.bounds.Min/4)
	if next := poll.Next(now, a.turns(), a.nextPolls(now)).Wake; !at.Before(next.Add(-margin)) {
		return time.Time{} // that one first
	}
	return at
}

// fetch asks for missing rows.
func (b *bridge) fetch(ctx context.Context, now time.Time) {
	r, ok := b.backfill.history.Request(now)
	d := b.account.find(r.Ref)
	if !ok || d == nil {
		return
	}
	c := worker.NewCall(limit.ForBackfill,
		// A second more: the cloud may leave out what is written with fewer digits than asked for.
		func(ctx context.Context) (device.TelemetryList, error) {
			return d.family.Telemetry(ctx, b.account.client, d.ID, r.From, r.To.Add(time.Second))
		},
		func(list device.TelemetryList, err error) { b.fetched(r, list, err) })
	c.Yields = true
	b.start(ctx, c)
}

// fetched takes the rows of an answer.
func (b *bridge) fetched(r history.Request, list device.TelemetryList, err error) {
	now := b.clock.Now()
	if err == nil {
		b.onAPISuccess()
		b.notice(list.Report)
		b.backfill.count(r.Ref, b.backfill.history.Answer(r, list.Rows, now, b.account.cloud(now))...)
	} else {
		how := fetchFailure(err)
		if how == history.Failed || how == history.Refused {
			b.onAPIError(now, err)
		}
		b.backfill.history.Fail(r, how, err.Error(), now)
	}
	b.backfill.changed[r.Ref] = true // a gap less may complete hours
	b.publishPosition(r.Ref)
}

func fetchFailure(err error) history.Failure {
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

const (
	hoursEvery = time.Minute // rows are made into hours,
	hoursOf    = 20          // of so many devices at a time, so that the loop goes on
)

// count takes rows for the hours of Home Assistant's statistics.
func (f *backfill) count(ref device.Ref, rows ...device.Telemetry) {
	if f.statistics == nil {
		return
	}
	for _, row := range rows {
		f.hours.Add(ref, row)
		f.changed[ref] = true
	}
}

// makeHours hands the hours on that have become complete.
func (f *backfill) makeHours(now time.Time) {
	if f.statistics == nil || f.hoursAt.After(now) {
		return
	}
	f.hoursAt = now.Add(hoursEvery)
	n := 0
	for ref := range f.changed {
		if n++; n > hoursOf {
			f.hoursAt = now.Add(time.Second)
			return
		}
		delete(f.changed, ref)
		open := func(from, to time.Time) bool { return f.history.Open(ref, from, to) }
		f.statistics.Add(f.hours.Made(ref, f.history.Interval(ref), open))
	}
}

// missing are spans of which Home Assistant lacks the hours; nil for none ever.
func (f *backfill) missing() <-chan statistics.Missing {
	if f.statistics == nil {
		return nil
	}
	return f.statistics.Missing()
}
