package fermentation

import (
	"encoding/json"
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// How far a value that is found moves before it is published: what merely wobbles is no change to Home Assistant's recorder.
const (
	steadyGravity  = 0.00015
	steadyFinal    = 0.0008
	steadyRate     = 0.15 // points a day
	steadyABV      = 0.06
	steadyPercent  = 0.6
	steadyCalories = 0.6
	steadyEnd      = 50 * time.Minute
)

// describe puts what is found into the document.
func (b *beer) describe(found batch.Findings, now time.Time) {
	d, was := &b.doc, b.doc
	stage := string(found.Stage)
	d.current, d.surroundings = current{}, surroundings{}
	d.state = state{
		Stage: &stage, Rate: held(was.Rate, found.Rate, steadyRate, 1), Filtered: held(was.Filtered, found.Gravity, steadyGravity, 4),
		Disturbed: &found.Disturbed,
	}
	stuck := found.Stuck
	d.Stuck = &stuck
	d.Outside = found.OutsideRange
	d.forecast = forecast{ExpectedFinal: held(was.ExpectedFinal, found.ExpectedFinalGravity, steadyFinal, 4)}
	if f := found.Forecast; f != nil {
		d.ExpectedEnd, d.EarliestEnd, d.LatestEnd = heldTime(was.ExpectedEnd, f.Expected, now), heldTime(was.EarliestEnd, f.Earliest, now), heldTime(was.LatestEnd, f.Latest, now)
		d.order()
	}
	d.alcohol = alcohol{
		ABV: held(was.ABV, found.ABV, steadyABV, 2), Apparent: held(was.Apparent, found.ApparentAttenuation, steadyPercent, 1),
		Real: held(was.Real, found.RealAttenuation, steadyPercent, 1), Calories: held(was.Calories, found.Calories, steadyCalories, 0),
	}
	c := found.Batch
	if c == nil {
		said := b.said.since(b.begin())
		d.Name, d.Original, d.Final = said.Name, said.OriginalGravity, said.FinalGravity
		return
	}
	d.describeCurrent(c, b.numbers.current(c.Began, b.numbering))
	d.Happened = map[batch.EventKind]time.Time{}
	for _, e := range b.analysis.Events() {
		if e.Batch == c.ID {
			d.Happened[e.Kind] = e.At
		}
	}
	d.Original, d.Final = found.OriginalGravity, c.FinalGravity
	d.Heating, d.Cooling = b.hours(c.Began, nil)
}

func (d *Document) describeCurrent(c *batch.Current, number int) {
	id, began, day, disturbances := c.ID, c.Began, c.Day, c.Disturbances
	d.current = current{Number: &number, ID: &id, Began: &began, Day: &day}
	if c.Name != began.Format(time.DateOnly) { // which is the name of one that nobody named
		d.Name = words(text.Line(c.Name, discovery.MaxBatchName))
	}
	d.Lowest, d.Highest, d.Disturbances = c.LowestTemperature, c.HighestTemperature, &disturbances
}

// order keeps the three ends in order after each was rounded by itself.
func (d *Document) order() {
	if d.ExpectedEnd.Before(*d.EarliestEnd) {
		d.EarliestEnd = d.ExpectedEnd
	}
	if d.LatestEnd.Before(*d.ExpectedEnd) {
		d.LatestEnd = d.ExpectedEnd
	}
}

// held is a number to so many decimals, or what it was while it has hardly moved.
func held(was, is *float64, by float64, decimals int) *float64 {
	if is == nil {
		return nil
	}
	if was != nil && math.Abs(*is-*was) < by {
		return was
	}
	scale := math.Pow10(decimals)
	v := math.Round(*is*scale)/scale + 0
	return &v
}

// heldTime is a time to the hour, or what it was while it has hardly moved. A time that is over does not stay.
func heldTime(was *time.Time, is time.Time, now time.Time) *time.Time {
	if was != nil && is.Sub(*was).Abs() < steadyEnd && !was.Before(now) {
		return was
	}
	at := is.Add(30 * time.Minute).UTC().Truncate(time.Hour)
	if at.Before(now) {
		at = at.Add(time.Hour)
	}
	return &at
}

// hours are for how long the controller beside the device heated and cooled from when a batch began until a moment, or until
// now where there is none.
func (b *beer) hours(began time.Time, until *time.Time) (heating, cooling *float64) {
	if b.steers == nil || b.paired == "" {
		return nil, nil
	}
	end := b.steers.newest
	if until != nil {
		var ok bool
		if end, ok = b.steers.at(*until); !ok {
			return nil, nil
		}
	}
	from, ok := b.steers.at(began)
	switch {
	case ok:
		if until == nil {
			b.run = runTime{Paired: b.paired, Began: &began, Heating: orNil(from.heating), Cooling: orNil(from.cooling)}
		}
	case b.run.Began != nil && b.run.Paired == b.paired && b.run.Began.Sub(began).Abs() <= sameBegin:
		from = sample{at: *b.run.Began, heating: orNaN(b.run.Heating), cooling: orNaN(b.run.Cooling)}
	default:
		return nil, nil
	}
	h, c := b.steers.between(from, end)
	return tenth(h), tenth(c)
}

func encode(s Summary) []byte {
	out, _ := json.Marshal(s)
	return out
}
