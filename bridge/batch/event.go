package batch

import "time"

// EventKind is what happened to a batch.
type EventKind string

// What happens to batches.
const (
	EventStarted   EventKind = "started"
	EventDisturbed EventKind = "disturbed"
	EventSlowing   EventKind = "slowing"
	EventComplete  EventKind = "complete"
	EventStuck     EventKind = "stuck"
	EventColdCrash EventKind = "cold_crash"
	EventEnded     EventKind = "ended"
)

// Event is something that happened to a batch, at the reading that shows it.
type Event struct {
	At    time.Time `json:"at"`
	Kind  EventKind `json:"kind"`
	Batch string    `json:"batch"`
}

// Summary is a batch that has ended. What was never known is nil.
type Summary struct {
	ID                  string    `json:"id"`
	Name                string    `json:"name"`
	Began               time.Time `json:"began"`
	Ended               time.Time `json:"ended"`
	OriginalGravity     *float64  `json:"original_gravity"`     // SG
	FinalGravity        *float64  `json:"final_gravity"`        // SG
	ABV                 *float64  `json:"abv"`                  // % by volume
	ApparentAttenuation *float64  `json:"apparent_attenuation"` // %
	Days                *float64  `json:"days"`                 // from begin to complete, else to the end
	LowestTemperature   *float64  `json:"lowest_temperature"`   // °C
	HighestTemperature  *float64  `json:"highest_temperature"`  // °C
	Disturbances        int       `json:"disturbances"`
}

func unix(at int64) time.Time { return time.Unix(at, 0).UTC() }
