package raptsim_test

import (
	"math"
	"net/http"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// telemetryOf are the ids of a device of each family, by its endpoint and the name of its parameter.
var telemetryOf = map[string][2]string{
	"Hydrometers": {"hydrometerId", palePill}, "TemperatureControllers": {"temperatureControllerId", kegerator},
	"FermentationChambers": {"fermentationChamberId", fridge}, "BrewZillas": {"brewZillaId", kettle}, "Stills": {"stillId", still},
	"CanFillers": {"canFillerId", canFiller}, "BondedDevices": {"bondedDeviceId", mashTherm}, "ExternalDevices": {"deviceId", iSpindel},
}

func (a *caller) rows(segment string, query ...string) []map[string]any {
	a.t.Helper()
	of := telemetryOf[segment]
	return a.array(segment+"/GetTelemetry", append([]string{of[0], of[1]}, query...)...)
}

func createdOn(t *testing.T, rows []map[string]any) (out []time.Time) {
	t.Helper()
	for _, r := range rows {
		at, err := time.Parse(time.RFC3339, r["createdOn"].(string))
		require.NoError(t, err)
		out = append(out, at)
	}
	return out
}

func TestEveryFamilyHasARowForEachOfItsReports(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	clock.add(6 * time.Hour)
	a := newCaller(t, c)
	for segment, of := range telemetryOf {
		rows := a.rows(segment)
		reports := c.Reports(of[1])
		reports = slices.DeleteFunc(reports, func(r Report) bool { return r.VisibleAt.After(clock.now()) })
		require.Len(t, rows, len(reports), segment)
		keys := map[any]bool{}
		for i, at := range createdOn(t, rows) {
			assert.WithinDuration(t, reports[i].At, at, time.Second)
			keys[rows[i]["rowKey"]] = true
		}
		assert.Len(t, keys, len(rows), "each row has a key of its own")
	}
}

func TestARowHasTheReadingThatTheListShowed(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Telemetry: Telemetry{Past: 36 * time.Hour}})
	lists := map[string][2]string{"Hydrometers": {"GetHydrometer"}, "FermentationChambers": {"GetFermentationChamber"}, "BrewZillas": {"GetBrewZilla"}, "Stills": {"GetStill"}, "BondedDevices": {"GetBondedDevice"}, "ExternalDevices": {"Get"}, "TemperatureControllers": {"GetTemperatureController"}}
	compared := 0
	for range 20 {
		clock.add(17 * time.Minute)
		a := newCaller(t, c)
		for segment, op := range lists {
			device := a.object(segment+"/"+op[0], telemetryOf[segment][0], telemetryOf[segment][1])
			rows := a.rows(segment, "startDate", clock.now().Add(-2*time.Hour).Format(time.RFC3339))
			last := rows[len(rows)-1]
			assert.Equal(t, device["lastActivityTime"], last["createdOn"])
			for name, v := range last {
				if shown, ok := device[name]; ok && name != "id" && name != "createdOn" && name != "targetTemperature" {
					assert.Equal(t, shown, v, "%s.%s", segment, name)
					compared++
				}
			}
		}
	}
	assert.Greater(t, compared, 20*7*3)
}

func TestABreweryCanHaveAPast(t *testing.T) {
	clock := newHand()
	const past = 30 * 24 * time.Hour
	devices := only(palePill, fridge, kegerator, canFiller, iSpindel)
	c := New(Options{Now: clock.now, Devices: devices, Telemetry: Telemetry{Past: past}})
	a := newCaller(t, c)
	for segment, perDay := range map[string]float64{"Hydrometers": 96, "TemperatureControllers": 1440, "CanFillers": 720, "ExternalDevices": 96} {
		times := createdOn(t, a.rows(segment))
		assert.InDelta(t, 30*perDay, float64(len(times)), 1.5*perDay, segment)
		assert.WithinDuration(t, clock.now().Add(-past), times[0], 31*time.Minute, segment)
		assert.WithinDuration(t, clock.now(), times[len(times)-1], 31*time.Minute, segment)
		assert.True(t, sort.SliceIsSorted(times, func(i, j int) bool { return times[i].Before(times[j]) }))
	}
	// Batches came and went: the gravity rises when one begins.
	begins, last := 0, math.Inf(1)
	for _, r := range a.rows("Hydrometers") {
		if g := number(t, r["gravity"]); g > last+20 {
			begins++
			last = g
		} else {
			last = min(last, g)
		}
	}
	assert.Equal(t, 2, begins)

	fast := New(Options{Now: clock.now, Devices: only(palePill, fridge), Speed: 60, Telemetry: Telemetry{Past: past}})
	times := createdOn(t, newCaller(t, fast).rows("Hydrometers"))
	assert.InDelta(t, 30*96, len(times), 150)
	assert.WithinDuration(t, clock.now().Add(-past/60), times[0], time.Minute, "in the time of the passed clock")
}

