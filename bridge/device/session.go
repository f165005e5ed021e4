package device

import (
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Session is a profile session as a reading shows it: what its user said of the beer and its yeast. What is not known is
// not valid.
type Session struct {
	ID, Name                       string
	Hydrometer                     string // the id of the one that it is for; empty where it names none
	Started                        time.Time
	OriginalGravity, FinalGravity  raptclient.Null[float64] // SG
	Attenuation                    raptclient.Null[float64] // the yeast's, apparent, in %
	MinTemperature, MaxTemperature raptclient.Null[float64] // the yeast's, °C
	// Alerts are those that were sent, at most the last fifty of them.
	Alerts []Alert
}

// Alert is a message of a profile that was sent.
type Alert struct {
	ID, Text string
	At       time.Time // when it was sent; the contract leaves open whether it is when the alert was made
}

// maxAlerts is how many sent alerts of a session are read.
const maxAlerts = 50

// Session is the profile session that runs on the device; false for none, or for one without a begin.
func (r Reading) Session() (Session, bool) {
	if r.device == nil || r.device.ActiveProfileSession == nil {
		return Session{}, false
	}
	s := r.device.ActiveProfileSession
	out := Session{
		ID: s.ID.V, Name: text.Line(s.Name.V, MaxText), Hydrometer: s.HydrometerID.V, Started: s.StartDate.V,
		OriginalGravity: sessionGravity(s.OriginalGravity), FinalGravity: sessionGravity(s.FinalGravity),
	}
	if !s.StartDate.Valid {
		out.Started = s.CreatedOn.V
	}
	if out.Name == "" && s.Profile != nil {
		out.Name = text.Line(s.Profile.Name.V, MaxText)
	}
	if y := s.Yeast; y != nil {
		out.Attenuation, out.MinTemperature, out.MaxTemperature = attenuation(y.Attenuation), celsius(y.MinTemperature), celsius(y.MaxTemperature)
	}
	for _, a := range s.SentAlerts[max(0, len(s.SentAlerts)-maxAlerts):] {
		if line := text.Line(a.AlertText.V, MaxText); line != "" {
			out.Alerts = append(out.Alerts, Alert{ID: a.ID.V, Text: line, At: a.CreatedOn.V})
		}
	}
	return out, !out.Started.IsZero()
}

// mostFraction is the greatest attenuation that is taken for a fraction: the contract does not say that it is percent.
const mostFraction = 1.2

// attenuation is a yeast's in percent.
func attenuation(v float) float {
	if v.Valid && !math.IsNaN(v.V) && v.V <= mostFraction {
		v.V *= 100
	}
	return within(v, 30, 120)
}
