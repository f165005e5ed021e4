package raptsim_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const lone = "11111111-2222-4333-8444-555555555555"

func alone(family string, every time.Duration, jitter, miss float64) []DeviceSpec {
	return []DeviceSpec{{Family: family, ID: lone, Name: "Lone", ReportEvery: every, Jitter: jitter, Miss: miss, TimeDigits: 7}}
}

func TestDevicesReportOnTheirRhythmWithJitterAndMisses(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: alone(Hydrometer, 15*time.Minute, 0.04, 0.05)})
	for range 30 {
		clock.add(24 * time.Hour)
		c.Value(lone, "gravity")
	}
	reports := c.Reports(lone)
	assert.InDelta(t, 30*96*0.95, len(reports), 60)
	missed, early, late := 0, false, false
	for i := 1; i < len(reports); i++ {
		n := reports[i].At.Sub(reports[i-1].At).Minutes() / 15
		whole := math.Round(n)
		assert.InDelta(t, whole, n, 0.04*whole+1e-6)
		early, late = early || n < 0.97, late || n > 1.03 && n < 1.5
		missed += int(whole) - 1
		lag := reports[i].VisibleAt.Sub(reports[i].At)
		assert.GreaterOrEqual(t, lag, time.Second)
		assert.LessOrEqual(t, lag, 5*time.Second)
	}
	assert.InDelta(t, 30*96*0.05, missed, 50)
	assert.True(t, early)
	assert.True(t, late)
}

func TestAListShowsTheLastReportOnceItIsVisible(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: alone(TemperatureController, 5*time.Minute, 0, 0), ReportLagMin: 4 * time.Second, ReportLagMax: 4 * time.Second})
	first := c.Value(lone, "lastActivityTime").(time.Time)
	assert.False(t, first.After(clock.now()))
	next := first.Add(5 * time.Minute)
	clock.add(next.Sub(clock.now()) + 3*time.Second)
	assert.Equal(t, first, c.Value(lone, "lastActivityTime"), "taken, but not yet visible")
	clock.add(1100 * time.Millisecond)
	assert.WithinDuration(t, next, c.Value(lone, "lastActivityTime").(time.Time), time.Microsecond)
	shown := c.Value(lone, "temperature")
	clock.add(3 * time.Minute)
	assert.Equal(t, shown, c.Value(lone, "temperature"), "nothing moves between two reports")
}

func TestSpeedMakesBeerFasterAndLeavesTheLastActivitySomeMomentsAgo(t *testing.T) {
	for _, speed := range []float64{1, 60, 1440} {
		clock := newHand()
		c := New(Options{Now: clock.now, Speed: speed})
		clock.add(time.Duration(float64(48*time.Hour) / speed))
		assert.InDelta(t, 1013.6, number(t, c.Actual(palePill, "gravity")), 1, "two days of brewing time at %v", speed)
		last := c.Value(palePill, "lastActivityTime").(time.Time)
		assert.Less(t, clock.now().Sub(last), time.Duration(float64(40*time.Minute)/speed)+6*time.Second)
		assert.False(t, last.After(clock.now()))
		reports := c.Reports(palePill)
		assert.InDelta(t, 48*4, len(reports), 15)
	}
}

func TestASilentDeviceKeepsItsLastReadingAndIsDisconnected(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	clock.add(10 * time.Minute)
	assert.Equal(t, "Connected", c.Value(kegerator, "connectionState"))
	c.Silence(kegerator, true)
	clock.add(10 * time.Second)
	last := c.Value(kegerator, "lastActivityTime")
	clock.add(time.Hour)
	assert.Equal(t, last, c.Value(kegerator, "lastActivityTime"))
	assert.Equal(t, "Disconnected", c.Value(kegerator, "connectionState"))
	c.Silence(kegerator, false)
	clock.add(6 * time.Second)
	assert.WithinDuration(t, clock.now(), c.Value(kegerator, "lastActivityTime").(time.Time), 7*time.Second)
}

