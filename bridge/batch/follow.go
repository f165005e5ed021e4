package batch

import (
	"maps"
	"math"
	"slices"
)

// A new batch, or the end of one, seen in the readings.
const (
	// rise is by how many points the gravity of new wort is above the old beer at least.
	rise = 10.0
	// greatRise is one that is new wort even in the middle of a fermentation.
	greatRise = 20.0
	// away is for how many hours a device is out of the liquid when what follows may be another beer.
	away = 6.0
	// gone is after how many hours out of the liquid a batch has ended that was not complete.
	gone = 24.0
	// idle is for how many days a beer stands complete or cold before its batch ends, and for how many wort may lag.
	idleDays, lagDays = 14, 7
	// water is how far from 1.000 a device in water is, in points.
	water = 4.0
	// fell, fellRate and fellHours say when a fall without known wort is a fermentation: points, points a day, hours.
	fell, fellRate, fellHours = 4.0, 3.0, 8.0
)

// follower goes through the readings one after the other and keeps what they have shown.
type follower struct {
	level  level
	batch  *batch // nil without one
	next   words  // what was said while there was none
	number int    // of batches so far

	ended    []Summary
	events   []Event
	saidTo   int   // how many of the owner's entries and sessions are taken
	restAt   int64 // the device is at rest from here: the last batch ended with the beer still in it
	restedAt float64
	longAway bool // the device was out of the liquid or silent, and what followed is not judged yet
}

func newFollower() follower { return follower{level: newLevel(), next: noWords(), restedAt: unknown} }

// clone is a copy that shares nothing that changes.
func (f *follower) clone() follower {
	c := *f
	c.level.excluded = slices.Clone(f.level.excluded)
	c.level.samples, c.level.scratch = nil, nil
	c.ended, c.events = slices.Clone(f.ended), slices.Clone(f.events)
	if f.batch != nil {
		b := *f.batch
		b.told, b.events = maps.Clone(b.told), slices.Clone(b.events)
		c.batch = &b
	}
	return c
}

// step takes the reading at index i of s in, and before it what was said until then.
func (f *follower) step(s points, i int, all []said) {
	p := s[i]
	f.hearUntil(all, p.at)
	c := f.level.take(s, i)
	if c.silent >= away {
		f.longAway = true
	}
	if f.batch != nil {
		f.carryOn(s, i, c)
	}
	if f.batch == nil {
		f.watch(s, i)
	}
	if b := f.batch; b != nil && len(b.events) > 0 {
		f.tell(b)
	}
}

// hearUntil takes in what was said until a time.
func (f *follower) hearUntil(all []said, at int64) {
	for f.saidTo < len(all) && all[f.saidTo].at <= at {
		f.hear(all[f.saidTo])
		f.saidTo++
	}
	if f.batch != nil {
		f.tell(f.batch)
	}
}

// tell moves the events of a batch to all of them, of which the last hundred are kept.
func (f *follower) tell(b *batch) {
	f.events = append(f.events, b.events...)
	b.events = nil
	f.events = f.events[max(len(f.events)-100, 0):]
}

// hear takes in what the owner or a session said.
func (f *follower) hear(w said) {
	switch {
	case w.session != nil:
		f.hearSession(w.session, w.at)
	case w.entry.NewBatch:
		f.end(w.at)
		f.begin(w.at, true)
		f.batch.words.take(w.entry)
	case f.batch != nil:
		f.batch.words.take(w.entry)
	default:
		f.next.take(w.entry)
	}
}

// hearSession begins a batch with a session, unless the beer that is in the device lags or ferments: then the session is
// of that beer, and new wort shows itself by its rise.
func (f *follower) hearSession(s *Session, at int64) {
	if b := f.batch; b != nil && b.stage != StageLag && !b.stage.fermenting() {
		f.end(at)
	}
	if f.batch == nil {
		f.begin(at, true)
	}
	f.batch.words.join(s)
}

// begin begins a batch.
func (f *follower) begin(at int64, said bool) {
	f.number++
	f.batch = newBatch(at, f.next)
	f.batch.said = said
	f.next = noWords()
	f.batch.events = append(f.batch.events, Event{At: unix(at), Kind: EventStarted, Batch: f.batch.id()})
	f.restAt = 0
	if said {
		f.level.restart(at)
	}
}

// end ends the batch, if there is one. One that never fermented leaves nothing.
func (f *follower) end(at int64) {
	b := f.batch
	if b == nil {
		return
	}
	if b.stage != StageLag {
		b.events = append(b.events, Event{At: unix(at), Kind: EventEnded, Batch: b.id()})
		f.ended = append(f.ended, b.summary(at))
		f.ended = f.ended[max(len(f.ended)-keptSummaries, 0):]
	}
	f.tell(b)
	f.batch = nil
}

