package discovery

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTargetHasTheDevicesOwnLimitsWhereItSaysThem(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name             string
		family           Family
		min, max         float64 // of the device
		wantMin, wantMax float64
	}{
		{"both", TemperatureController, 2, 30, 2, 30},
		{"both below zero", FermentationChamber, -10, 0, -10, 0},
		{"beyond the family's range", TemperatureController, -20, 85, -20, 85},
		{"none, as zeros", TemperatureController, 0, 0, -20, 50},
		{"none, as NaN", FermentationChamber, nan, nan, -20, 50},
		{"none, BrewZilla", BrewZilla, nan, nan, 0, 110},
		{"none, still", Still, 0, 0, 0, 110},
		{"the least only", TemperatureController, 4, nan, 4, 50},
		{"the greatest only", BrewZilla, nan, 80, 0, 80},
		{"the greatest only, below the family's least", TemperatureController, nan, -30, -20, 50},
		{"the wrong way round", TemperatureController, 30, 2, -20, 50},
		{"equal", Still, 20, 20, 0, 110},
		{"impossible", BrewZilla, -1000, 9999, 0, 110},
		{"infinite", Still, math.Inf(-1), math.Inf(1), 0, 110},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Device{Family: c.family, ID: id, MinTarget: c.min, MaxTarget: c.max}
			low, high, ok := Limits(d, "target_temperature")
			require.True(t, ok)
			assert.Equal(t, []float64{c.wantMin, c.wantMax}, []float64{low, high})

			shown := parse(t, Config(options, d)).Components["climate"]
			assert.Equal(t, low, shown["min_temp"])
			assert.Equal(t, high, shown["max_temp"])
		})
	}
}

func TestLimitsShownAreTheOnesToEnforce(t *testing.T) {
	for _, f := range Families() {
		d := example(f)
		components := parse(t, Config(options, d)).Components
		for _, e := range Commands(f) {
			if components[e.Key]["platform"] != Number {
				continue
			}
			low, high, ok := Limits(d, e.Key)
			assert.True(t, ok, e.Key)
			assert.Equal(t, low, components[e.Key]["min"])
			assert.Equal(t, high, components[e.Key]["max"])
		}
	}
}

func TestLimitsAreOnlyForCommandsWithANumber(t *testing.T) {
	for key, f := range map[string]Family{
		"pump_enabled": BrewZilla, "climate": Still, "temperature": Still, "telemetry": ExternalDevice,
		"heating_utilisation": TemperatureController, "target_temperature": Hydrometer, "": Still, "refresh": Bridge,
	} {
		_, _, ok := Limits(example(f), key)
		assert.False(t, ok, "%s of a %s", key, f)
	}
	for key, most := range map[string]float64{"heating_utilisation": 100, "pump_utilisation": 100, "pid_integral": gainMax} {
		low, high, ok := Limits(example(Still), key)
		assert.True(t, ok, key)
		assert.Zero(t, low, key)
		assert.Equal(t, most, high, key)
	}
}

func TestARefusalSaysTheUnitOfEveryLimit(t *testing.T) {
	d := Device{MinTarget: 0, MaxTarget: 40}
	for _, c := range []struct {
		family Family
		key    string
		n      float64
		want   string
	}{
		{FermentationChamber, "target_temperature", 185, "185 is outside 0 to 40 °C, the limits of target_temperature"},
		{BrewZilla, "pump_utilisation", 101, "101 is outside 0 to 100 %, the limits of pump_utilisation"},
		{Still, "pid_integral", -1, "-1 is outside 0 to 10000, the limits of pid_integral"},
		{Hydrometer, "batch_original_gravity", 1052, "1052 is outside 0.99 to 1.2 SG, the limits of batch_original_gravity"},
	} {
		d.Family = c.family
		assert.EqualError(t, CheckLimits(d, c.key, c.n), c.want)
	}
	assert.Error(t, CheckLimits(d, "batch_original_gravity", math.NaN()))
	assert.NoError(t, CheckLimits(d, "batch_original_gravity", 1.2))
	assert.NoError(t, CheckLimits(d, "no such key", 1e9), "it has no limits")

	for _, f := range Families() {
		d := example(f)
		for _, e := range Commands(f) {
			if _, _, limited := Limits(d, e.Key); limited && e.Unit != "" {
				assert.ErrorContains(t, CheckLimits(d, e.Key, 1e6), " "+e.Unit+", the limits of", e.Key)
			}
		}
	}
}
