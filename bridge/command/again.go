package command

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// againAfter is how long after something was switched off the same may use the requests that are kept for switching off
// once more. An automation that switches two things off over and over leaves some of them for the others.
const againAfter = 15 * time.Minute

// switchedOff is the last value in the safe direction that the API took for a key.
type switchedOff struct {
	at    time.Time
	value device.Value
	isOn  bool // the newest reading since shows another value
}

// Again reports whether a command switches off what the API has taken a short while ago, and no reading since shows that it
// is on all the same, or again.
func (w *Writes) Again(c *Command) bool {
	off := w.offs[c.Key]
	if !c.Off || off == nil || c.At.Sub(off.at) >= againAfter {
		return false
	}
	return !off.isOn || w.of[c.Key] != nil // while it is pending the cloud still shows the value before
}

// noteOff notes a command that the API took at now.
func (w *Writes) noteOff(c *Command, now time.Time) {
	delete(w.offs, c.Key)
	if c.Off {
		w.offs[c.Key] = &switchedOff{at: now, value: c.Asked.Value}
	}
}

// compareOffs holds a device's newest reading against what was switched off.
func (w *Writes) compareOffs(r device.Reading) {
	for key, off := range w.offs {
		v, _ := r.Value(key)
		off.isOn = !v.Confirms(key, off.value)
	}
}
