package command

import (
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// Advice is an error with what to do about it, which a result has as its note.
type Advice struct{ Problem, Do string }

func (a *Advice) Error() string { return a.Problem + "; " + a.Do }

// What a cloud says that takes a submitted gravity on another scale than it was sent. The contract doesn't say which it takes.
var (
	errTooLarge = &Advice{
		"the RAPT Cloud shows a gravity that is 1000 times what was submitted",
		"set rapt.external_gravity to sg and restart; until then the RAPT app shows wrong values for this device",
	}
	errTooSmall = &Advice{
		"the RAPT Cloud shows a gravity that is a thousandth of what was submitted",
		"set rapt.external_gravity to sg_x1000 and restart; until then the RAPT app shows wrong values for this device",
	}
)

const (
	// scaleTolerance is by how much a gravity may differ from 1000 times another to be taken for it: beer is between 0.9
	// and 1.2, so a reading of another time is no further away.
	scaleTolerance = 0.35
	// sameGravity is how near a gravity is to what was submitted, as a part of it.
	sameGravity = 0.0002
)

// SubmitsGravity reports whether the command hands a gravity to the cloud.
func (c *Command) SubmitsGravity() bool { return c.Submits() && c.Asked.Telemetry.Gravity.Valid }

// compareSubmission holds a reading against the gravity that was submitted. One on another scale is wrong whenever it was
// taken; one on the right scale says something of this submission when it is the same, or newer.
func (p *PendingWrite) compareSubmission(r device.Reading, activity time.Time) verdict {
	times, ok := r.GravityScale(p.Asked.Telemetry.Gravity.V)
	near := func(scale float64) bool { return math.Abs(times/scale-1) < scaleTolerance }
	switch {
	case !ok:
		return notShown
	case near(1000):
		p.Wrong = errTooLarge
		return offScale
	case near(0.001):
		p.Wrong = errTooSmall
		return offScale
	case math.Abs(times-1) < sameGravity, near(1) && activity.After(p.AppliedAt):
		return shows
	}
	return notShown
}
