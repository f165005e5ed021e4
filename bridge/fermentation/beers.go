package fermentation

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Options are how far the rows go back.
type Options struct {
	History bool // the cloud is asked for the rows of before the start
	Days    int  // how far back at least
}

// Beers are what is in the account's devices that measure gravity.
type Beers struct {
	options     Options
	beers       map[device.Ref]*beer
	order       []*beer // by first sight
	next        int     // of the order, whose turn it is
	controllers map[string]*controller

	// stirred says that something has come since the rows of before the start were last looked after, and lookAt is when to
	// do it again all the same; zero for not as things are.
	stirred bool
	lookAt  time.Time
}

// New is what is known before the first reading.
func New(o Options) *Beers {
	return &Beers{options: o, beers: map[device.Ref]*beer{}, controllers: map[string]*controller{}}
}

// Follows reports whether the devices of a family measure gravity.
func Follows(f discovery.Family) bool {
	return f == discovery.Hydrometer || f == discovery.ExternalDevice
}

// steers reports whether a device of the family can steer the temperature of a fermentation.
func steers(f discovery.Family) bool {
	return f == discovery.TemperatureController || f == discovery.FermentationChamber || f == discovery.BrewZilla
}

func (s *Beers) beer(ref device.Ref) *beer {
	s.stirred = true
	b := s.beers[ref]
	if b == nil {
		b = newBeer(ref)
		b.none = !s.options.History
		s.beers[ref] = b
		s.order = append(s.order, b)
	}
	return b
}

// RestoreAll takes what an earlier run retained of all devices, the documents and the batches that have ended by their number,
// and returns the devices whose document can't be read. It ignores devices that measure no gravity.
func (s *Beers) RestoreAll(documents map[device.Ref][]byte, ended map[device.Ref]map[int][]byte, now time.Time) (unreadable []device.Ref) {
	for ref, payload := range documents {
		if Follows(ref.Family) && !s.Restore(ref, payload, now) {
			unreadable = append(unreadable, ref)
		}
	}
	for ref, summaries := range ended {
		if !Follows(ref.Family) {
			continue
		}
		for number, payload := range summaries {
			s.RestoreEnded(ref, number, payload, now)
		}
	}
	return unreadable
}

// Restore takes the document that an earlier run retained of a device, and reports whether it could be read.
func (s *Beers) Restore(ref device.Ref, payload []byte, now time.Time) bool {
	d, ok := parse(payload, now)
	if ok {
		s.beer(ref).restore(d)
	}
	return ok
}

// RestoreEnded takes a batch that has ended, as an earlier run retained it. One that can't be read is cleared with the
// device.
func (s *Beers) RestoreEnded(ref device.Ref, number int, payload []byte, now time.Time) {
	b := s.beer(ref)
	summary, ok := parseSummary(payload, number, now)
	if len(b.ended) > 10*keptSummaries || !ok {
		b.stray = append(b.stray, number)
		return
	}
	b.ended[number] = &ended{Summary: summary, payload: encode(summary)}
	b.numbers.learn(number, summary.Began)
}

// Accept takes a reading, but for one of a time that can't be: from the first on rows are asked for until its time, and what
// was said long before it is forgotten.
func (s *Beers) Accept(u device.Update, now time.Time) {
	if !believedTime(u.Reading.Activity(), now) {
		return
	}
	if steers(u.Family) {
		c := s.controller(u.ID)
		c.add(u.Reading.Telemetry())
		c.profile = beerProfile(u)
		return
	}
	if !Follows(u.Family) {
		return
	}
	b := s.beer(u.Ref)
	b.row(u.Reading.Telemetry())
	paired, _ := u.Reading.Value("paired_device_id")
	if b.paired, _ = paired.Text(); b.paired != "" {
		b.steers = s.controller(b.paired)
	}
	b.join(u.Reading, now)
	if !b.seen {
		b.seen = true
		b.to = u.Reading.Activity()
		b.from = b.to.AddDate(0, 0, -max(0, min(s.options.Days, longestBatch)))
		if began := b.doc.Began; began != nil && began.Add(-sameBegin).Before(b.from) {
			b.from = began.Add(-sameBegin)
		}
		if oldest := b.to.AddDate(0, 0, -longestBatch); b.from.Before(oldest) {
			b.from = oldest
		}
		b.done = !b.to.After(b.from)
		b.forgetBefore(b.from)
	}
}

// forgetBefore lets go what was said before the rows begin: it was of a batch that is not seen any more.
func (b *beer) forgetBefore(at time.Time) {
	if month := b.to.AddDate(0, -1, 0); month.Before(at) {
		at = month
	}
	b.said = b.said.kept(at)
	b.sessions = slices.DeleteFunc(slices.Clone(b.sessions), func(s batch.Session) bool { return s.Started.Before(at) })
	b.setNotes()
}

// join takes the profile session of a reading.
func (b *beer) join(r device.Reading, now time.Time) {
	session, ok := r.Session()
	b.joined, b.alerts = ok, nil
	if ok {
		b.alerts = session.Alerts
		b.learn(session, now)
	}
}

// joinController takes the profile session of the controller beside the device, where the device has none of its own.
func (b *beer) joinController(now time.Time) {
	if b.steers != nil && b.paired != "" && !b.joined && slices.Contains([]string{"", b.ID}, b.steers.profile.Hydrometer) {
		b.learn(b.steers.profile, now)
	}
}

