package bridge

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// judge holds a device's newest reading against its holds.
func (b *bridge) judge(d *device) {
	for key, h := range d.holds {
		switch h.judge(d.family, d.reading, b.steady(d.reading.activity())) {
		case shows:
			delete(d.holds, key)
			b.settle(h, confirmed, nil)
		case overrule:
			delete(d.holds, key)
			b.settle(h, unconfirmed, errors.New("somebody else has set another value meanwhile"))
		}
	}
}

// settle tells how it went on after applied, once.
func (b *bridge) settle(h *hold, o outcome, err error) {
	if h.settled {
		return
	}
	h.settled = true
	b.tell(&waiting{command: h.command}, o, err)
	if o == unconfirmed {
		b.log.Warn("the RAPT Cloud doesn't show what was set", slog.String("device", h.device.name()), slog.String("key", h.row.key), slog.String("value", h.value.String()), slog.Any("reason", err))
	}
}

// endHolds shows the cloud's truth where a hold has lasted long enough.
func (b *bridge) endHolds(now time.Time) {
	for _, d := range b.holding() {
		for key, h := range d.holds {
			if !h.ends().After(now) {
				delete(d.holds, key)
				b.settle(h, unconfirmed, errNotShown)
				b.publishDevice(d, now, false)
			}
		}
	}
}

var errNotShown = errors.New("the cloud doesn't show the value; what it shows is published again")

func (b *bridge) nextHoldEnd() time.Time {
	var next time.Time
	for _, d := range b.holding() {
		for _, h := range d.holds {
			next = soonest(next, h.ends())
		}
	}
	return next
}

// holding lists the devices with holds.
func (b *bridge) holding() []*device {
	var out []*device
	for _, f := range b.families {
		if f.kettle == nil && f.control == nil {
			continue
		}
		for _, d := range f.order {
			if len(d.holds) > 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

// readbackDue is a device with a hold that should be read back at now.
func (b *bridge) readbackDue(now time.Time) *device {
	for _, d := range b.holding() {
		for _, h := range d.holds {
			if at := h.check(); !at.IsZero() && !at.After(now) {
				return d
			}
		}
	}
	return nil
}

func (b *bridge) nextReadback(now time.Time) time.Time {
	var first time.Time
	for _, d := range b.holding() {
		for _, h := range d.holds {
			first = soonest(first, h.check())
		}
	}
	if first.IsZero() {
		return first
	}
	return latest(first, b.commandOpens(now))
}

// readback asks for a device to see whether the cloud shows what was set.
func (b *bridge) readback(ctx context.Context, d *device) {
	now := b.now()
	for _, h := range d.holds {
		if at := h.check(); !at.IsZero() && !at.After(now) {
			h.tries++
		}
	}
	b.readDevice(ctx, d, func(reading, error) {
		for _, h := range d.holds {
			if !h.settled && h.check().IsZero() {
				b.settle(h, unconfirmed, errNotShown)
			}
		}
	})
}