// keptSummaries is how many ended batches are kept.
const keptSummaries = 20

// carryOn carries the batch on with a reading.
func (f *follower) carryOn(s points, i int, c change) {
	b, l, p := f.batch, &f.level, s[i]
	if c.disturbed && (b.stage.fermenting() || b.stage != StageLag && !p.junk) { // out of a finished beer is the usual end of it
		b.disturb(p.at)
	}
	if p.junk {
		out := float64(p.at-l.junkSince) / hour
		if l.inAir(p.at) && (out >= gone || out >= away && !b.stage.fermenting() || out >= away && b.stage == StageLag) {
			f.end(l.junkSince)
			l.restart(p.at)
		}
		return
	}
	if known(float64(p.temperature)) {
		b.temperature.take(float64(p.temperature), p.at, b.stage == StageActive || b.stage == StageSlowing)
	}
	b.crash(p.at)
	if !p.known() {
		return
	}
	if l.shift.since != 0 {
		b.lastGravity = l.shift.before.level
	}
	if c.shifted != 0 && f.replaced(c) {
		return
	}
	b.original.take(s, i, l)
	b.advance(s, i, l)
	if l.shift.since == 0 {
		b.lastGravity = l.gravity
	}
	f.idle(p.at)
}

// replaced is whether a shift of the level was another beer, or the device taken out of this one; the batch ends then.
func (f *follower) replaced(c change) bool {
	b := f.batch
	over := !b.stage.fermenting() || f.longAway
	f.longAway = false
	now := b.lastGravity + c.shifted
	switch {
	case b.stage == StageLag:
		b.original.restart()
		if c.shifted >= rise && !b.said {
			b.began = c.since
		}
		return false
	case c.shifted >= rise && over, c.shifted >= greatRise && c.shifted >= (b.level()-b.lastGravity)*2/3:
		f.end(c.since)
		f.begin(c.since, false)
		return false
	case c.shifted <= -2*leastShift && now > -water && now < water && b.lastGravity > water:
		f.end(c.since)
		return true
	}
	b.shifted += c.shifted
	return false
}

// idle ends a batch in which nothing happens any more.
func (f *follower) idle(at int64) {
	b := f.batch
	stood := b.standingSince
	if b.stage == StageColdCrash && b.completed != 0 {
		stood = b.completed
	}
	switch {
	case b.stage == StageLag && at-b.began > lagDays*24*hour,
		b.stage == StageComplete && stood != 0 && at-stood > idleDays*24*hour,
		b.stage == StageColdCrash && stood != 0 && at-stood > idleDays*24*hour:
		f.end(at)
		f.restAt, f.restedAt = at, f.level.gravity
	}
}

// watch looks for the begin of a batch.
func (f *follower) watch(s points, i int) {
	l, p := &f.level, s[i]
	if !p.known() || l.shift.since != 0 || !known(l.gravity) {
		return
	}
	if f.restAt != 0 && l.gravity < f.restedAt+rise {
		f.restAt = p.at
		if l.segment < f.restAt-7*24*hour {
			return
		}
	}
	if from := steadyFrom(s, i, l); from != 0 {
		level := l.middle()
		if level >= lightestWort && level <= heaviestWort && !(float64(p.temperature) < coldestWort) && f.restAt == 0 {
			f.begin(from, false)
			f.batch.original.take(s, i, l)
		}
		return
	}
	if l.recent(p.at) || !(l.rate <= -fellRate) || l.rateError > -l.rate/4 {
		return
	}
	l.collect(s, i, l.segment, 5*24)
	if hours := -l.samples[len(l.samples)-1].t; l.gravity < 2*water || l.oldest()-l.gravity < fell || hours < fellHours {
		return
	}
	f.beginFalling(s, i)
}

// beginFalling begins a batch that already ferments. Where the readings stood before the fall, that is its original
// gravity if wort can have it.
func (f *follower) beginFalling(s points, i int) {
	l := &f.level
	from := s[s.since(max(l.segment, s[i].at-5*24*hour))].at
	top := l.oldest()
	f.begin(from, false)
	f.batch.original.first = top
	f.batch.original.done = true
	var stood []sample // oldest first
	for _, v := range slices.Backward(l.samples) {
		if v.t > l.samples[len(l.samples)-1].t+steadyLongest && len(stood) >= 2 {
			break
		}
		if math.Abs(v.p-top) <= steadyChange+2*l.noise {
			stood = append(stood, v)
		}
	}
	if n := len(stood); top >= lightestWort && n >= 2 && stood[n-1].t-stood[0].t >= steadyHours {
		l.samples = append(l.samples[:0], stood...)
		f.batch.original.found = l.middle()
	}
}
