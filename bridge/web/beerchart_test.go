package web

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestTheChartBeginsWithTheBatch(t *testing.T) {
	curve := fermenting(before(20*24*time.Hour), 20*24)
	for name, c := range map[string]struct {
		batch *Batch
		from  time.Time
	}{
		"no batch: a week":              {nil, before(7 * 24 * time.Hour)},
		"the batch":                     {&Batch{Began: before(10 * 24 * time.Hour)}, before(10 * 24 * time.Hour)},
		"a batch of unknown begin":      {&Batch{}, before(7 * 24 * time.Hour)},
		"a batch from before the curve": {&Batch{Began: before(90 * 24 * time.Hour)}, before(20 * 24 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			chart := newBeerChart(&DeviceStatus{Curve: curve, Batch: c.batch}, noon)
			require.NotNil(t, chart)
			assert.Equal(t, c.from.Format(time.RFC3339), chart.From.Machine)
		})
	}
}

func TestTheChartKeepsWithinItsSpace(t *testing.T) {
	for name, curve := range map[string]Curve{
		"a fermentation":    fermenting(before(6*24*time.Hour), 6*24),
		"every half hour":   dense(2*7*24, func(i int) float64 { return 1.05 - float64(i)/10000 }),
		"nothing happens":   dense(100, func(int) float64 { return 1.010 }),
		"wild":              dense(100, func(i int) float64 { return float64(i%7) * 100 }),
		"infinities in it":  dense(100, func(i int) float64 { return []float64{1.05, math.Inf(1), math.Inf(-1), math.NaN()}[i%4] }),
		"in the far future": {NewPoint(noon.Add(1000*time.Hour), 1.05, 20, 18), NewPoint(noon.Add(1001*time.Hour), 1.05, 20, 18), NewPoint(noon.Add(1002*time.Hour), 1.05, 20, 18)},
	} {
		t.Run(name, func(t *testing.T) {
			chart := newBeerChart(&DeviceStatus{Curve: curve}, noon)
			require.NotNil(t, chart)
			bytes := 0
			for _, lines := range [][]string{chart.Gravity, chart.Temperature, chart.Target} {
				for _, line := range lines {
					bytes += len(line)
					last := -1
					for point := range strings.FieldsSeq(line) {
						var x int
						var y float64
						_, err := fmt.Sscanf(point, "%d,%f", &x, &y)
						require.NoError(t, err, point)
						assert.True(t, x >= last && x <= beerWidth && y >= 0 && y <= beerHeight, point)
						last = x
					}
				}
			}
			assert.Less(t, bytes, 3*10*beerWidth/finest, "the page stays small")
			assert.NotContains(t, chart.Label(), "NaN")
			assert.NotContains(t, chart.Label(), "Inf")
		})
	}
}

// dense is a curve of points each half hour until noon.
func dense(n int, gravity func(int) float64) (c Curve) {
	for i := range n {
		c = c.With(NewPoint(before(time.Duration(n-i)*30*time.Minute), gravity(i), 20, 18))
	}
	return c
}

func TestAChartOfNothingIsNoChart(t *testing.T) {
	assert.Nil(t, newBeerChart(&DeviceStatus{}, noon))
	assert.Nil(t, newBeerChart(&DeviceStatus{Curve: fermenting(before(2*time.Hour), 2)}, noon), "two points are no curve")
	assert.Nil(t, newBeerChart(&DeviceStatus{Curve: fermenting(before(30*24*time.Hour), 24)}, noon), "a month ago")
}

func TestALineBreaksWhereReadingsAreMissing(t *testing.T) {
	var c Curve
	for _, hours := range []int{40, 39, 38, 20, 19, 18, 3, 2} { // ago
		c = c.With(NewPoint(before(time.Duration(hours)*time.Hour), 1.05, math.NaN(), math.NaN()))
	}
	chart := newBeerChart(&DeviceStatus{Curve: c}, noon)
	assert.Len(t, chart.Gravity, 3)
	assert.Empty(t, chart.Temperature)
	assert.Empty(t, chart.WarmthRange, "nothing unknown is told")
	assert.Equal(t, "1.0500", chart.GravityRange)
}

func TestDeviceCards(t *testing.T) {
	pill := DeviceStatus{Family: discovery.Hydrometer, ID: "pill", Name: "Pill", Paired: "fridge"}
	fridge := DeviceStatus{Family: discovery.FermentationChamber, ID: "fridge", Name: "Fridge"}
	still := DeviceStatus{Family: discovery.Still, ID: "still", Name: "Still"}
	change := func(d DeviceStatus, f func(*DeviceStatus)) DeviceStatus { f(&d); return d }
	brewing := change(pill, func(d *DeviceStatus) { d.Batch = &Batch{Name: "IPA"} })
	for name, c := range map[string]struct {
		devices []DeviceStatus
		want    string
	}{
		"none":                                {nil, ""},
		"a controller stands with its Pill":   {[]DeviceStatus{fridge, still, pill}, "Still, Pill+Fridge"},
		"batches first":                       {[]DeviceStatus{still, fridge, brewing}, "IPA+Fridge, Still"},
		"two Pills of one controller":         {[]DeviceStatus{pill, brewing, fridge}, "IPA+Fridge, Pill+Fridge"},
		"a controller that is not there":      {[]DeviceStatus{pill}, "Pill"},
		"a controller that the lists lack":    {[]DeviceStatus{change(fridge, func(d *DeviceStatus) { d.Missing = true }), pill}, "Fridge, Pill"},
		"a device paired with itself":         {[]DeviceStatus{change(pill, func(d *DeviceStatus) { d.Paired = d.ID })}, "Pill"},
		"two that are paired with each other": {[]DeviceStatus{pill, change(fridge, func(d *DeviceStatus) { d.Paired = "pill" })}, "Pill, Fridge"},
		"no ids":                              {[]DeviceStatus{{Name: "A"}, {Name: "B"}}, "A, B"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, card := range deviceCards(c.devices, noon) {
				text := card.Name
				if card.Controller != nil {
					text += "+" + card.Controller.Name
				}
				got = append(got, text)
			}
			assert.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
}

func TestWhatABatchTells(t *testing.T) {
	full := brewingBatch()
	v := newBatchView(full)
	assert.Equal(t, 68, v.Fermented)
	assert.False(t, v.OneDay)
	full.LatestEnd = full.EarliestEnd.Add(time.Hour)
	assert.True(t, newBatchView(full).OneDay)
	full.Gravity.V = 1.2
	assert.Zero(t, newBatchView(full).Fermented, "never less than nothing")
	full.Gravity.V = 0.9
	assert.Equal(t, 100, newBatchView(full).Fermented)
	full.EarliestEnd = time.Time{}
	v = newBatchView(full)
	assert.Equal(t, v.Earliest, v.Latest, "without a window the middle of it")
	v = newBatchView(&Batch{})
	assert.Equal(t, &batchView{Fermented: -1}, v, "what is not known is not told")
	page := show(t, with(func(s *Snapshot) { s.Devices[1].Batch = &Batch{Stuck: true, Disturbed: true} }))
	assert.Contains(t, page, "Stuck: it stands still")
	assert.Contains(t, page, "Disturbed: the gravity moved")
	for _, unknown := range []string{"Stage", "ABV", "Expected end", "Original gravity", "<progress", "day 0"} {
		assert.NotContains(t, page, unknown)
	}
}

func brewingBatch() *Batch { return brewing().Devices[1].Batch }
