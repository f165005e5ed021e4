package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// reconcile holds a device's newest reading against its pending writes.
func (b *bridge) reconcile(d *deviceState) {
	b.resolve(d, d.writes.Compare(d.reading, b.account.steady(d.reading.Activity())))
}

// resolve tells what became of pending writes. That the cloud takes a gravity on another scale than it is submitted is told
// loudly.
func (b *bridge) resolve(d *deviceState, resolutions []command.Resolution) {
	for _, r := range resolutions {
		if r.Wrong != nil {
			b.log.Error("the RAPT Cloud misunderstands submitted gravities", d.log(), slog.Any("reason", r.Wrong))
			b.problem(d.name() + ": " + r.Wrong.Error())
		}
		if r.Outcome != "" {
			b.publishOutcome(r.Command, r.Outcome, r.Err)
		}
		if r.Outcome == command.Unconfirmed {
			b.log.Warn("the RAPT Cloud doesn't show what was set", d.log(), slog.String("key", r.Key), slog.String("value", r.Asked.String()), slog.Any("reason", r.Err))
		}
		if r.Wrong != nil {
			b.publishState()
		}
	}
}

// expirePending shows the cloud's own value where a write has been pending for long enough.
func (b *bridge) expirePending(now time.Time) {
	for d := range b.account.pending {
		if resolutions, expired := d.writes.Expire(now); expired {
			b.resolve(d, resolutions)
			b.publishDevice(d, now, false)
		}
	}
}

// nextPendingEnd is when the first pending write ends; zero for none.
func (a *account) nextPendingEnd() time.Time {
	var first time.Time
	for d := range a.pending {
		first = times.Soonest(first, d.writes.Ends())
	}
	return first
}

// nextReadback is the device that should be read back first, and when that may be within the limits; nil for none.
func (a *account) nextReadback(now time.Time, open command.Opening) (next *deviceState, at time.Time) {
	if a.gate.Requests.Readbacks(now) == 0 {
		return nil, at // the requests that are left are for commands
	}
	for d := range a.pending {
		if due := d.writes.NextReadback(); !due.IsZero() && (next == nil || due.Before(at)) {
			next, at = d, due
		}
	}
	if next != nil {
		at = times.Latest(at, open.Commands)
	}
	return next, at
}

// readBack asks for a device to see whether the cloud shows what was set.
func (b *bridge) readBack(ctx context.Context, d *deviceState) {
	d.writes.ReadBack(b.clock.Now())
	b.readDevice(ctx, d, nil, func(device.Reading, error) { b.resolve(d, d.writes.GiveUp()) })
}
