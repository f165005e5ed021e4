package device

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// profileState is what a brewer wants to know of the profile that a device runs.
type profileState struct {
	name, step, nextStep          str
	stepNumber, stepCount         float // from 1
	stepTarget                    float // °C
	progress                      float // percent of the whole profile
	remaining                     float // seconds from the reading to the estimated end
	end                           timestamp
	originalGravity, finalGravity float // SG
}

// runningProfile reads a device's active profile. The API's unit of the profile's times is not known, so progress is
// their ratio, and the time that remains comes from the estimated end.
func runningProfile(d *raptclient.Device) profileState {
	s := d.ActiveProfileSession
	if s == nil {
		return profileState{}
	}
	p := profileState{
		end:             s.EstimatedEndDate,
		originalGravity: sessionGravity(s.OriginalGravity),
		finalGravity:    sessionGravity(s.FinalGravity),
		progress:        profileProgress(s),
	}
	if s.EstimatedEndDate.Valid && d.LastActivityTime.Valid {
		left := s.EstimatedEndDate.V.Sub(d.LastActivityTime.V)
		p.remaining = raptclient.Some(max(0, left).Truncate(time.Second).Seconds())
	}
	p.name = s.Name
	if s.Profile == nil {
		return p
	}
	if !blank(s.Profile.Name) {
		p.name = s.Profile.Name
	}
	if len(s.Profile.Steps) > 0 {
		p.stepCount = raptclient.Some(float64(len(s.Profile.Steps)))
	}
	for _, step := range s.Profile.Steps {
		if !d.ActiveProfileStepID.Valid || !step.ID.Valid || step.ID.V != d.ActiveProfileStepID.V {
			continue
		}
		p.step, p.stepTarget = step.Name, celsius(step.Temperature)
		if step.Order.Valid && step.Order.V >= 0 {
			p.stepNumber = raptclient.Some(float64(step.Order.V) + 1)
			p.nextStep = stepAt(s.Profile.Steps, step.Order.V+1)
		}
	}
	return p
}

// stepAt is the name of the step with that place in the order.
func stepAt(steps []raptclient.ProfileStep, order int) str {
	for _, step := range steps {
		if step.Order.Valid && step.Order.V == order {
			return step.Name
		}
	}
	return str{}
}

func profileProgress(s *raptclient.ProfileSession) float {
	now, left := within(s.CurrentProfileTime, 0, 1e12), within(s.RemainingProfileTime, 0, 1e12)
	if !now.Valid || !left.Valid || now.V+left.V <= 0 {
		return float{}
	}
	return raptclient.Some(100 * now.V / (now.V + left.V))
}
