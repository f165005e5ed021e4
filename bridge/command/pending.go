package command

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// How long a value that was set is shown although the cloud doesn't show it yet, and when the device is read back.
// The cloud shows a change after some 10 to 15 seconds, of a BrewZilla after up to minutes (observed).
const pendingFor = 90 * time.Second

// mostEarlier is how many earlier values of a slider that somebody drags are remembered.
const mostEarlier = 30

// readbacksAfter are the times from a write to n looks at its device, of which there are 4, 2, 1 or none.
func readbacksAfter(n int) []time.Duration {
	switch {
	case n >= 4:
		return []time.Duration{3 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second}
	case n >= 2:
		return []time.Duration{10 * time.Second, 40 * time.Second}
	case n == 1:
		return []time.Duration{20 * time.Second}
	}
	return nil
}

// PendingWrite is a value that the bridge has set and that the cloud is still to show.
type PendingWrite struct {
	*Command
	AppliedAt time.Time
	Earlier   []device.Value  // what the cloud showed until then, unknown when it showed nothing, and what was set since
	After     []time.Duration // from then to the readbacks
	Wrong     error           // what is wrong with a value that is shown on another scale

	readbacks int  // made so far
	compared  bool // a reading has been held against it
	resolved  bool // what became of it is known; the value may still be shown
}

// ends is when the cloud's own value is shown again.
func (p *PendingWrite) ends() time.Time { return p.AppliedAt.Add(pendingFor) }

// nextReadback is when to read the device back; zero when all readbacks are made.
func (p *PendingWrite) nextReadback() time.Time {
	if p.resolved || p.readbacks >= len(p.After) {
		return time.Time{}
	}
	return p.AppliedAt.Add(p.After[p.readbacks])
}

// verdict is what a reading means for a pending write.
type verdict int

const (
	notShown   verdict = iota // the cloud doesn't show it yet
	shows                     // it does
	overridden                // somebody else has set another value meanwhile
	offScale                  // it shows a submitted gravity on another scale
)

// compare holds a reading against the pending write. activity is the reading's time in the bridge's steady time.
func (p *PendingWrite) compare(r device.Reading, activity time.Time) verdict {
	if p.Submits() {
		return p.compareSubmission(r, activity)
	}
	v, ok := p.Shown(r)
	switch {
	case ok && p.confirmedBy(v):
		return shows
	case ok && activity.After(p.AppliedAt) && !slices.ContainsFunc(p.Earlier, func(e device.Value) bool { return v.Confirms(p.Key, e) }):
		return overridden
	}
	return notShown
}

// notShown is why it is given up.
func (p *PendingWrite) notShown() error {
	if p.Submits() {
		return ErrScaleUnknown
	}
	return ErrNotShown
}
