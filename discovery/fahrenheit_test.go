package discovery

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A target that somebody sets in a °F home comes back as it was set: Home Assistant sends it in °C, unrounded, the
// command's template rounds it, the document has hundredths, and Home Assistant shows tenths of what it makes of that.
func TestATargetInFahrenheitComesBackAsItWasSet(t *testing.T) {
	decimalsOf := func(template any) float64 {
		m := regexp.MustCompile(`round\((\d)`).FindStringSubmatch(template.(string))
		require.NotNil(t, m, template)
		n, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		return math.Pow(10, float64(n))
	}
	for _, f := range []Family{TemperatureController, FermentationChamber, BrewZilla, Still} {
		components := parse(t, Config(options, example(f))).Components
		command, sensor := decimalsOf(components["climate"]["temperature_command_template"]), decimalsOf(components["target_temperature"]["value_template"])
		require.NotContains(t, components["climate"]["temperature_state_template"], "round")
		require.EqualValues(t, 0.1, components["climate"]["precision"])
		require.EqualValues(t, 1, components["target_temperature"]["suggested_display_precision"])
		for tenths := -40; tenths <= 2300; tenths++ { // -4 to 230 °F
			fahrenheit := float64(tenths) / 10
			sent := math.Round((fahrenheit-32)/1.8*command) / command
			document := math.Round(sent*100) / 100
			shown := func(celsius float64) float64 { return math.Round((celsius*1.8+32)*10) / 10 }
			assert.Equal(t, fahrenheit, shown(document), "climate of %s", f)
			assert.Equal(t, fahrenheit, shown(math.Round(document*sensor)/sensor), "sensor of %s", f)
		}
	}
}
