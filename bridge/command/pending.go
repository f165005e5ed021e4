package command

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// How long a value that was set is shown although the cloud doesn't show it yet, and when the device is read back.
// The cloud shows a change after some 10 to 15 seconds, of a BrewZilla after up to minutes (observed).
const pendingFor = 90 * time.Second

// ReadbacksAfter are the times from a write to n looks at its device, of which there are 4, 2, 1 or none.
func ReadbacksAfter(n int) []time.Duration {
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
	Before    device.Value    // what the cloud showed until then; unknown when it showed nothing
	After     []time.Duration // from then to the readbacks
	Readbacks int             // made so far
	Compared  bool            // a reading has been held against it
	Told      bool            // an outcome was published; the value may still be shown
	Wrong     error           // what is wrong with a value that is OffScale
}

// Ends is when the cloud's own value is shown again.
func (p *PendingWrite) Ends() time.Time { return p.AppliedAt.Add(pendingFor) }

// NextReadback is when to read the device back; zero when all readbacks are made.
func (p *PendingWrite) NextReadback() time.Time {
	if p.Told || p.Readbacks >= len(p.After) {
		return time.Time{}
	}
	return p.AppliedAt.Add(p.After[p.Readbacks])
}

// Verdict is what a reading means for a pending write.
type Verdict int

// The verdicts.
const (
	NotShown   Verdict = iota // the cloud doesn't show it yet
	Shows                     // it does
	Overridden                // somebody else has set another value meanwhile
	OffScale                  // it shows a submitted gravity on another scale
)

// Compare holds a reading against the pending write. activity is the reading's time in the bridge's steady time.
func (p *PendingWrite) Compare(r device.Reading, activity time.Time) Verdict {
	if p.Submits() {
		return p.compareSubmission(r, activity)
	}
	v, ok := p.Shown(r)
	switch {
	case ok && v.Confirms(p.Asked.Value):
		return Shows
	case ok && activity.After(p.AppliedAt) && !v.Confirms(p.Before):
		return Overridden
	}
	return NotShown
}
