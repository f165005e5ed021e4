package batch

import "time"

// Findings are what is known of a device and the batch in it. What is not known is nil.
type Findings struct {
	Batch   *Current // nil without a batch
	Gravity *float64 // SG without outliers
	Rate    *float64 // points a day over 24 hours, negative while it falls
	Stage   Stage
	// Stuck is whether the gravity stands still, warm and undisturbed, well above the expected final gravity.
	Stuck bool
	// Disturbed is whether the gravity moved lately for another reason than fermentation, or the device is out of the liquid.
	Disturbed bool

	OriginalGravity      *float64  // SG
	ExpectedFinalGravity *float64  // SG
	Forecast             *Forecast // nil where none is worth showing
	ABV                  *float64  // % by volume
	ApparentAttenuation  *float64  // %
	RealAttenuation      *float64  // %
	Calories             *float64  // kcal in 100 ml
	// OutsideRange is whether the beer is outside the temperature range of the yeast of the session.
	OutsideRange *bool
}

// Current is the batch that is in the device.
type Current struct {
	ID     string // the time of its begin
	Number int    // batches of the device so far
	Name   string
	Began  time.Time
	Day    int // 1 on the first
	// FinalGravity is the one that the owner said, else the session's, SG.
	FinalGravity *float64
	// Temperatures so far, °C.
	LowestTemperature, HighestTemperature *float64
	Disturbances                          int
}

// Ended are the batches that have ended, oldest first, the last twenty, as of the last call of Findings.
func (a *Analysis) Ended() []Summary {
	if a.now == nil {
		return nil
	}
	return append([]Summary(nil), a.now.ended...)
}

// Events are what happened to the batches, oldest first, the last hundred, as of the last call of Findings.
func (a *Analysis) Events() []Event {
	if a.now == nil {
		return nil
	}
	return append([]Event(nil), a.now.events...)
}

func (t *tracker) findings(s points, now time.Time) Findings {
	l, at := &t.level, now.Unix()
	found := Findings{Stage: StageNone, Gravity: gravityOut(l.gravity), Rate: rounded(l.rate, 2), Disturbed: l.disturbed(at)}
	if l.inAir(at) {
		found.Gravity, found.Rate = nil, nil
	}
	b := t.batch
	if b == nil {
		return found
	}
	og, g := b.originalGravity(), b.lastGravity
	found.Batch = &Current{
		ID: b.id(), Number: t.number, Name: b.name(), Began: unix(b.began), Day: int(max(at-b.began, 0)/(24*hour)) + 1,
		LowestTemperature: rounded(b.temperature.low, 1), HighestTemperature: rounded(b.temperature.high, 1),
		FinalGravity: gravityOut(b.details.finalGravity()), Disturbances: b.disturbances,
	}
	found.Stage, found.Stuck = b.stage, b.stuck
	found.OriginalGravity = gravityOut(og)
	found.ABV = rounded(abv(og, g), 2)
	found.ApparentAttenuation = rounded(100*apparentAttenuation(og, g), 1)
	found.RealAttenuation = rounded(100*realAttenuation(og, g), 1)
	found.Calories = rounded(calories(og, g), 0)
	found.OutsideRange = b.outsideRange()
	found.Forecast, found.ExpectedFinalGravity = b.forecast(s, l, now)
	return found
}

// outsideRange compares the beer's temperature with the yeast's range; nil where one of them is unknown.
func (b *batch) outsideRange() *bool {
	t, limits := b.temperature.now, b.details.temperatureLimits
	if !known(t) || !known(limits[0]) && !known(limits[1]) {
		return nil
	}
	outside := t < limits[0] || t > limits[1]
	return &outside
}
