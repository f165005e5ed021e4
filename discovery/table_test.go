package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCommandTableHasEachCommandOfTheContract(t *testing.T) {
	controlling := []Family{TemperatureController, FermentationChamber, BrewZilla, Still}
	kettles := []Family{BrewZilla, Still}
	want := map[string][]Family{
		"target_temperature":  controlling,
		"pid_enabled":         controlling,
		"pid_proportional":    controlling,
		"pid_integral":        controlling,
		"pid_derivative":      controlling,
		"heating_enabled":     kettles,
		"heating_utilisation": kettles,
		"pump_enabled":        kettles,
		"pump_utilisation":    kettles,
		"telemetry":           {ExternalDevice},

		"batch_original_gravity": {Hydrometer, ExternalDevice},
		"batch_final_gravity":    {Hydrometer, ExternalDevice},
		"batch_name":             {Hydrometer, ExternalDevice},
		"new_batch":              {Hydrometer, ExternalDevice},
		"refresh":                {Bridge},
	}
	got := map[string][]Family{}
	for _, row := range CommandTable(Topics{}) {
		got[row.Key] = append(got[row.Key], row.Families...)
		assert.NotEmpty(t, row.Payload, row.Key)
		assert.NotEmpty(t, row.Example, row.Key)
		assert.True(t, strings.HasPrefix(row.Topic, "rapt/") && strings.HasSuffix(row.Topic, "/"+row.Key+"/set"), row.Topic)
	}
	assert.Equal(t, want, got)
}

func TestCommandTableSaysTheLimits(t *testing.T) {
	limits := map[string][]string{}
	for _, row := range CommandTable(Topics{}) {
		limits[row.Key] = append(limits[row.Key], row.Limits)
	}
	assert.Equal(t, []string{"the device's own limits, else -20 to 50 °C", "the device's own limits, else 0 to 110 °C"}, limits["target_temperature"])
	assert.Equal(t, []string{"0 to 100 %"}, limits["pump_utilisation"])
	assert.Equal(t, []string{"0 to 10000"}, limits["pid_integral"])
	assert.Equal(t, []string{""}, limits["pump_enabled"])
}

func TestEntityTableHasARowForEachEntity(t *testing.T) {
	for _, f := range append(Families(), Bridge) {
		table := EntityTable(f)
		assert.Len(t, table, len(Entities(f)), f)
		for _, row := range table {
			assert.NotEmpty(t, row.Name, row.Key)
		}
	}
	assert.Contains(t, EntityTable(Hydrometer), EntityRow{"gravity", "gravity", "Gravity", "sensor", "SG", "", true})
	assert.Contains(t, EntityTable(Still), EntityRow{"profile", "active_profile", "Profile", "sensor", "", "", true})
	assert.Contains(t, EntityTable(Still), EntityRow{"climate", "climate", "(the device)", "climate", "", "", true})
}
