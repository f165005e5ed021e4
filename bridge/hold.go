package bridge

import (
	"time"
)

// How long a value that was set is shown although the cloud doesn't show it yet, and when the device is read back.
// The cloud shows a change after some 10 to 15 seconds, of a BrewZilla after up to minutes (observed).
const holdFor = 90 * time.Second

func readbackAfter() []time.Duration {
	return []time.Duration{3 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second}
}

// hold is a value that the bridge has set and that the cloud is still to show.
type hold struct {
	command
	applied time.Time
	before  value // what the cloud showed until then; hadOne is false when it showed nothing
	hadOne  bool
	tries   int  // readbacks made
	settled bool // an outcome was told; the hold may still last
}

func (h *hold) ends() time.Time { return h.applied.Add(holdFor) }

// check is when to read back next; zero when all readbacks are made.
func (h *hold) check() time.Time {
	after := readbackAfter()
	if h.settled || h.tries >= len(after) {
		return time.Time{}
	}
	return h.applied.Add(after[h.tries])
}

// verdict is what a reading means for a hold.
type verdict int

const (
	keep     verdict = iota // the cloud doesn't show it yet
	shows                   // it does
	overrule                // somebody else has set another value meanwhile
)

// judge holds a reading against the hold. activity is the reading's time in the bridge's steady time.
func (h *hold) judge(f *family, r reading, activity time.Time) verdict {
	v, ok := h.row.shown(f, r)
	switch {
	case ok && v.equal(h.value):
		return shows
	case ok && activity.After(h.applied) && !(h.hadOne && v.equal(h.before)):
		return overrule
	}
	return keep
}
