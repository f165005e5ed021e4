package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// scaleChecks is how many submissions of a device are read back at the most before one shows on which scale the cloud takes
// their gravity.
const scaleChecks = 3

// Why a write is not known to be shown.
var (
	ErrNotRead      = errors.New("the device was not read back in time, so whether the cloud shows the value is not known")
	ErrNotShown     = fmt.Errorf("the cloud doesn't show the value; %.0f s after the command what it shows is published again", pendingFor.Seconds())
	ErrOverridden   = errors.New("somebody else has set another value meanwhile")
	ErrScaleUnknown = errors.New("the cloud doesn't show the submitted gravity, so whether it takes it as it is meant is not known")
)

// Writes are what was set on one device and the cloud is still to show. Their times are steady time.
type Writes struct {
	of          map[string]*PendingWrite // by key
	offs        map[string]*switchedOff  // by key, unless something else was set since
	scaleChecks int                      // submissions of which the scale is still looked at
}

// NewWrites are none yet.
func NewWrites() Writes {
	return Writes{of: map[string]*PendingWrite{}, offs: map[string]*switchedOff{}, scaleChecks: scaleChecks}
}

// None reports whether nothing is pending.
func (w *Writes) None() bool { return len(w.of) == 0 }

// Clear forgets them.
func (w *Writes) Clear() { clear(w.of) }

// Resolution is what became of a pending write. Without an outcome it was resolved before, and something is wrong with it.
type Resolution struct {
	*PendingWrite
	Outcome Outcome
	Err     error
}

// resolve says what became of a write, once.
func (p *PendingWrite) resolve(out []Resolution, o Outcome, err error) []Resolution {
	if p.resolved && p.Wrong == nil {
		return out
	}
	if p.resolved {
		o = ""
	}
	p.resolved = true
	return append(out, Resolution{p, o, err})
}

// Shown is a reading with the pending values in it.
func (w *Writes) Shown(r device.Reading) device.Reading {
	if len(w.of) == 0 {
		return r
	}
	values := make(map[string]device.Value, len(w.of))
	for key, p := range w.of {
		values[key] = p.Asked.Value
	}
	return r.With(values)
}

// Taken notes a command that the API took at now. shown is what the cloud shows of the device; the value of the command is
// shown instead until the cloud shows it, and the device read back so many times. One that changed nothing, and that the
// cloud shows already, is not waited for.
func (w *Writes) Taken(c *Command, changed bool, shown device.Reading, now time.Time, readbacks int) {
	w.noteOff(c, now)
	before, _ := c.Shown(shown)
	if !changed && c.confirmedBy(before) {
		delete(w.of, c.Key)
		return
	}
	earlier := []device.Value{before}
	if old := w.of[c.Key]; old != nil {
		earlier = append(slices.Clone(old.Earlier[max(0, len(old.Earlier)-mostEarlier):]), old.Asked.Value)
	}
	w.of[c.Key] = &PendingWrite{Command: c, AppliedAt: now, Earlier: earlier, After: readbacksAfter(readbacks)}
}

// Submitted notes a reading that the API took at now. The device is read back until one has shown on which scale the cloud
// takes a gravity.
func (w *Writes) Submitted(c *Command, now time.Time, readbacks int) {
	if !c.SubmitsGravity() || w.scaleChecks == 0 || w.of[c.Key] != nil {
		return
	}
	w.scaleChecks--
	w.of[c.Key] = &PendingWrite{Command: c, AppliedAt: now, After: readbacksAfter(readbacks)}
}

// Compare holds a device's newest reading against them. activity is its time in steady time.
func (w *Writes) Compare(r device.Reading, activity time.Time) (out []Resolution) {
	w.compareOffs(r)
	for key, p := range w.of {
		p.compared = true
		verdict := p.compare(r, activity)
		if verdict == notShown {
			continue
		}
		delete(w.of, key)
		if p.Submits() {
			w.scaleChecks = 0 // it has shown the scale
		}
		switch verdict {
		case shows:
			out = p.resolve(out, Confirmed, nil)
		case overridden:
			out = p.resolve(out, Unconfirmed, ErrOverridden)
		case offScale:
			out = p.resolve(out, Unconfirmed, p.Wrong)
		}
	}
	return out
}

// Expire ends those that have been pending for long enough: the cloud's own value is shown again. It reports whether there
// was one.
func (w *Writes) Expire(now time.Time) (out []Resolution, expired bool) {
	for key, p := range w.of {
		if p.ends().After(now) {
			continue
		}
		delete(w.of, key)
		expired = true
		err := p.notShown()
		if !p.compared {
			err = ErrNotRead
		}
		out = p.resolve(out, Unconfirmed, err)
	}
	return out, expired
}

// Ends is when the first of them ends; zero for none.
func (w *Writes) Ends() (first time.Time) {
	for _, p := range w.of {
		first = times.Soonest(first, p.ends())
	}
	return first
}

// NextReadback is when the device should be read back; zero for not as things are.
func (w *Writes) NextReadback() (first time.Time) {
	for _, p := range w.of {
		first = times.Soonest(first, p.nextReadback())
	}
	return first
}

// ReadBack counts a look at the device at now.
func (w *Writes) ReadBack(now time.Time) {
	for _, p := range w.of {
		if at := p.nextReadback(); !at.IsZero() && !at.After(now) {
			p.readbacks++
		}
	}
}

// GiveUp resolves those that are not looked for any more. What was set is still shown until it ends.
func (w *Writes) GiveUp() (out []Resolution) {
	for _, p := range w.of {
		if !p.resolved && p.nextReadback().IsZero() {
			out = p.resolve(out, Unconfirmed, p.notShown())
		}
	}
	return out
}
