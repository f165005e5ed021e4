package batch

// Stage is how far a fermentation is.
type Stage string

// The stages, in their order.
const (
	StageNone      Stage = "none"       // no batch
	StageLag       Stage = "lag"        // the wort does not ferment yet
	StageActive    Stage = "active"     // it ferments
	StageSlowing   Stage = "slowing"    // at less than half of its fastest rate
	StageFinishing Stage = "finishing"  // at less than a fifth of it
	StageComplete  Stage = "complete"   // the gravity stands still where it may
	StageColdCrash Stage = "cold_crash" // the beer is cooled
)

// fermenting is whether the gravity falls in a stage.
func (s Stage) fermenting() bool { return s == StageActive || s == StageSlowing || s == StageFinishing }

// Rules of the stages. Shares are of the fastest rate of the batch.
const (
	begun     = 2.0 // points below the original gravity at which a fermentation has begun
	begunRate = 1.0 // and how fast it falls, points a day
	slowShare = 0.5
	fastAgain = 0.7
	lastShare = 0.2
	notLast   = 0.35
	lastRate  = 2.0  // points a day, slow for any beer
	standing  = 0.35 // points a day: a Pill in a finished beer drifts by 0.25
	surely    = 0.45 // points a day: a rate with its standard error that surely is none
	// A beer must stand for quickHours when it surely stands, else for standHours, and for half of the time that it has been
	// finishing, since a long tail pauses for long. standLongest is enough for any.
	quickHours, standHours, standLongest = 12, 18, 72
	// standCount is how many readings show that it does.
	standCount = 8
	// leastAttenuated is the share of the original gravity that ferments before a beer may be complete: of commercial batches 1 %
	// ended below.
	leastAttenuated = 0.6
	// doubtful is the share up to which a beer must stand for three days: 3 % ended below.
	doubtful = 0.64
	// stuckAbove is how far above a final gravity that somebody expects a stuck fermentation stands, in points.
	stuckAbove = 5.0
	// stuckHours is how long it stands there.
	stuckHours = 48
	// resumed is a fall in points below where a beer stood, after which it ferments again.
	resumed = 1.5
)

// advance finds the stage after a reading. It keeps the stage while the level is uncertain.
func (b *batch) advance(s points, i int, l *level) {
	at := s[i].at
	if b.stage == StageColdCrash {
		return
	}
	if l.shift.since != 0 || !known(l.gravity) {
		return
	}
	drop := b.level() - l.gravity
	if known(l.pace) && l.rateSpan >= 12 && !l.recent(at) {
		b.fastest = max(b.fastest, -l.pace)
	}
	switch b.stage {
	case StageLag:
		if drop >= begun+2*l.noise && l.pace <= -begunRate && l.paceError < -l.pace/3 && !l.recent(at) {
			b.enter(StageActive, at)
			b.fermentingSince = at
		}
	case StageActive:
		if -l.pace < slowShare*b.fastest && drop > 0.35*(b.level()-b.expectedFinal()) {
			b.enter(StageSlowing, at)
		}
	case StageSlowing:
		switch {
		case -l.pace > fastAgain*b.fastest:
			b.enter(StageActive, at)
		case -l.pace < max(lastShare*b.fastest, lastRate):
			b.enter(StageFinishing, at)
		}
	case StageFinishing:
		if -l.pace > max(notLast*b.fastest, 1.5*lastRate) {
			b.enter(StageSlowing, at)
		}
	case StageComplete:
		if l.gravity < b.stoodAt-resumed && l.rate < -2*standing {
			b.enter(StageFinishing, at)
			b.standingSince = 0
		}
	}
	b.stand(s, i, l)
}

// stand finds out whether the gravity stands still, and whether that is the end.
func (b *batch) stand(s points, i int, l *level) {
	at := s[i].at
	if b.stage == StageLag {
		return
	}
	tail := 0.0
	if b.finishingSince != 0 {
		tail = min(float64(at-b.finishingSince)/hour/2, standLongest)
	}
	if l.recent(at) || !l.stands(s, i, max(tail, quickHours), true) && !l.stands(s, i, max(tail, standHours), false) {
		b.standingSince = 0
		b.stuck = false
		return
	}
	if b.standingSince == 0 {
		b.standingSince = at - int64(max(tail, quickHours)*hour)
		b.stoodAt = l.gravity
	}
	stood := float64(at-b.standingSince) / hour
	if b.stuck = b.isStuck(l, stood); b.stuck {
		b.addEvent(EventStuck, at)
	}
	if b.stage != StageComplete && b.mayEnd(l, stood) && !b.stuck && !b.temperature.cooled() {
		b.enter(StageComplete, at)
		b.completed, b.stoodAt = at, l.gravity
	}
}

// attenuated is the share of the original gravity that has fermented, as the readings show it.
func (b *batch) attenuated(l *level) float64 {
	return orElse(apparentAttenuation(b.level(), l.gravity), 1)
}

// mayEnd is whether a beer may end where it has stood for some hours.
func (b *batch) mayEnd(l *level, stood float64) bool {
	if want := b.details.finalGravity(); known(want) {
		return l.gravity < want+stuckAbove
	}
	if !known(b.originalGravity()) { // how much has fermented is not known
		return stood >= standLongest
	}
	share := b.attenuated(l)
	return share >= doubtful || share >= leastAttenuated && stood >= standLongest
}

// isStuck is whether a beer that has stood still for some hours should go on.
func (b *batch) isStuck(l *level, stood float64) bool {
	if b.stage == StageComplete || stood < stuckHours || !known(b.originalGravity()) || !b.warm() {
		return false
	}
	if want := b.details.finalGravity(); known(want) {
		return l.gravity >= want+stuckAbove
	}
	return b.attenuated(l) < leastAttenuated
}

// enter changes the stage.
func (b *batch) enter(s Stage, at int64) {
	if s == b.stage {
		return
	}
	b.stage, b.stageSince = s, at
	if s == StageFinishing && b.finishingSince == 0 {
		b.finishingSince = at
	}
	if kind, ok := stageEvents[s]; ok {
		b.addEvent(kind, at)
	}
}

// addEvent notes an event of which a batch has one.
func (b *batch) addEvent(kind EventKind, at int64) {
	if !b.emitted[kind] {
		b.emitted[kind] = true
		b.events = append(b.events, Event{At: unix(at), Kind: kind, Batch: b.id()})
	}
}

var stageEvents = map[Stage]EventKind{StageSlowing: EventSlowing, StageComplete: EventComplete, StageColdCrash: EventColdCrash}
