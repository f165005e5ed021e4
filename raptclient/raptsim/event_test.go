package raptsim_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// point is a reading of a batch at its age, beside what the beer has.
type point struct {
	age                         time.Duration
	gravity, truth, temperature float64
}

// batch lets a beer ferment for so many days and gives what was read of it every quarter of an hour.
func batch(t *testing.T, days int, s DeviceSpec) (out []point) {
	t.Helper()
	clock := newHand()
	s.ID, s.Name, s.ReportEvery = lone, "Lone", 15*time.Minute
	c := New(Options{Now: clock.now, OneBatch: true, ReportLagMax: -1, Devices: []DeviceSpec{s}})
	for range days * 96 {
		clock.add(15 * time.Minute)
		out = append(out, point{
			clock.now().Sub(newHand().now()), number(t, c.Value(lone, "gravity")), number(t, c.Actual(lone, "gravity")), number(t, c.Actual(lone, "temperature")),
		})
	}
	return out
}

// spread is the standard deviation of what is read around what the beer has, and the greatest distance.
func spread(points []point) (sd, most float64) {
	for _, p := range points {
		off := p.gravity - p.truth
		sd += off * off / float64(len(points))
		most = max(most, math.Abs(off))
	}
	return math.Sqrt(sd), most
}

func TestAPillReadsWithItsMeasuredNoise(t *testing.T) {
	points := batch(t, 20, DeviceSpec{Family: Hydrometer, OriginalGravity: 1010.5, FinalGravity: 1010, Sensor: Pill})
	sd, most := spread(points[8*96:])
	assert.InDelta(t, 0.19, sd, 0.02)
	assert.Less(t, most, 1.0)
	neighbours := 0.0
	for i := 8*96 + 1; i < len(points); i++ {
		neighbours += (points[i].gravity - points[i].truth) * (points[i-1].gravity - points[i-1].truth)
	}
	assert.InDelta(t, 0, neighbours/float64(len(points)-8*96)/sd/sd, 0.1, "the noise is white")
}

func TestATiltReadsBubblesWhileItFerments(t *testing.T) {
	points := batch(t, 12, DeviceSpec{Family: ExternalDevice, OriginalGravity: 1090, FinalGravity: 1010.3, Sensor: Tilt, Fermentation: Monod})
	for _, p := range points {
		require.Equal(t, math.Round(p.gravity), p.gravity, "a Tilt has steps of a point")
	}
	fermenting, over := points[48:4*96], points[9*96:]
	outliers := 0
	var quiet []point
	for _, p := range fermenting {
		if math.Abs(p.gravity-p.truth) > 4 {
			outliers++
		} else {
			quiet = append(quiet, p)
		}
	}
	assert.InDelta(t, len(fermenting)/80, outliers, 6)
	assert.Positive(t, outliers)
	sd, _ := spread(quiet)
	assert.InDelta(t, 1.1, sd, 0.25)
	sd, most := spread(over)
	assert.InDelta(t, 0.45, sd, 0.1)
	assert.Less(t, most, 3.0)
}

func TestABeerByMonodFallsAlmostStraightAndStopsWithinHours(t *testing.T) {
	points := batch(t, 14, DeviceSpec{Family: Hydrometer, OriginalGravity: 1060, FinalGravity: 1012, Fermentation: Monod, Events: []Event{{CoolTo: new(18.5)}}})
	at := func(drop float64) time.Duration {
		i := slices.IndexFunc(points, func(p point) bool { return p.truth <= 1060-drop*48 })
		require.GreaterOrEqual(t, i, 0, "%v of the drop", drop)
		return points[i].age
	}
	assert.Greater(t, at(0.05), 10*time.Hour, "the lag")
	first, second := at(0.5)-at(0.2), at(0.8)-at(0.5)
	assert.InDelta(t, 1, second.Hours()/first.Hours(), 0.2, "straight")
	assert.Less(t, at(0.99)-at(0.9), 36*time.Hour, "and stops soon")
}

func TestEventsMoveWhatIsReadAndNotTheBeer(t *testing.T) {
	shift := func(e Event) func(age time.Duration) float64 {
		points := batch(t, 12, DeviceSpec{Family: Hydrometer, OriginalGravity: 1012.5, FinalGravity: 1012, Sensor: Pill, Events: []Event{e}})
		return func(age time.Duration) float64 {
			sum := 0.0
			i := int(age / (15 * time.Minute))
			for _, p := range points[i-2 : i+2] {
				sum += p.gravity - p.truth
			}
			return sum / 4
		}
	}
	const day = 24 * time.Hour
	hop := shift(DryHop(3 * day))
	assert.InDelta(t, 0, hop(3*day-2*time.Hour), 0.4)
	assert.InDelta(t, 1.5, hop(3*day+time.Hour), 0.7)
	assert.InDelta(t, 3, hop(3*day+4*time.Hour), 0.4)
	assert.InDelta(t, 3, hop(10*day), 0.4, "and stays")
	plateau := shift(Recirculated(3 * day))
	assert.InDelta(t, 12, plateau(3*day+75*time.Minute), 2)
	assert.InDelta(t, 0, plateau(6*day), 0.4, "and goes back")
	assert.InDelta(t, 13, shift(Stirred(3*day))(4*day), 0.4)
	drift := shift(Drift(3 * day))
	assert.InDelta(t, 0.22*2, drift(5*day), 0.35)
	assert.InDelta(t, 1.1, drift(9*day), 0.35)
}

func TestAColdCrashCoolsTheBeer(t *testing.T) {
	points := batch(t, 6, DeviceSpec{Family: Hydrometer, OriginalGravity: 1012.5, FinalGravity: 1012, Sensor: Pill, Events: []Event{ColdCrash(72 * time.Hour)}})
	assert.Greater(t, points[71*4].temperature, 15.0)
	assert.InDelta(t, points[71*4].temperature-8, points[74*4].temperature, 2.5)
	assert.Equal(t, 2.0, points[len(points)-1].temperature)
	sum := 0.0
	for _, p := range points[len(points)-48:] {
		sum += (p.gravity - p.truth) / 48
	}
	assert.InDelta(t, 0.5, sum, 0.15)
}

func TestADeviceThatIsTakenOutReadsSomethingThatIsNoBeer(t *testing.T) {
	points := batch(t, 4, DeviceSpec{Family: Hydrometer, OriginalGravity: 1012.5, FinalGravity: 1012, Sensor: Pill, Events: []Event{Handled(48*time.Hour + time.Minute)}})
	out := 0
	for _, p := range points {
		if math.Abs(p.gravity-p.truth) > 5 {
			out++
			assert.GreaterOrEqual(t, p.gravity, 1069.0)
			assert.LessOrEqual(t, p.gravity, 1080.0)
			assert.InDelta(t, 48.5, p.age.Hours(), 0.8)
		}
	}
	assert.InDelta(t, 3, out, 1)
}

func TestTheFermentingBreweryHasItsBatchesAndTheirTraps(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, OneBatch: true, Devices: FermentingBrewery(), Telemetry: Telemetry{Past: 9 * 24 * time.Hour}})
	a := newCaller(t, c)
	for _, d := range c.Devices() {
		if d.Family != Hydrometer {
			continue
		}
		rows := a.array("Hydrometers/GetTelemetry", "hydrometerId", d.ID)
		assert.Greater(t, len(rows), 800, d.Name)
		first, last := number(t, rows[0]["gravity"]), number(t, rows[len(rows)-1]["gravity"])
		assert.Greater(t, first-last, 25.0, d.Name)
	}
}