func TestAChangedFrequencyChangesTheRhythm(t *testing.T) {
	for family, unit := range map[string]time.Duration{TemperatureController: time.Minute, FermentationChamber: time.Second, Hydrometer: time.Minute} {
		clock := newHand()
		c := New(Options{Now: clock.now, Devices: alone(family, time.Minute, 0, 0), TelemetryFrequencyUnit: unit})
		clock.add(5 * time.Minute)
		c.Set(lone, "telemetryFrequency", float64(10*time.Minute/unit))
		if family != Hydrometer {
			assert.Equal(t, float64(10*time.Minute/unit), c.Value(lone, "telemetryFrequency"))
		}
		before := len(c.Reports(lone))
		clock.add(time.Hour)
		assert.Equal(t, 6, len(c.Reports(lone))-before)
		c.Set(lone, "telemetryFrequency", 2*time.Minute)
		before = len(c.Reports(lone))
		clock.add(time.Hour)
		assert.Equal(t, 30, len(c.Reports(lone))-before)
	}
}

func TestTheSameSeedGivesTheSameBreweryHoweverOftenItIsAsked(t *testing.T) {
	run := func(seed uint64, step time.Duration, curious bool) [][]byte {
		clock := newHand()
		c := New(Options{Now: clock.now, Seed: seed})
		for range 30 * time.Hour / step {
			clock.add(step)
			if curious {
				c.Actual(palePill, "gravity")
				c.Actual(kettle, "temperature")
			}
		}
		a := newCaller(t, c)
		var out [][]byte
		for _, path := range []string{"Hydrometers/GetHydrometers", "FermentationChambers/GetFermentationChambers", "BrewZillas/GetBrewZillas",
			"Stills/GetStills", "CanFillers/GetCanFillers", "BondedDevices/GetBondedDevices", "ExternalDevices/GetAll",
			"TemperatureControllers/GetTemperatureControllers"} {
			_, body := a.get(path)
			out = append(out, body)
		}
		return out
	}
	once := run(5, 30*time.Hour, false)
	assert.Equal(t, once, run(5, 7*time.Minute+30*time.Second, true))
	other := run(6, 30*time.Hour, false)
	for i := range once {
		assert.False(t, bytes.Equal(once[i], other[i]), "another seed gives other values")
	}
}

func TestWhatTheOwnerSetsShowsAtOnceAndLasts(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, OneBatch: true})
	a := newCaller(t, c)
	clock.add(time.Minute)
	sets := map[string]any{
		"name": "Renamed", "gravity": 1020.0, "battery": 7.0, "error": "Sensor fault", "isLatestFirmware": true, "somethingNew": 3,
		"temperature": "NaN", "lastActivityTime": "0001-01-01T00:00:00", "rssi": Absent{}, "status": nil, "id": "UPPER",
	}
	for field, v := range sets {
		c.Set(palePill, field, v)
	}
	d := a.object("Hydrometers/GetHydrometer", "hydrometerId", palePill)
	for field, v := range sets {
		switch field {
		case "rssi":
			assert.NotContains(t, d, "rssi")
		case "somethingNew":
			assert.Equal(t, 3.0, d[field])
		default:
			assert.Equal(t, v, d[field], field)
		}
	}
	c.Set(palePill, "temperature", 12.25)
	clock.add(6 * time.Hour)
	g := number(t, c.Value(palePill, "gravity"))
	assert.Less(t, g, 1020.5, "goes on from there")
	assert.Greater(t, g, 1015.0)
	assert.Equal(t, "Renamed", c.Value(palePill, "name"))
	assert.IsType(t, 0.0, c.Value(palePill, "temperature"))
}

func TestAMeasuredValueComesWithAReportAndASettingWithout(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	before := c.Value(heatBelt, "lastActivityTime")
	c.Set(heatBelt, "targetTemperature", 19)
	assert.Equal(t, 19.0, c.Value(heatBelt, "targetTemperature"))
	assert.Equal(t, 19.0, c.Actual(heatBelt, "targetTemperature"))
	assert.Equal(t, before, c.Value(heatBelt, "lastActivityTime"))
	c.Set(heatBelt, "temperature", 30)
	assert.Equal(t, 30.0, c.Value(heatBelt, "temperature"))
	assert.Equal(t, clock.now(), c.Value(heatBelt, "lastActivityTime"))
	last := c.Reports(heatBelt)
	assert.Equal(t, Report{At: clock.now(), VisibleAt: clock.now()}, last[len(last)-1])
}

