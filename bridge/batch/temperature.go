package batch

import "math"

const (
	// crashed is how far below the temperature of the fermentation a beer is cooled, in °C, when it is a cold crash…
	crashed = 4.0
	// …and cold is what it is then at the most, unless it is twice as far below.
	cold = 12.0
	// cooling is a difference in °C from which the gravity may stand still only because the yeast is cold.
	cooling = 2.5
	// memory is the time in hours over which the temperature of a fermentation is averaged.
	memory = 24.0
)

// temperature is what is known of the temperatures of a batch, in °C.
type temperature struct {
	now          float64 // the latest
	at           int64
	usual        float64 // of the fermentation
	low, high    float64 // of the batch
	recent       [3]float64
	recentFilled int
}

func newTemperature() temperature {
	return temperature{now: unknown, usual: unknown, low: unknown, high: unknown}
}

// take takes a temperature in; a single wrong one changes nothing. The usual one is that of the time in which most ferments,
// the extremes leave out wort that is still hot.
func (t *temperature) take(v float64, at int64, stage Stage) {
	copy(t.recent[:], t.recent[1:])
	t.recent[2] = v
	if t.recentFilled++; t.recentFilled < 3 {
		return
	}
	a, b, c := t.recent[0], t.recent[1], t.recent[2]
	middle := max(min(a, b), min(max(a, b), c))
	elapsed := float64(at-t.at) / hour
	t.now, t.at = middle, at
	if stage != StageLag {
		t.low, t.high = min(middle, orElse(t.low, middle)), max(middle, orElse(t.high, middle))
	}
	switch {
	case stage != StageActive && stage != StageSlowing:
	case !known(t.usual):
		t.usual = middle
	default:
		t.usual += (1 - math.Exp(-elapsed/memory)) * (middle - t.usual)
	}
}

func orElse(v, other float64) float64 {
	if known(v) {
		return v
	}
	return other
}

// cooled is whether the beer is colder than it fermented at, so that standing still means nothing.
func (t *temperature) cooled() bool { return t.now < t.usual-cooling }

// crashed is whether the beer is cold crashed.
func (t *temperature) crashed() bool {
	below := t.usual - t.now
	return below >= crashed && t.now <= cold || below >= 2*crashed
}

// warm is whether the yeast could work: as warm as it worked before and not below its range. Unknown is not warm.
func (b *batch) warm() bool {
	t := &b.temperature
	low := b.details.temperatureLimits[0]
	return known(t.now) && known(t.usual) && !t.cooled() && !(t.now < low)
}

// crash finds the begin and the end of a cold crash.
func (b *batch) crash(at int64) {
	t := &b.temperature
	switch {
	case b.stage == StageColdCrash && !t.cooled():
		next := StageFinishing
		if b.completed != 0 {
			next = StageComplete
		}
		b.enter(next, at)
	case b.stage.fermenting() || b.stage == StageComplete:
		if t.crashed() {
			b.stuck = false
			b.enter(StageColdCrash, at)
		}
	}
}
