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

// tracker goes through the readings one after the other and keeps what they have shown.
type tracker struct {
	level  level
	batch  *batch  // nil without one
	next   details // what was said while there was none
	number int     // of batches so far

	ended   []Summary
	events  []Event
	noted   int     // how many of the owner's entries and sessions are taken
	heardTo int64   // the time of the last of them
	rested  float64 // the gravity of a beer that still is in the device although its batch has ended; unknown without one
	back    int64   // when the device was last back after hours of silence or out of the liquid
}

func newTracker() *tracker { return &tracker{level: newLevel(), next: noDetails(), rested: unknown} }

// clone is a copy that shares nothing that changes.
func (t *tracker) clone() *tracker {
	c := *t
	c.level.excluded = slices.Clone(t.level.excluded)
	c.level.samples, c.level.scratch = nil, nil
	c.ended, c.events = slices.Clone(t.ended), slices.Clone(t.events)
	if t.batch != nil {
		b := *t.batch
		b.emitted, b.events = maps.Clone(b.emitted), slices.Clone(b.events)
		c.batch = &b
	}
	return &c
}

// step takes the reading at index i of s in, and before it what was said until then.
func (t *tracker) step(s points, i int, all []note) {
	p := s[i]
	t.hear(all, p.at)
	c := t.level.take(s, i)
	if c.silent >= away {
		t.back = p.at
	}
	if t.level.inAir(p.at) {
		t.rested = unknown
	}
	if t.batch != nil {
		t.update(s, i, c)
	}
	if t.batch == nil {
		t.watch(s, i)
	}
	if b := t.batch; b != nil && len(b.events) > 0 {
		t.collectEvents(b)
	}
}

// hear takes in what was said until a time.
func (t *tracker) hear(all []note, at int64) {
	for t.noted < len(all) && all[t.noted].at <= at {
		t.take(all[t.noted])
		t.noted++
	}
	if t.noted > 0 {
		t.heardTo = all[t.noted-1].at
	}
	if t.batch != nil {
		t.collectEvents(t.batch)
	}
}

// collectEvents moves the events of a batch to all of them, of which the last hundred are kept.
func (t *tracker) collectEvents(b *batch) {
	t.events = append(t.events, b.events...)
	b.events = nil
	t.events = t.events[max(len(t.events)-100, 0):]
}

// take takes in what the owner or a session said.
func (t *tracker) take(n note) {
	switch {
	case n.session != nil:
		t.join(n.session, n.at)
	case n.entry.NewBatch:
		t.end(n.at)
		t.begin(n.at, true)
		t.batch.details.take(n.entry)
	case t.batch != nil:
		t.batch.details.take(n.entry)
	default:
		t.next.take(n.entry)
	}
}

// join begins a batch with a session, unless the beer that is in the device lags or ferments: then the session is
// of that beer, and new wort shows itself by its rise.
func (t *tracker) join(s *Session, at int64) {
	if b := t.batch; b != nil && b.stage != StageLag && !b.stage.fermenting() {
		t.end(at)
	}
	if t.batch == nil {
		t.begin(at, true)
	}
	t.batch.details.join(s)
}

// begin begins a batch.
func (t *tracker) begin(at int64, said bool) {
	t.number++
	t.batch = newBatch(at, t.next)
	t.batch.said = said
	t.next = noDetails()
	t.batch.events = append(t.batch.events, Event{At: unix(at), Kind: EventStarted, Batch: t.batch.id()})
	t.rested = unknown
	if said {
		t.level.restart(at)
	}
}

// end ends the batch, if there is one. One that never fermented leaves nothing.
func (t *tracker) end(at int64) {
	b := t.batch
	if b == nil {
		return
	}
	if b.stage != StageLag {
		b.events = append(b.events, Event{At: unix(at), Kind: EventEnded, Batch: b.id()})
		t.ended = append(t.ended, b.summary(at))
		t.ended = t.ended[max(len(t.ended)-keptSummaries, 0):]
	}
	t.collectEvents(b)
	t.batch = nil
}

