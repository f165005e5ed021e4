package web

import (
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// recent is how far back the chart of a hydrometer goes that is in no batch.
const recent = 7 * 24 * time.Hour

// deviceCard is a device on the page, with its controller where it has one.
type deviceCard struct {
	Name, Model string
	Of          string   // the device's name, where the batch's stands in its place
	Values      []string // as long as they are known
	Battery     string   // empty: unknown
	Reading     *timestamp
	Next        *timestamp
	Online      bool
	Acts        string // what it does: Heating or Cooling
	Missing     string // the id of one that the lists lack; empty for others
	Batch       *batchView
	Chart       *beerChart
	Controller  *deviceCard
}

// deviceCards are the devices in their order, those that hold a batch first. A controller stands with what it heats and
// cools, and not a second time by itself.
func deviceCards(devices []DeviceStatus, now time.Time) []deviceCard {
	byID := make(map[string]*DeviceStatus, len(devices))
	for i := range devices {
		if d := &devices[i]; d.ID != "" && !d.Missing {
			byID[d.ID] = d
		}
	}
	var batches, others []deviceCard
	together := map[string]bool{}
	cards := make(map[*DeviceStatus]deviceCard, len(devices))
	for i := range devices {
		d := &devices[i]
		card := newDeviceCard(d, now)
		if c := byID[d.Paired]; c != nil && c != d && c.Paired == "" {
			controller := newDeviceCard(c, now)
			card.Controller, together[c.ID] = &controller, true
		}
		cards[d] = card
	}
	for i := range devices {
		switch d := &devices[i]; {
		case d.Batch != nil:
			batches = append(batches, cards[d])
		case !together[d.ID] || d.Missing:
			others = append(others, cards[d])
		}
	}
	return append(batches, others...)
}

func newDeviceCard(d *DeviceStatus, now time.Time) deviceCard {
	card := deviceCard{
		Name: named(d.Name), Model: model(d.Family), Online: d.Online, Battery: number(d.Battery, 0, " %"),
		Reading: aged(d.LastActivity, now), Next: awaited(d.Expected, now), Chart: newBeerChart(d, now),
	}
	gravity := d.Gravity
	if b := d.Batch; b != nil {
		card.Batch = newBatchView(b)
		if name := plain(b.Name); name != "" {
			card.Name, card.Of = name, card.Name
		}
		if b.Gravity.Valid {
			gravity = b.Gravity
		}
	}
	for _, value := range []string{number(gravity, 4, ""), number(d.Temperature, 1, " °C")} {
		if value != "" {
			card.Values = append(card.Values, value)
		}
	}
	if d.Target.Valid {
		card.Values = append(card.Values, "Target "+number(d.Target, 1, " °C"))
	}
	switch {
	case !d.Online:
	case d.Heating:
		card.Acts = "Heating"
	case d.Cooling:
		card.Acts = "Cooling"
	}
	if d.Missing {
		card.Missing = d.ID
	}
	return card
}

func model(f discovery.Family) string { return orElse(f.Model(), plain(string(f))) }

// batchView is a batch on the page. What is empty is not known.
type batchView struct {
	Stage            string
	Day              int
	Began            *timestamp
	Original, Final  string
	ABV              string
	Earliest, Latest *timestamp // of the expected end
	OneDay           bool       // both are on the same day
	Fermented        int        // percent of the expected drop; -1 while unknown
	Stuck, Disturbed bool
}

func newBatchView(b *Batch) *batchView {
	v := &batchView{
		Stage: capital(words(b.Stage)), Day: b.Day, Began: clocked(b.Began), Stuck: b.Stuck, Disturbed: b.Disturbed, Fermented: -1,
		Original: number(b.OriginalGravity, 4, ""), Final: number(b.ExpectedFinalGravity, 4, ""), ABV: number(b.ABV, 1, " %"),
	}
	if v.Earliest, v.Latest = clocked(b.EarliestEnd), clocked(b.LatestEnd); v.Earliest == nil || v.Latest == nil {
		v.Earliest, v.Latest = clocked(b.ExpectedEnd), clocked(b.ExpectedEnd)
	}
	v.OneDay = v.Earliest != nil && v.Earliest.Day == v.Latest.Day
	og, fg := b.OriginalGravity, b.ExpectedFinalGravity
	if drop := og.V - fg.V; og.Valid && fg.Valid && b.Gravity.Valid && drop > 0.001 {
		v.Fermented = int(min(max((og.V-b.Gravity.V)/drop, 0), 1)*100 + 0.5)
	}
	return v
}

// Bar says in words what the bar of the batch shows.
func (v *batchView) Bar() string {
	return fmt.Sprintf("%d %% of the expected drop has fermented", v.Fermented)
}
