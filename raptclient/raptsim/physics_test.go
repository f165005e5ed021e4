package raptsim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestGravityFallsFromOriginalToFinalAndStaysThere(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, OneBatch: true, Devices: []DeviceSpec{{Family: Hydrometer, ID: palePill, Name: "Pill", OriginalGravity: 1060, FinalGravity: 1012}}})
	last, fastest := 1060.0, 0.0
	assert.InDelta(t, 1060, number(t, c.Value(palePill, "gravity")), 1)
	for range 14 * 24 {
		clock.add(time.Hour)
		g := number(t, c.Actual(palePill, "gravity"))
		v := number(t, c.Actual(palePill, "gravityVelocity"))
		assert.LessOrEqual(t, g, last)
		assert.GreaterOrEqual(t, g, 1012.0)
		assert.LessOrEqual(t, v, 0.0)
		assert.InDelta(t, g, number(t, c.Value(palePill, "gravity")), 2, "a reading is near the truth")
		fastest, last = min(fastest, v), g
	}
	assert.InDelta(t, 1012, last, 0.5)
	assert.Less(t, fastest, -5.0)
	assert.Greater(t, fastest, -30.0)
}

func TestANewBatchStartsAfterTheOldOneAndTheBatteryIsFull(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: only(palePill, fridge)})
	batches, last := 0, number(t, c.Actual(palePill, "gravity"))
	for range 40 * 24 {
		clock.add(time.Hour)
		g := number(t, c.Actual(palePill, "gravity"))
		if g > last+20 {
			batches++
			assert.Greater(t, number(t, c.Actual(palePill, "battery")), 99.0)
			assert.NotNil(t, c.Actual(fridge, "activeProfileId"), "with its profile")
		}
		last = g
	}
	assert.Equal(t, 3, batches)
}

func TestControllerKeepsToItsHysteresisAndCountsOnlyWhileActive(t *testing.T) {
	for name, field := range map[string][3]string{
		kegerator: {"coolingRunTime", "coolingStarts", "heatingRunTime"},
		heatBelt:  {"heatingRunTime", "heatingStarts", "coolingRunTime"},
	} {
		clock := newHand()
		c := New(Options{Now: clock.now})
		clock.add(3 * time.Hour) // to come to rest
		target := number(t, c.Actual(name, "targetTemperature"))
		idle, active := 0, 0
		lastRun, lastStarts, other := number(t, c.Actual(name, field[0])), number(t, c.Actual(name, field[1])), c.Actual(name, field[2])
		lastTemp := number(t, c.Actual(name, "temperature"))
		firstStarts := lastStarts
		for range 24 * 60 {
			clock.add(time.Minute)
			temp, run, starts := number(t, c.Actual(name, "temperature")), number(t, c.Actual(name, field[0])), number(t, c.Actual(name, field[1]))
			assert.InDelta(t, target, temp, 1.3)
			assert.GreaterOrEqual(t, starts, lastStarts)
			switch run - lastRun {
			case 0:
				idle++
				assert.Equal(t, lastStarts, starts)
			case 60:
				active++
				assert.Equal(t, name == heatBelt, temp > lastTemp, "the relay works on the beer")
			default:
				assert.InDelta(t, 30, run-lastRun, 30)
			}
			lastRun, lastStarts, lastTemp = run, starts, temp
		}
		assert.Positive(t, idle)
		assert.Positive(t, active)
		assert.Greater(t, lastStarts, firstStarts+1)
		assert.Equal(t, other, c.Actual(name, field[2]), "what is turned off does not run")
	}
}

func TestProfileMovesThroughItsStepsAndItsSessionVanishes(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, Devices: DemoBrewery(), OneBatch: true})
	a := newCaller(t, c)
	var steps []string
	seen := map[any]bool{}
	var lastTarget any
	for range 9 * 24 {
		d := a.object("FermentationChambers/GetFermentationChamber", "fermentationChamberId", fridge)
		session, ok := d["activeProfileSession"].(map[string]any)
		if !ok {
			break
		}
		lastTarget = d["targetTemperature"]
		assert.InDelta(t, 10*24*60, number(t, session["currentProfileTime"])+number(t, session["remainingProfileTime"]), 0.01)
		end, err := time.Parse(time.RFC3339, session["estimatedEndDate"].(string))
		require.NoError(t, err)
		assert.WithinDuration(t, newHand().now().Add(7*24*time.Hour), end, 10*time.Minute)
		for _, s := range session["profile"].(map[string]any)["steps"].([]any) {
			step := s.(map[string]any)
			if id := step["id"]; id == d["activeProfileStepId"] && !seen[id] {
				seen[id] = true
				steps = append(steps, step["name"].(string))
				assert.Equal(t, step["temperature"], d["targetTemperature"])
			}
		}
		clock.add(time.Hour)
		a.token = a.signIn("demo-secret")
	}
	assert.Equal(t, []string{"Primary", "Diacetyl Rest", "Cold Crash"}, steps)
	d := a.object("FermentationChambers/GetFermentationChamber", "fermentationChamberId", fridge)
	assert.NotContains(t, d, "activeProfileSession")
	assert.Nil(t, d["activeProfileId"])
	assert.Equal(t, lastTarget, d["targetTemperature"], "the target stays as it was")
}

