package batch

import (
	"math"
	"time"
)

// Attenuation of 292 commercial batches (EKOS log in simlal/siboire-plaato-data-exploration): mean and standard deviation.
const (
	usualAttenuation   = 0.775
	usualAttenuationSD = 0.073
	// yeastAttenuationSD is how far a beer ends from what the yeast's maker says; mash and recipe decide too.
	yeastAttenuationSD = 0.05
)

// batch is one beer in the device, from its first steady hours until it ends. Times are Unix seconds, gravities points.
type batch struct {
	began       int64
	details     details
	original    original
	temperature temperature

	stage           Stage
	stageSince      int64
	fermentingSince int64
	fastest         float64 // the greatest rate, points a day, positive
	finishingSince  int64   // the first time; 0 before
	standingSince   int64   // 0 while it falls
	stoodAt         float64
	completed       int64
	stuck           bool
	disturbances    int
	shifted         float64 // points by which the level of the readings has shifted since the fermentation began
	lastGravity     float64 // the last filtered one while undisturbed
	said            bool    // owner or session began it

	emitted map[EventKind]bool
	events  []Event
}

func newBatch(began int64, w details) *batch {
	b := &batch{began: began, stageSince: began, details: w, temperature: newTemperature(), stage: StageLag, lastGravity: unknown, emitted: map[EventKind]bool{}, original: newOriginal()}
	return b
}

func (b *batch) id() string { return unix(b.began).Format(time.RFC3339) }

// name is what the owner or the session calls the batch, or the day on which it began.
func (b *batch) name() string {
	switch {
	case b.details.name != "":
		return b.details.name
	case b.details.session != nil && b.details.session.Name != "":
		return b.details.session.Name
	}
	return unix(b.began).Format(time.DateOnly)
}

// originalGravity is the owner's, else the session's, else the one that the readings show; unknown without any.
func (b *batch) originalGravity() float64 {
	return firstKnown(b.details.original, b.details.sessionOriginal, b.original.found)
}

// top is the gravity from which the device saw the beer fall: for the stages, where a calibration that is off must not count.
func (b *batch) top() float64 {
	return firstKnown(b.original.found, b.originalGravity(), b.original.first)
}

// level is the original gravity as the device would show it now: what shifted the readings shifted it too.
func (b *batch) level() float64 { return b.top() + b.shifted }

// attenuation is the apparent attenuation that is expected, in 1.
func (b *batch) attenuation() float64 {
	if known(b.details.attenuation) {
		return b.details.attenuation
	}
	return usualAttenuation
}

func (b *batch) attenuationSD() float64 {
	if known(b.details.attenuation) {
		return yeastAttenuationSD
	}
	return usualAttenuationSD
}

// expectedFinal is the final gravity that is expected before the readings tell.
func (b *batch) expectedFinal() float64 {
	return firstKnown(b.details.finalGravity(), b.level()*(1-b.attenuation()))
}

// disturb counts a disturbance.
func (b *batch) disturb(at int64) {
	b.disturbances++
	b.events = append(b.events, Event{At: unix(at), Kind: EventDisturbed, Batch: b.id()})
}

// summary is what remains of a batch that ends.
func (b *batch) summary(ended int64) Summary {
	og, fg := b.originalGravity(), firstKnown(b.details.final, b.lastGravity)
	s := Summary{
		ID: b.id(), Name: b.name(), Began: unix(b.began), Ended: unix(ended),
		OriginalGravity: gravityOut(og), FinalGravity: gravityOut(fg),
		ABV: rounded(abv(og, fg), 2), ApparentAttenuation: rounded(100*apparentAttenuation(og, fg), 1),
		LowestTemperature: rounded(b.temperature.low, 1), HighestTemperature: rounded(b.temperature.high, 1),
		Disturbances: b.disturbances,
	}
	until := ended
	if b.completed != 0 {
		until = b.completed
	}
	s.Days = rounded(float64(until-b.began)/hour/24, 1)
	return s
}

// gravityOut is points as an SG to four decimals.
func gravityOut(points float64) *float64 {
	if math.IsNaN(points) {
		return nil
	}
	return rounded(inSG(points), 4)
}