func TestRowsAreKeptUpToABound(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Telemetry: Telemetry{Past: 10 * 24 * time.Hour, KeepRows: 2000}})
	rows := newCaller(t, c).rows("TemperatureControllers")
	assert.GreaterOrEqual(t, len(rows), 2000)
	assert.Less(t, len(rows), 2000+2*512)
	times := createdOn(t, rows)
	assert.WithinDuration(t, clock.now(), times[len(times)-1], 5*time.Minute, "the newest are kept")
}

func TestHowTelemetryAnswersCanBeSet(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Telemetry: Telemetry{Past: 24 * time.Hour}})
	a := newCaller(t, c)
	all := createdOn(t, a.rows("Hydrometers"))
	require.Greater(t, len(all), 80)

	c.SetTelemetry(Telemetry{RowsPerReply: 10})
	assert.Equal(t, all[:10], createdOn(t, a.rows("Hydrometers")), "the answer stops short")
	on := all[9].Add(time.Millisecond).Format(time.RFC3339Nano)
	assert.Equal(t, all[10:20], createdOn(t, a.rows("Hydrometers", "startDate", on)), "and goes on when it is asked on")

	c.SetTelemetry(Telemetry{RowsPerReply: 10, Order: NewestFirst})
	newest := slices.Clone(all[len(all)-10:])
	slices.Reverse(newest)
	assert.Equal(t, newest, createdOn(t, a.rows("Hydrometers")))

	c.SetTelemetry(Telemetry{Order: Shuffled})
	mixed := createdOn(t, a.rows("Hydrometers"))
	assert.NotEqual(t, all, mixed)
	assert.ElementsMatch(t, all, mixed)

	c.SetTelemetry(Telemetry{MissingKeyEvery: 3})
	without := 0
	for _, r := range a.rows("Hydrometers") {
		if _, ok := r["rowKey"]; !ok {
			without++
		}
	}
	assert.InDelta(t, len(all)/3, without, 1)

	c.SetTelemetry(Telemetry{Empty: true})
	assert.Empty(t, a.rows("Hydrometers"))
}

func TestARowMayAppearLaterThanItsReadingInTheList(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Telemetry: Telemetry{LateBy: 40 * time.Minute, LateEvery: 2}, TokenLifetime: 24 * time.Hour})
	clock.add(5 * time.Hour)
	a := newCaller(t, c)
	before := createdOn(t, a.rows("TemperatureControllers"))
	gaps := 0
	for i := 1; i < len(before); i++ {
		if before[i].Sub(before[i-1]) > 90*time.Second && before[i].After(clock.now().Add(-40*time.Minute)) {
			gaps++
		}
	}
	assert.Greater(t, gaps, 15, "every other row of the last 40 minutes is not there yet")
	end := clock.now().Format(time.RFC3339)
	clock.add(time.Hour)
	after := createdOn(t, a.rows("TemperatureControllers", "endDate", end))
	assert.InDelta(t, len(before)+20, len(after), 3)
}

func TestTelemetryCanBeCutLikeEveryAnswer(t *testing.T) {
	c := New(Options{Now: newHand().now, Telemetry: Telemetry{Past: time.Hour}})
	a := newCaller(t, c)
	defer c.Inject(Fault{Path: "*/GetTelemetry", CutBody: true})()
	of := telemetryOf["Stills"]
	o := see(a.via, a.request(http.MethodGet, "Stills/GetTelemetry", of[0], of[1]))
	assert.Equal(t, 200, o.status)
	assert.Error(t, o.bodyErr)
}

// BenchmarkMonthOfRows makes a brewery with a past of 30 days and asks for a day of a device that reports each minute.
func BenchmarkMonthOfRows(b *testing.B) {
	clock := newHand()
	for b.Loop() {
		c := New(Options{Now: clock.now, Latency: &Latency{}, Telemetry: Telemetry{Past: 30 * 24 * time.Hour}})
		get := benchmarkCaller(b, c)
		from := clock.now().Add(-24 * time.Hour)
		get("TemperatureControllers/GetTelemetry", "temperatureControllerId", kegerator, "startDate", from.Format(time.RFC3339))
	}
}