func TestASessionHasItsYeastAndTheAlertsThatWereSent(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, OneBatch: true})
	clock.add(6*24*time.Hour + time.Hour) // nine days of the batch, so in the cold crash
	a := newCaller(t, c)
	d := a.object("FermentationChambers/GetFermentationChamber", "fermentationChamberId", fridge)
	session := d["activeProfileSession"].(map[string]any)
	yeast := session["yeast"].(map[string]any)
	assert.Equal(t, session["yeastId"], yeast["id"])
	assert.Equal(t, 81.0, yeast["attenuation"])
	assert.Equal(t, 15.0, yeast["minTemperature"])
	assert.Equal(t, 22.0, yeast["maxTemperature"])
	alerts := session["sentAlerts"].([]any)
	require.Len(t, alerts, 2)
	began, err := time.Parse(time.RFC3339, session["startDate"].(string))
	require.NoError(t, err)
	for i, want := range []struct {
		text string
		day  int
	}{{"Diacetyl Rest begins", 6}, {"Cold Crash begins", 8}} {
		alert := alerts[i].(map[string]any)
		assert.Equal(t, want.text, alert["alertText"])
		at, err := time.Parse(time.RFC3339, alert["createdOn"].(string))
		require.NoError(t, err)
		assert.WithinDuration(t, began.AddDate(0, 0, want.day), at, time.Second)
	}

	c.StartProfile(stoutPill)
	c.ReportNow(stoutPill)
	clock.add(time.Minute)
	fresh := a.object("Hydrometers/GetHydrometer", "hydrometerId", stoutPill)["activeProfileSession"].(map[string]any)
	assert.NotContains(t, fresh, "yeast", "its owner chose none")
	assert.Nil(t, fresh["yeastId"])
	assert.Nil(t, fresh["sentAlerts"])
}

func TestBetweenTwoStepsNoneIsActive(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	gaps := 0
	for range 24 * 60 {
		clock.add(20 * time.Second)
		if c.Value(kettle, "activeProfileId") != nil && c.Value(kettle, "activeProfileStepId") == nil {
			gaps++
		}
	}
	assert.Positive(t, gaps)
}

func TestMashReachesItsStepsAndBoils(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	targets, top := map[any]bool{}, 0.0
	for range 10 * 60 {
		clock.add(time.Minute)
		targets[c.Actual(kettle, "targetTemperature")] = true
		top = max(top, number(t, c.Actual(kettle, "temperature")))
	}
	assert.Equal(t, map[any]bool{67.0: true, 76.0: true, 99.0: true}, targets)
	assert.Greater(t, top, 98.0)
	assert.Less(t, top, 101.0)
	assert.Equal(t, false, c.Actual(kettle, "heatingEnabled"), "the brewer has turned it off after the boil")
	assert.InDelta(t, number(t, c.Actual(kettle, "temperature")), number(t, c.Value(mashTherm, "temperature")), 3)
}

func TestSpiritGetsWeakerUntilTheRunEndsAndAnotherStarts(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	strength := number(t, c.Actual(still, "abv"))
	runs := 1
	off := false
	for range 3 * 24 * 6 {
		clock.add(10 * time.Minute)
		on := c.Actual(still, "heatingEnabled") == true
		abv, flowing := c.Actual(still, "abv").(float64)
		if off && on {
			runs++
			strength = 100
		}
		off = !on
		if flowing {
			assert.LessOrEqual(t, abv, strength)
			strength = abv
		}
		assert.LessOrEqual(t, number(t, c.Actual(still, "temperatureWash")), 100.0)
	}
	assert.Greater(t, runs, 2)
}

func TestCansAreFilledInSessions(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	a := newCaller(t, c)
	starts := map[any]bool{}
	last := 0.0
	open, closed := 0, 0
	for range 24 * 6 {
		clock.add(10 * time.Minute)
		a.token = a.signIn("demo-secret")
		d := a.object("CanFillers/GetCanFiller", "canFillerId", canFiller)
		fills := number(t, d["totalFillCount"])
		assert.GreaterOrEqual(t, fills, last)
		last = fills
		s := d["lastFillSession"].(map[string]any)
		starts[s["startDate"]] = true
		if s["endDate"] == nil {
			open++
		} else {
			closed++
			assert.InDelta(t, 50, number(t, s["sessionTimeMins"]), 1)
			assert.InDelta(t, 150, number(t, s["fillCount"]), 15)
			assert.InDelta(t, 14, number(t, s["avgFillTime"]), 1)
		}
	}
	assert.Len(t, starts, 3)
	assert.Positive(t, open)
	assert.Positive(t, closed)
}

func TestBatteriesDrainOnlyDownwards(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, OneBatch: true, Devices: only(stoutPill, heatBelt)})
	last := number(t, c.Value(stoutPill, "battery"))
	assert.Equal(t, 41.5, last)
	for range 100 {
		clock.add(12 * time.Hour)
		b := number(t, c.Value(stoutPill, "battery"))
		assert.LessOrEqual(t, b, last)
		assert.GreaterOrEqual(t, b, 0.0)
		last = b
	}
	assert.Less(t, last, 41.0)
}

func TestTheOwnerMayStartAndStopAProfile(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	c.StopProfile(fridge)
	c.StartProfile(stoutPill)
	c.StartProfile(still)
	assert.Nil(t, c.Actual(fridge, "activeProfileId"))
	assert.Equal(t, 18.5, c.Actual(fridge, "targetTemperature"))
	assert.NotNil(t, c.Actual(stoutPill, "activeProfileId"))
	assert.Nil(t, c.Actual(still, "activeProfileId"))
	clock.add(2 * time.Hour)
	a := newCaller(t, c)
	assert.NotContains(t, a.object("FermentationChambers/GetFermentationChamber", "fermentationChamberId", fridge), "activeProfileSession")
	session := a.object("Hydrometers/GetHydrometer", "hydrometerId", stoutPill)["activeProfileSession"].(map[string]any)
	assert.Equal(t, 1064.0, session["originalGravity"])
	assert.Equal(t, stoutPill, session["hydrometerId"])
}
