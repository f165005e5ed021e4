package batch

import (
	"cmp"
	"slices"
	"time"
)

// Entry is what the owner said at a time. It holds for the batch that the device is in then, or for the next one when it
// is in none. A nil field says nothing; a later entry wins.
type Entry struct {
	At              time.Time `json:"at"`
	NewBatch        bool      `json:"new_batch,omitempty"`        // another batch begins
	Name            *string   `json:"name,omitempty"`             // "" takes an earlier name back
	OriginalGravity *float64  `json:"original_gravity,omitempty"` // SG, 0.990 to 1.200; 0 takes an earlier one back
	FinalGravity    *float64  `json:"final_gravity,omitempty"`    // SG, 0.980 to 1.200; 0 takes an earlier one back
}

// Session is a profile session of the device.
type Session struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	Started         time.Time `json:"started"`
	OriginalGravity *float64  `json:"original_gravity"` // SG
	FinalGravity    *float64  `json:"final_gravity"`    // SG
	Attenuation     *float64  `json:"attenuation"`      // the yeast's, apparent, in %
	MinTemperature  *float64  `json:"min_temperature"`  // the yeast's, °C
	MaxTemperature  *float64  `json:"max_temperature"`  // the yeast's, °C
}

// note is an entry or a session, in the order of their times.
type note struct {
	at      int64
	entry   Entry
	session *Session
}

// merge brings entries and sessions into one order that does not depend on theirs.
func merge(entries []Entry, sessions []Session) []note {
	var all []note
	for _, e := range entries {
		if !e.At.IsZero() {
			all = append(all, note{at: e.At.Unix(), entry: e})
		}
	}
	for i := range sessions {
		if !sessions[i].Started.IsZero() {
			all = append(all, note{at: sessions[i].Started.Unix(), session: &sessions[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b note) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id(), b.id()))
	})
	return all
}

func (n note) id() string {
	if n.session != nil {
		return n.session.ID
	}
	return ""
}

// details are what the owner and the profile say of one batch. Gravities are in points, unknown when nobody said them.
type details struct {
	name              string
	original, final   float64
	session           *Session
	sessionOriginal   float64
	sessionFinal      float64
	attenuation       float64 // apparent, in 1
	temperatureLimits [2]float64
}

func noDetails() details {
	return details{original: unknown, final: unknown, sessionOriginal: unknown, sessionFinal: unknown, attenuation: unknown, temperatureLimits: [2]float64{unknown, unknown}}
}

func (w *details) take(e Entry) {
	if e.Name != nil {
		w.name = *e.Name
	}
	if e.OriginalGravity != nil {
		w.original = between(inPoints(*e.OriginalGravity), -10, 200)
	}
	if e.FinalGravity != nil {
		w.final = between(inPoints(*e.FinalGravity), -20, 200)
	}
}

func (w *details) join(s *Session) {
	w.session = s
	w.sessionOriginal = between(number(s.OriginalGravity, inPoints), 1, 200)
	w.sessionFinal = between(number(s.FinalGravity, inPoints), -20, 200)
	w.attenuation = between(number(s.Attenuation, func(v float64) float64 { return v / 100 }), 0.3, 1.2)
	same := func(v float64) float64 { return v }
	w.temperatureLimits = [2]float64{number(s.MinTemperature, same), number(s.MaxTemperature, same)}
}

// finalGravity is the final gravity that somebody expects, in points, the owner's before the profile's; NaN when nobody does.
func (w *details) finalGravity() float64 { return firstKnown(w.final, w.sessionFinal) }

// between is v, or unknown when it is outside the limits.
func between(v, low, high float64) float64 {
	if v >= low && v <= high {
		return v
	}
	return unknown
}