func TestDevicesComeAndGo(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	a := newCaller(t, c)
	clock.add(20 * time.Minute)
	c.Remove(palePill)
	assert.Len(t, a.array("Hydrometers/GetHydrometers"), 1)
	assert.Nil(t, c.Value(palePill, "gravity"))
	status, _ := a.get("Hydrometers/GetHydrometer", "hydrometerId", palePill)
	assert.Equal(t, 404, status)
	c.Add(DeviceSpec{Family: Hydrometer, Name: "New Pill", ReportEvery: 15 * time.Minute})
	list := a.array("Hydrometers/GetHydrometers")
	require.Len(t, list, 2)
	assert.Equal(t, "New Pill", list[1]["name"])
	id := list[1]["id"].(string)
	assert.Equal(t, clock.now(), c.Value(id, "lastActivityTime"))
	clock.add(time.Hour)
	assert.Len(t, c.Reports(id), 5)
	c.ReportNow(id)
	assert.Len(t, c.Reports(id), 6)
	assert.Panics(t, func() { c.Add(DeviceSpec{Family: "toaster"}) })
	assert.Empty(t, New(Options{Devices: []DeviceSpec{}}).Devices())
}

func TestTelemetryIsBoundedByDatesAndSession(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	clock.add(5 * time.Hour)
	a := newCaller(t, c)
	all := a.array("FermentationChambers/GetTelemetry", "fermentationChamberId", fridge)
	assert.InDelta(t, 60, len(all), 5)
	from, to := newHand().now().Add(time.Hour), newHand().now().Add(2*time.Hour)
	hour := a.array("FermentationChambers/GetTelemetry", "fermentationChamberId", fridge, "startDate", from.Format(time.RFC3339), "endDate", to.Format(time.RFC3339))
	assert.InDelta(t, 12, len(hour), 2)
	session := a.object("FermentationChambers/GetFermentationChamber", "fermentationChamberId", fridge)["activeProfileSession"].(map[string]any)["id"].(string)
	assert.Len(t, a.array("FermentationChambers/GetTelemetry", "fermentationChamberId", fridge, "profileSessionId", session), len(all))
	assert.Empty(t, a.array("FermentationChambers/GetTelemetry", "fermentationChamberId", fridge, "profileSessionId", lone))
	status, _ := a.get("FermentationChambers/GetTelemetry", "fermentationChamberId", fridge, "startDate", "yesterday")
	assert.Equal(t, 400, status)
}

func TestThePublishedClockMayDiffer(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, ClockOffset: 3 * time.Minute})
	shown := c.Value(kegerator, "lastActivityTime").(time.Time)
	assert.Equal(t, c.Reports(kegerator)[0].At.Add(3*time.Minute), shown)
}

func TestALargeBreweryHasDevicesOfAllFamiliesAndDistinctIDs(t *testing.T) {
	ids, fams := map[string]bool{}, map[string]int{}
	for _, s := range LargeBrewery(1000) {
		ids[s.ID] = true
		fams[s.Family]++
	}
	assert.Len(t, ids, 1000)
	assert.Len(t, fams, 8)
	for f, n := range fams {
		assert.Equal(t, 125, n, f)
	}
}

func TestNamesAndValuesOfAnyKindAreSentAsJSON(t *testing.T) {
	c := New(Options{})
	a := newCaller(t, c)
	for field, v := range map[string]any{
		"name": "Bière \"№ 7\"\n\\ " + strings.Repeat("ø", 300), "status": []string{"a"}, "username": 17, "error": json.RawMessage(`{"a":1}`),
		"targetTemperature": math.NaN(), "temperature": math.NaN(), "newLimit": math.Inf(1),
	} {
		c.Set(kegerator, field, v)
	}
	d := a.object("TemperatureControllers/GetTemperatureController", "temperatureControllerId", kegerator)
	assert.Equal(t, "Bière \"№ 7\"\n\\ "+strings.Repeat("ø", 300), d["name"])
	assert.Equal(t, []any{"a"}, d["status"])
	assert.Equal(t, 17.0, d["username"])
	assert.Equal(t, map[string]any{"a": 1.0}, d["error"])
	assert.Equal(t, "+Inf", d["newLimit"])
	assert.Contains(t, d, "targetTemperature")
	assert.Nil(t, d["targetTemperature"])
	assert.NotContains(t, d, "temperature", "no value, and the contract has no null for it")
	assert.Nil(t, c.Value(kegerator, "temperature"))
}
