package fermentation

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// beer is what is in one device.
type beer struct {
	device.Ref
	analysis batch.Analysis
	said     entries
	sessions []batch.Session
	alerts   []device.Alert // of the profile that runs now, as the newest reading has them
	alerted  bool           // the alerts of a reading have been looked at
	paired   string
	// steers is the controller beside the device, nil for none.
	steers *controller
	joined bool // the newest reading has a profile session of the device's own

	doc      Document // as it was published last, or as an earlier run left it
	payload  []byte   // of it; nil while nothing was published
	numbers  numbers
	ended    map[int]*ended
	run      runTime
	reported reported
	// numbering are the numbers of the batches that have ended, stray those retained numbers that could not be read.
	numbering map[int]bool
	stray     []int

	seen    bool // there has been a reading in this run
	entered bool // the owner has said something in this run
	found   bool // the findings are of this run
	changed bool // something has come since
	at      time.Time
	lookBack
}

// ended is a batch that has ended.
type ended struct {
	Summary
	payload []byte
	since   bool // this run has found it
}

const (
	keptSummaries = 20
	// What is found changes with time too, but slowly.
	findEvery = 15 * time.Minute
	// rowsAtOnce is how many rows are taken in before the loop goes on: some 3 ms.
	rowsAtOnce = 100
)

func newBeer(ref device.Ref) *beer {
	b := &beer{Ref: ref, ended: map[int]*ended{}}
	b.doc.Entries, b.doc.Sessions = []batch.Entry{}, []batch.Session{}
	return b
}

// restore takes what an earlier run retained.
func (b *beer) restore(d *Document) {
	b.doc, b.doc.Restored = *d, true
	b.said, b.sessions, b.reported, b.run = d.Entries, d.Sessions, d.Reported, d.Run
	b.alerted = true
	if d.Number != nil {
		b.numbers.learn(*d.Number, *d.Began)
	}
	b.numbers.last = max(b.numbers.last, d.Reported.Number)
	b.setNotes()
}

func (b *beer) setNotes() {
	b.analysis.SetEntries(b.said)
	b.analysis.SetSessions(b.sessions)
	b.changed = true
}

// row takes a row of the device.
func (b *beer) row(t device.Telemetry) {
	value := func(key string) *float64 {
		v, _ := t.Value(key)
		if n, ok := v.Number(); ok {
			return &n
		}
		return nil
	}
	b.analysis.Add(batch.Row{At: t.At, Gravity: value("gravity"), Temperature: value("temperature")})
	b.changed = true
}

// begin is when that began of which the owner speaks now.
func (b *beer) begin() time.Time {
	at := b.said.lastNew()
	for _, e := range b.ended {
		if e.Ended.After(at) {
			at = e.Ended
		}
	}
	return at
}

// atOnce is due whatever the time is.
var atOnce = time.Unix(0, 0)

// due is when the next step is; zero for not as things are.
func (b *beer) due() time.Time {
	switch {
	case !b.seen && !b.entered:
		return time.Time{} // whether the device is still there is not known
	case b.changed:
		return atOnce
	case b.found:
		return b.at.Add(findEvery)
	}
	return time.Time{}
}

// step takes in some rows, or finds what is to be known. It reports whether there is more to do.
func (b *beer) step(now time.Time, out *Output) (more bool) {
	b.joinController(now)
	if !b.seen || !b.rowsAreThere() {
		b.changed, b.at = false, now
		b.show(now, out)
		return false
	}
	if !b.analysis.Advance(now, rowsAtOnce) {
		return true
	}
	found := b.analysis.Findings(now)
	if c := found.Batch; c != nil && b.withinEarlier(c.Began) {
		found = batch.Findings{Stage: batch.StageNone, Gravity: found.Gravity, Rate: found.Rate, Disturbed: found.Disturbed}
	}
	first := !b.found
	b.changed, b.found, b.at = false, true, now
	out.Found = &found
	b.summarize(out)
	b.describe(found, now)
	if first && b.reported.Until.IsZero() {
		b.reported.Since, b.reported.Until = now, now
	}
	b.report(out)
	b.said = b.said.kept(b.oldest(now))
	b.show(now, out)
	return false
}

// oldest is from when on what was said may still matter.
func (b *beer) oldest(now time.Time) time.Time {
	at := now.AddDate(0, 0, -longestBatch)
	if b.doc.Began != nil && b.doc.Began.Before(at) {
		at = b.doc.Began.Add(-sameBegin)
	}
	return at
}

