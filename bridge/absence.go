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

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/poll"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Devices that lists lack are asked for one by one with these distances: a family that vanishes as a whole must not use
// up the hour's requests, which its list needs to come back.
const (
	looksApart     = 2 * time.Second
	manyLooks      = 20
	manyLooksApart = time.Minute
)

// absent is a device that the lists of its family lack.
type absent struct {
	poll.Absence
	config string // the topic of the announcement that an earlier run left; empty for none
}

// missing takes a complete list: what it lacks is asked for by itself after the second one in a row. A device that
// another family's list has moves there at once.
func (b *bridge) missing(f *familyState, seen map[string]bool, now time.Time) {
	a := b.account
	var gone []device.Ref
	for _, d := range slices.Clone(f.devices) {
		switch {
		case seen[d.ID]:
			d.claimedBy = nil
		case d.claimedBy != nil:
			r := d.claim
			d = b.move(d)
			b.accept(now, arrival{device: d, reading: r})
		case a.absent[d.Ref] == nil:
			a.absent[d.Ref] = &absent{}
			b.askAll(now, f) // it may have moved to another family
		}
	}
	for ref, e := range a.absent {
		if ref.Family != f.Name {
			continue
		}
		missed := e.Missed(now)
		// Where another family's list has it, and where it can't be a device's id, nothing has to be asked.
		known := a.byID[ref.ID] != nil && a.find(ref) == nil || !isDeviceID(ref.ID)
		if missed || known && e.Doubtful() {
			gone = append(gone, ref)
		}
	}
	b.removeGone(gone...)
	a.planLooks()
}

// isDeviceID reports whether an id has the form of the API's: a UUID in lower case.
func isDeviceID(id string) bool {
	lower, ok := text.UUID(id)
	return ok && lower == id
}

// planLooks works out when the first device may be asked for by itself.
func (a *account) planLooks() {
	a.nextLook = time.Time{}
	waiting := 0
	for _, e := range a.absent {
		if at := e.LookAt(); !at.IsZero() {
			a.nextLook = times.Soonest(a.nextLook, at)
			waiting++
		}
	}
	apart := looksApart
	if waiting > manyLooks {
		apart = manyLooksApart
	}
	if waiting > 0 {
		a.nextLook = times.Latest(a.nextLook, a.lastLook.Add(apart))
	}
}

// lookDue is the device that should be asked for by itself at now; false for none.
func (a *account) lookDue(now time.Time) (due device.Ref, ok bool) {
	if a.nextLook.IsZero() || a.nextLook.After(now) || a.gate.NextPoll(now).After(now) {
		return due, false
	}
	var since time.Time
	for ref, e := range a.absent {
		if at := e.LookAt(); !at.IsZero() && !at.After(now) && (!ok || at.Before(since)) {
			due, since, ok = ref, at, true
		}
	}
	return due, ok
}

// look asks for a device that lists lack.
func (b *bridge) look(ctx context.Context, ref device.Ref, now time.Time) {
	a := b.account
	a.absent[ref].Looked(now)
	a.lastLook = now
	a.planLooks()
	f := a.byName[ref.Family]
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
func (b *bridge) looked(f *familyState, ref device.Ref, r device.Reading, err error) {
	a, now := b.account, b.clock.Now()
	e := a.absent[ref]
	if e == nil {
		return // it was taken out meanwhile
	}
	defer a.planLooks()
	var held *limit.RateLimitedError
	switch {
	case err == nil && r.ID() == ref.ID && !r.Deleted():
		b.onAPISuccess()
		e.Shown(now)
		b.warnOnce("incomplete list "+string(f.Name), "the RAPT Cloud's list of the family %s lacks devices that the cloud itself still has; they stay", f.Name)
		if d := b.admit(f, r, now); d != nil {
			b.accept(now, arrival{device: d, reading: r})
		}
	case err == nil && r.ID() == ref.ID, answered(err, http.StatusNotFound, http.StatusGone):
		b.onAPISuccess()
		b.removeGone(ref)
	case errors.Is(err, context.Canceled), errors.As(err, &held):
		e.Postponed(now)
		b.onAPIError(now, err)
	default:
		e.Unproven = true
		if err != nil {
			b.onAPIError(now, err)
		}
		if d := a.find(ref); d != nil {
			b.publishAvailability(d, now)
		} else {
			b.mqtt.retain(b.mqtt.topics.Availability(ref.Family, ref.ID), offline.payload())
		}
	}
}

// unproven reports whether lists lack a device and asking for it left open whether it is there.
func (a *account) unproven(ref device.Ref) bool {
	return a.absent[ref] != nil && a.absent[ref].Unproven
}

// doubtful reports whether enough lists lack a device for it to be taken out by hand.
func (a *account) doubtful(ref device.Ref) bool {
	return a.absent[ref] != nil && a.absent[ref].Doubtful()
}

// removeGone takes devices out that have left the account.
func (b *bridge) removeGone(gone ...device.Ref) {
	known := false
	for _, ref := range gone {
		config := ""
		if e := b.account.absent[ref]; e != nil {
			config = e.config
		}
		if d := b.account.find(ref); d != nil {
			b.log.Info("a device is no longer in the RAPT account", slog.String("family", string(ref.Family)), d.log())
			if known = true; d.config != nil {
				config = b.mqtt.topics.Config(ref.ID)
			}
			b.forget(d)
		} else {
			b.log.Info("cleared a device that an earlier run left behind", slog.String("family", string(ref.Family)), slog.String("id", text.Line(ref.ID, retained.MaxID)))
		}
		delete(b.account.absent, ref)
		b.clearDevice(ref, config)
	}
	if known {
		b.distinguish(b.clock.Now())
	}
}

// forgetDevice takes out what no list has, by its id, and says so.
func (b *bridge) forgetDevice(id string, now time.Time) (note string, err error) {
	id = strings.ToLower(strings.TrimSpace(id))
	var refs []device.Ref
	for ref, e := range b.account.absent {
		if ref.ID == id && e.Missing() {
			refs = append(refs, ref)
		}
	}
	if len(refs) > 0 {
		b.removeGone(refs...)
		b.account.planLooks()
		b.publishState()
		return "The device is taken out. One that the RAPT Cloud lists again comes back.", nil
	}
	if d := b.account.byID[id]; d != nil {
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

// leftBehind are the devices of an earlier run that lists lack, for the status page, as many as it can show.
func (a *account) leftBehind() []web.DeviceStatus {
	var out []web.DeviceStatus
	for ref, e := range a.absent {
		if e.Doubtful() && a.find(ref) == nil && len(out) < manyLooks {
			out = append(out, web.DeviceStatus{Family: ref.Family, ID: ref.ID, Name: ref.ID, Missing: true})
		}
	}
	slices.SortFunc(out, func(v, w web.DeviceStatus) int { return strings.Compare(v.ID, w.ID) })
	return out
}
