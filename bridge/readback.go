package bridge

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

var (
	errNotRead    = errors.New("the device was not read back in time, so whether the cloud shows the value is not known")
	errNotShown   = errors.New("the cloud doesn't show the value; what it shows is published again")
	errOverridden = errors.New("somebody else has set another value meanwhile")
)

// reconcile holds a device's newest reading against its pending writes.
func (b *bridge) reconcile(d *deviceState) {
	for key, p := range d.pending {
		p.Compared = true
		switch p.Compare(d.reading, b.account.steady(d.reading.Activity())) {
		case command.Shows:
			delete(d.pending, key)
			d.scaleKnown(p)
			b.resolve(d, p, command.Confirmed, nil)
		case command.Overridden:
			delete(d.pending, key)
			b.resolve(d, p, command.Unconfirmed, errOverridden)
		case command.OffScale:
			delete(d.pending, key)
			b.offScale(d, p)
		}
	}
}

// resolve tells what became of a pending write, once.
func (b *bridge) resolve(d *deviceState, p *command.PendingWrite, o command.Outcome, err error) {
	if p.Told {
		return
	}
	p.Told = true
	b.publishOutcome(p.Command, o, err)
	if o == command.Unconfirmed {
		b.log.Warn("the RAPT Cloud doesn't show what was set", d.log(), slog.String("key", p.Key), slog.String("value", p.Asked.String()), slog.Any("reason", err))
	}
}

// expirePending shows the cloud's own value where a write has been pending for long enough.
func (b *bridge) expirePending(now time.Time) {
	for d := range b.account.pending {
		for key, p := range d.pending {
			if !p.Ends().After(now) {
				delete(d.pending, key)
				err := notShown(p)
				if !p.Compared {
					err = errNotRead
				}
				b.resolve(d, p, command.Unconfirmed, err)
				b.publishDevice(d, now, false)
			}
		}
	}
}

// nextPendingEnd is when the first pending write ends; zero for none.
func (a *account) nextPendingEnd() time.Time {
	var first time.Time
	for d := range a.pending {
		for _, p := range d.pending {
			first = times.Soonest(first, p.Ends())
		}
	}
	return first
}

// readbackDue is a device with a pending write that should and may be read back at now; nil for none.
func (a *account) readbackDue(now time.Time, open command.Opening) *deviceState {
	if open.Commands.After(now) || a.gate.Requests.Readbacks(now) == 0 {
		return nil
	}
	for d := range a.pending {
		for _, p := range d.pending {
			if at := p.NextReadback(); !at.IsZero() && !at.After(now) {
				return d
			}
		}
	}
	return nil
}

// nextReadback is when the first device should be read back, within the limits; zero for none.
func (a *account) nextReadback(now time.Time, open command.Opening) time.Time {
	var first time.Time
	if a.gate.Requests.Readbacks(now) == 0 {
		return first // the requests that are left are for commands
	}
	for d := range a.pending {
		for _, p := range d.pending {
			first = times.Soonest(first, p.NextReadback())
		}
	}
	if first.IsZero() {
		return first
	}
	return times.Latest(first, open.Commands)
}

// readBack asks for a device to see whether the cloud shows what was set.
func (b *bridge) readBack(ctx context.Context, d *deviceState) {
	now := b.clock.Now()
	for _, p := range d.pending {
		if at := p.NextReadback(); !at.IsZero() && !at.After(now) {
			p.Readbacks++
		}
	}
	b.readDevice(ctx, d, nil, func(device.Reading, error) {
		for _, p := range d.pending {
			if !p.Told && p.NextReadback().IsZero() {
				b.resolve(d, p, command.Unconfirmed, notShown(p))
			}
		}
	})
}