// show makes the document, and hands it out when it has changed.
func (b *beer) show(now time.Time, out *Output) {
	b.doc.Entries, b.doc.Sessions, b.doc.Reported, b.doc.Run = nonNil(b.said), nonNil(b.sessions), b.reported, b.run
	b.doc.Restored = !b.found && b.doc.Stage != nil
	if !b.found { // what the owner says counts at once
		said := b.said.since(b.begin())
		if said.OriginalGravity != nil {
			b.doc.Original = said.OriginalGravity
		}
		if said.FinalGravity != nil {
			b.doc.Final = said.FinalGravity
		}
		if said.Name != nil {
			b.doc.Name = said.Name
		}
	}
	b.doc.Paired = words(b.paired)
	if payload := b.doc.payload(); string(payload) != string(b.payload) {
		b.payload, out.Document = payload, payload
	}
}

// summarize hands out the batches that have ended since, and keeps the last of them.
func (b *beer) summarize(out *Output) {
	taken := map[int]bool{}
	for _, s := range b.analysis.Ended() {
		if b.withinEarlier(s.Began) {
			continue
		}
		number := b.numbers.of(s.Began, taken)
		if number == 0 || b.ended[number] != nil && s.Began.Before(b.covers().Add(24*time.Hour)) {
			continue // an earlier run knew more of it
		}
		e := b.ended[number]
		summary := Summary{Number: number, Summary: s}
		if e != nil {
			summary.Heating, summary.Cooling = e.Heating, e.Cooling
		}
		if heating, cooling := b.hours(s.Began, &s.Ended); e == nil || heating != nil || cooling != nil {
			summary.Heating, summary.Cooling = heating, cooling
		}
		payload := encode(summary)
		if e == nil || string(payload) != string(e.payload) {
			out.Ended = append(out.Ended, Retained{number, payload})
		}
		b.ended[number] = &ended{Summary: summary, payload: payload, since: true}
	}
	b.numbering = taken
	b.forgetOld(out)
}

// withinEarlier reports whether a begin lies in the middle of a batch that an earlier run has found: the rows of this run begin
// there, so that the rest of it looks like a batch of its own.
func (b *beer) withinEarlier(began time.Time) bool {
	for _, e := range b.ended {
		if !e.since && began.After(e.Began.Add(sameBegin)) && began.Before(e.Ended.Add(-sameBegin)) {
			return true
		}
	}
	return false
}

// forgetOld has the summaries cleared of which there are too many.
func (b *beer) forgetOld(out *Output) {
	for len(b.ended) > keptSummaries {
		oldest := 0
		for number := range b.ended {
			if oldest == 0 || number < oldest {
				oldest = number
			}
		}
		delete(b.ended, oldest)
		out.Ended = slices.DeleteFunc(out.Ended, func(r Retained) bool { return r.Number == oldest })
		out.Ended = append(out.Ended, Retained{Number: oldest})
	}
}

// report hands out the events that have not been reported.
func (b *beer) report(out *Output) {
	for _, e := range b.analysis.Events() {
		number := b.numberOf(e.Batch)
		if number == 0 || !b.reported.take(e.Kind, e.At, number) {
			continue
		}
		id := e.Batch
		out.Events = append(out.Events, Event{Kind: string(e.Kind), At: e.At, Batch: &id, Number: &number, Name: b.nameOf(number), Text: texts[string(e.Kind)]}.payload())
	}
	for _, a := range b.alerts {
		if !b.reported.takeAlert(a) || !b.alerted {
			continue
		}
		out.Events = append(out.Events, Event{Kind: alertKind, At: a.At.UTC(), Batch: b.doc.ID, Number: b.doc.Number, Name: b.doc.Name, Text: a.Text}.payload())
	}
	b.alerted = true
}

// numberOf is the number of a batch by its id; 0 for none.
func (b *beer) numberOf(id string) int {
	if b.doc.ID != nil && *b.doc.ID == id {
		return *b.doc.Number
	}
	for number, e := range b.ended {
		if e.ID == id {
			return number
		}
	}
	return 0
}

func (b *beer) nameOf(number int) *string {
	if e := b.ended[number]; e != nil {
		return words(e.Name)
	}
	return b.doc.Name
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