// learn takes what a profile session says.
func (b *beer) learn(s device.Session, now time.Time) {
	said, ok := sessionOf(s, now)
	if !ok {
		return
	}
	var changed bool
	if b.sessions, changed = withSession(b.sessions, said); changed {
		b.setNotes()
	}
}

// beerProfile is the profile session of a controller that says something of a beer; the zero Session for none. One that only
// cools or warms, such as for a cold crash or a keg, begins no batch, nor does the mash of a BrewZilla.
func beerProfile(u device.Update) device.Session {
	s, _ := u.Reading.Session()
	if u.Family == discovery.BrewZilla || !s.OriginalGravity.Valid && !s.FinalGravity.Valid && !s.Attenuation.Valid {
		return device.Session{}
	}
	return s
}

func (s *Beers) controller(id string) *controller {
	c := s.controllers[id]
	if c == nil {
		c = &controller{}
		s.controllers[id] = c
	}
	return c
}

// Rows takes rows of the cloud's history, in any order and as often as they come.
func (s *Beers) Rows(ref device.Ref, rows []device.Telemetry) {
	s.stirred = true
	switch b := s.beers[ref]; {
	case steers(ref.Family):
		for _, row := range rows {
			s.controller(ref.ID).add(row)
		}
	case b != nil:
		for _, row := range rows {
			b.row(row)
		}
	}
}

// Failed says that rows of a device could not be had.
func (s *Beers) Failed(ref device.Ref) {
	s.stirred = true
	if b := s.beers[ref]; b != nil {
		b.failed = true
	}
}

// LookBacks goes through the rows of before the start that are to be asked for at now. open says whether rows of a device
// are still on their way; that changes with Rows and Failed alone.
func (s *Beers) LookBacks(now time.Time, open func(ref device.Ref, from, to time.Time) bool, ask func(device.Ref, LookBack)) {
	if !s.stirred && (s.lookAt.IsZero() || s.lookAt.After(now)) {
		return
	}
	s.stirred, s.lookAt = false, time.Time{}
	for _, b := range s.order {
		if !b.seen {
			continue
		}
		was := b.rowsAreThere()
		if l, ok := b.lookBack.next(now, func(from, to time.Time) bool { return open(b.Ref, from, to) }); ok {
			ask(b.Ref, l)
		}
		b.changed = b.changed || !was && b.rowsAreThere()
		s.lookAt = times.Soonest(s.lookAt, b.retryAt)
	}
}

// Looking reports whether rows of before the start are not all there.
func (s *Beers) Looking() bool {
	return slices.ContainsFunc(s.order, func(b *beer) bool { return b.seen && !b.rowsAreThere() })
}

// Knows reports whether anything is known of a device.
func (s *Beers) Knows(ref device.Ref) bool { return s.beers[ref] != nil }

// Remove forgets a device, and returns the numbers of the batches of which something is retained.
func (s *Beers) Remove(ref device.Ref) (numbers []int) {
	if steers(ref.Family) {
		delete(s.controllers, ref.ID)
		return nil
	}
	b := s.beers[ref]
	if b == nil {
		return nil
	}
	delete(s.beers, ref)
	s.order = slices.DeleteFunc(s.order, func(other *beer) bool { return other == b })
	for number := range b.ended {
		numbers = append(numbers, number)
	}
	return append(numbers, b.stray...)
}

// Output is what comes of a step.
type Output struct {
	Ref      device.Ref
	Found    *batch.Findings // nil where nothing was found anew
	Document []byte          // nil where it has not changed
	Ended    []Retained
	Events   [][]byte // in their order, each to be published once
}

// Retained is the summary of a batch that has ended; one without a payload is to be cleared.
type Retained struct {
	Number  int
	Payload []byte
}

// Due is when Step has something to do; zero for not as things are.
func (s *Beers) Due() (due time.Time) {
	for i := range s.order {
		at := s.order[(s.next+i)%len(s.order)].due()
		if at.Equal(atOnce) {
			return at
		}
		due = times.Soonest(due, at)
	}
	return due
}

// Step works for a few milliseconds on one device that is due, and reports whether there was one.
func (s *Beers) Step(now time.Time) (out Output, worked bool) {
	for range s.order {
		s.next %= len(s.order)
		b := s.order[s.next]
		if at := b.due(); at.IsZero() || at.After(now) {
			s.next++
			continue
		}
		out.Ref = b.Ref
		if !b.step(now, &out) {
			s.next++
		}
		return out, true
	}
	return out, false
}

// All goes through what is retained of all devices, for a broker that may have lost it.
func (s *Beers) All(yield func(Output) bool) {
	for _, b := range s.order {
		if b.payload == nil {
			continue
		}
		out := Output{Ref: b.Ref, Document: b.payload}
		for number, e := range b.ended {
			out.Ended = append(out.Ended, Retained{number, e.payload})
		}
		if !yield(out) {
			return
		}
	}
}

// Payload is the document that was published last of a device; nil for none.
func (s *Beers) Payload(ref device.Ref) []byte {
	if b := s.beers[ref]; b != nil {
		return b.payload
	}
	return nil
}

// Document is what was published last of a device; nil for nothing.
func (s *Beers) Document(ref device.Ref) *Document {
	if b := s.beers[ref]; b != nil {
		return &b.doc
	}
	return nil
}
