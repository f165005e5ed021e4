package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/absence"
	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// missing takes a complete list: what it lacks is asked for by itself after the second one in a row. A device that
// another family's list has moves there at once.
func (b *bridge) missing(f *account.Family, seen map[string]bool, now time.Time) {
	a := b.account
	for _, d := range slices.Clone(f.Members) {
		switch {
		case seen[d.ID]:
			d.ClaimedBy = nil
		case d.ClaimedBy != nil:
			r := d.Claim
			d = b.move(d)
			b.accept(now, arrival{device: d, reading: r})
		case !a.Absent.Has(d.Ref):
			a.Absent.Add(d.Ref, "")
			a.RefreshAll(now, f) // it may have moved to another family
		}
	}
	// Where another family's list has it, nothing has to be asked.
	b.removeGone(a.Absent.Missed(f.Name, now, func(ref device.Ref) bool { return a.Device(ref.ID) != nil && a.Find(ref) == nil })...)
	a.Absent.Plan()
}

// look asks for a device that lists lack.
func (b *bridge) look(ctx context.Context, ref device.Ref, now time.Time) {
	a := b.account
	a.Absent.Looked(ref, now)
	f := a.Family(ref.Family)
	c := b.newRead(limit.ForPoll, f, ref.ID, func(r answer, err error) {
		if err == nil {
			b.notice(r.Report)
		}
		b.looked(f, ref, r.Reading, err)
	})
	c.Yields = true
	b.start(ctx, c)
}

// looked takes the answer: one that has the device keeps it, one that says it is not there takes it out, and anything
// else leaves the question open.
func (b *bridge) looked(f *account.Family, ref device.Ref, r device.Reading, err error) {
	a, now := b.account, b.clock.Now()
	if !a.Absent.Has(ref) {
		return // it was taken out meanwhile
	}
	defer a.Absent.Plan()
	var held *limit.RateLimitedError
	switch {
	case err == nil && r.ID() == ref.ID && !r.Deleted():
		b.onAPISuccess()
		a.Absent.Answered(ref, absence.Shown, now)
		b.warnOnce("incomplete list "+string(f.Name), "the RAPT Cloud's list of the family %s lacks devices that the cloud itself still has; they stay", f.Name)
		if d := b.admit(f, r, now); d != nil {
			b.accept(now, arrival{device: d, reading: r})
		}
	case err == nil && r.ID() == ref.ID, raptclient.Refused(err, http.StatusNotFound, http.StatusGone):
		b.onAPISuccess()
		b.removeGone(ref)
	case errors.Is(err, context.Canceled), errors.As(err, &held):
		a.Absent.Answered(ref, absence.Postponed, now)
		b.onAPIError(now, err)
	default:
		a.Absent.Answered(ref, absence.Open, now)
		if err != nil {
			b.onAPIError(now, err)
		}
		if d := a.Find(ref); d != nil {
			b.publishAvailability(d, now)
		} else {
			b.mqtt.retain(b.mqtt.topics.Availability(ref.Family, ref.ID), mirror.Offline.Payload())
		}
	}
}

// removeGone takes devices out that have left the account.
func (b *bridge) removeGone(gone ...device.Ref) {
	known := false
	for _, ref := range gone {
		config := b.account.Absent.Config(ref)
		if d := b.account.Find(ref); d != nil {
			b.log.Info("a device is no longer in the RAPT account", slog.String("family", string(ref.Family)), named(d))
			if known = true; d.Published.Announced() {
				config = b.mqtt.topics.Config(ref.ID)
			}
			b.forget(d)
		} else {
			b.log.Info("cleared a device that an earlier run left behind", slog.String("family", string(ref.Family)), slog.String("id", text.Line(ref.ID, retained.MaxID)))
		}
		b.account.Absent.Remove(ref)
		delete(b.account.Heating, ref)
		b.clearDevice(ref, config)
	}
	if known {
		b.distinguish(b.clock.Now())
	}
}

// forgetDevice takes out what no list has, by its id, and says so.
func (b *bridge) forgetDevice(id string, now time.Time) (note string, err error) {
	id = strings.ToLower(strings.TrimSpace(id))
	if refs := b.account.Absent.Missing(id); len(refs) > 0 {
		b.removeGone(refs...)
		b.account.Absent.Plan()
		b.publishState()
		return "The device is taken out. One that the RAPT Cloud lists again comes back.", nil
	}
	if d := b.account.Device(id); d != nil {
		return "", fmt.Errorf("the RAPT Cloud's list of the family %s has this device; take it out of the account in the RAPT app first", d.Family)
	}
	return "", fmt.Errorf("there is no device %s, or the list of its family has not been answered yet", text.Quote(id))
}

// forgetFromPage takes out a device that somebody has chosen on the status page.
func (b *bridge) forgetFromPage(id string) {
	if _, err := b.forgetDevice(id, b.clock.Now()); err != nil {
		b.log.Warn("a device was not taken out", slog.Any("reason", err))
	}
}
