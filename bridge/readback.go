package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// reconcile holds a device's newest reading against its pending writes.
func (b *bridge) reconcile(d *account.Device) {
	b.resolve(d, d.Writes.Compare(d.Reading, b.account.Steady(d.Reading.Activity())))
}

// resolve tells what became of pending writes. That the cloud takes a gravity on another scale than it is submitted is told
// loudly.
func (b *bridge) resolve(d *account.Device, resolutions []command.Resolution) {
	for _, r := range resolutions {
		if r.Wrong != nil {
			b.log.Error("the RAPT Cloud misunderstands submitted gravities", named(d), slog.Any("reason", r.Wrong))
			b.problem(d.Name() + ": " + r.Wrong.Error())
		}
		if r.Outcome != "" {
			b.publishOutcome(r.Command, r.Outcome, r.Err)
		}
		if r.Outcome == command.Unconfirmed {
			b.log.Warn("the RAPT Cloud doesn't show what was set", named(d), slog.String("key", r.Key), slog.String("value", r.Asked.String()), slog.Any("reason", r.Err))
		}
		if r.Wrong != nil {
			b.publishState()
		}
	}
}

// expirePending shows the cloud's own value where a write has been pending for long enough.
func (b *bridge) expirePending(now time.Time) {
	for d := range b.account.Pending {
		if resolutions, expired := d.Writes.Expire(now); expired {
			b.resolve(d, resolutions)
			b.publishDevice(d, now, false)
		}
	}
}

// readBack asks for a device to see whether the cloud shows what was set.
func (b *bridge) readBack(ctx context.Context, d *account.Device) {
	d.Writes.ReadBack(b.clock.Now())
	b.readDevice(ctx, d, nil, func(device.Reading, error) { b.resolve(d, d.Writes.GiveUp()) })
}