// keptSummaries is how many ended batches are kept.
const keptSummaries = 20

// update carries the batch on with a reading.
func (t *tracker) update(s points, i int, c change) {
	b, l, p := t.batch, &t.level, s[i]
	if c.disturbed && (b.stage.fermenting() || b.stage != StageLag && !p.junk()) { // out of a finished beer is the usual end of it
		b.disturb(p.at)
	}
	if p.junk() {
		out := float64(p.at-l.junkSince) / hour
		if l.inAir(p.at) && (out >= gone || out >= away && !b.stage.fermenting()) {
			t.end(l.junkSince)
			l.restart(p.at)
		}
		return
	}
	if known(float64(p.temperature)) {
		b.temperature.take(float64(p.temperature), p.at, b.stage)
	}
	b.crash(p.at)
	if !p.known() {
		return
	}
	if l.shift.since != 0 {
		b.lastGravity = min(max(l.shift.before.level, minGravity), maxGravity)
	}
	if c.shifted != 0 && t.replaced(c) {
		return
	}
	b.original.take(s, i, l)
	b.advance(s, i, l)
	if l.shift.since == 0 {
		b.lastGravity = l.gravity
	}
	t.idle(p.at)
}

// replaced is whether a shift of the level was another beer, or the device taken out of this one; the batch ends then.
func (t *tracker) replaced(c change) bool {
	b := t.batch
	over := !b.stage.fermenting() || t.back != 0 && c.since-t.back < away*hour
	now := b.lastGravity + c.shifted
	inWater := c.shifted <= -2*leastShift && now > -water && now < water && b.lastGravity > water
	switch {
	case inWater && (b.stage != StageLag || !b.said):
		t.end(c.since)
		return true
	case b.stage == StageLag && math.Abs(c.shifted) >= rise && !b.said: // what lay there before was not this wort
		t.next = b.details
		t.end(c.since)
		t.begin(c.since, false)
		return true
	case b.stage == StageLag:
		b.original.restart()
		return false
	case c.shifted >= rise && over, c.shifted >= greatRise && c.shifted >= (b.level()-b.lastGravity)*2/3:
		t.end(c.since)
		t.begin(c.since, false)
		return false
	}
	b.shifted += c.shifted
	return false
}

// idle ends a batch in which nothing happens any more.
func (t *tracker) idle(at int64) {
	b := t.batch
	days := float64(at-b.stageSince) / hour / 24
	if b.stage == StageLag && days > lagDays || (b.stage == StageComplete || b.stage == StageColdCrash) && days > idleDays {
		t.end(at)
		t.rested = t.level.gravity
	}
}

// watch looks for the begin of a batch.
func (t *tracker) watch(s points, i int) {
	l, p := &t.level, s[i]
	if !p.known() || l.shift.since != 0 || !known(l.gravity) {
		return
	}
	if from := steadyFrom(s, i, l); from != 0 {
		level := l.middle()
		if level >= lightestWort && level <= heaviestWort && !(float64(p.temperature) < coldestWort) && !(level < t.rested+rise) {
			t.begin(from, false)
			t.batch.original.take(s, i, l)
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
	t.beginFalling(s, i)
}

// beginFalling begins a batch that already ferments. Where the readings stood before the fall, that is its original
// gravity if wort can have it.
func (t *tracker) beginFalling(s points, i int) {
	l := &t.level
	from := s[s.since(max(l.segment, s[i].at-5*24*hour))].at
	top := l.oldest()
	t.begin(from, false)
	t.batch.original.first = top
	t.batch.original.done = true
	if top < lightestWort {
		return
	}
	all := l.samples
	oldest := all[len(all)-1].t
	for _, hours := range []float64{steadyLongest, 2 * steadyHours, steadyHours} {
		k := len(all) - 1
		for k > 0 && (all[k-1].t <= oldest+hours || len(all)-k < 2) {
			k--
		}
		l.samples = all[k:]
		if steady, sure := isSteady(l); steady && sure && l.samples[0].t-oldest >= steadyHours-1 {
			t.batch.original.found = l.middle()
			return
		}
	}
}
