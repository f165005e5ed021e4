package device

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// first is the first reading of every family of the demo brewery.
func first(t *testing.T) map[discovery.Family]Reading {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	out := map[discovery.Family]Reading{}
	for _, f := range Families() {
		list, err := f.List(t.Context(), client)
		require.NoError(t, err)
		require.NotEmpty(t, list.Readings)
		out[f.Name] = list.Readings[0]
	}
	return out
}

func TestEverySettableValueCanBeWrittenIntoAReading(t *testing.T) {
	for name, r := range first(t) {
		for _, s := range r.family.Setters {
			for i, key := range s.Keys {
				old, ok := r.Value(key)
				require.True(t, ok, "%s %s", name, key)
				want := Number(float64(i) + 17)
				if strings.HasSuffix(key, "_enabled") {
					on, _ := old.Flag()
					want = Flag(!on)
				}
				with := r.With(map[string]Value{key: want})
				got, _ := with.Value(key)
				assert.True(t, got.Same(want), "%s %s: %s", name, key, got)
				unchanged, _ := r.Value(key)
				assert.Equal(t, old, unchanged, "the reading itself is as it was")
			}
		}
		assert.Equal(t, r.AppendJSON(nil, &Derived{}), r.With(map[string]Value{"name": Text("x"), "nothing": Number(1)}).AppendJSON(nil, &Derived{}), "not settable")
	}
}

func TestASettingShowsInWhatIsMadeOfIt(t *testing.T) {
	kettle := first(t)[discovery.BrewZilla]
	on := kettle.With(map[string]Value{"heating_enabled": Flag(true), "heating_utilisation": Number(50)})
	assert.True(t, on.Heats())
	mode, _ := on.Value("hvac_mode")
	assert.Equal(t, word("heat"), mode)
	assert.False(t, on.With(map[string]Value{"heating_utilisation": Number(0)}).Heats())
	assert.False(t, on.With(map[string]Value{"heating_enabled": Flag(false)}).Heats())
	controller := first(t)[discovery.TemperatureController]
	assert.False(t, controller.With(map[string]Value{"heating_enabled": Flag(true)}).Heats(), "a setting there, no switch")
}

func TestADescriptionEqualsItself(t *testing.T) {
	r := first(t)[discovery.TemperatureController]
	model := *r.model.(*raptclient.TemperatureController)
	model.MinTargetTemperature, model.MaxTargetTemperature = float{}, raptclient.Some(31.0)
	bare := Reading{family: r.family, device: &model.Device, model: &model}
	assert.True(t, bare.Describe() == bare.Describe(), "without one of its limits too")
	low, high, ok := discovery.Limits(bare.Describe(), "target_temperature")
	require.True(t, ok)
	assert.Less(t, low, high)
	assert.EqualValues(t, 31, high, "the other limit holds")
}

func TestNoReadingHasNoValues(t *testing.T) {
	var r Reading
	assert.False(t, r.Known())
	_, ok := r.Value("temperature")
	assert.False(t, ok)
	assert.False(t, r.Heats())
	assert.True(t, r.Activity().IsZero())
	assert.Equal(t, r, r.With(map[string]Value{"x": Number(1)}))
}

func TestWhatConfirmsAValue(t *testing.T) {
	for _, c := range []struct {
		shown, asked Value
		same, target bool // for any key, and for a target temperature
	}{
		{Number(18.500000381469727), Number(18.5), true, true},
		{Number(18.52), Number(18.5), false, true},
		{Number(19.4), Number(19.44), false, true}, // 67 °F
		{Number(18.9), Number(18.89), true, true},  // 66 °F
		{Number(18.5), Number(18.45), false, true},
		{Number(18.600000381469727), Number(18.55), false, true},
		{Number(18.57), Number(18.5), false, false},
		{Number(-0.6), Number(-0.56), false, true}, // 31 °F
		{Number(0.2504), Number(0.25), true, true},
		{Number(0.26), Number(0.25), false, true},
		{Flag(true), Flag(true), true, true},
		{Flag(true), Flag(false), false, false},
		{Value{}, Number(1), false, false},
		{Value{}, Value{}, false, false},
		{Flag(true), Number(1), false, false},
	} {
		assert.Equal(t, c.same, c.shown.Same(c.asked), "%s for %s", c.shown, c.asked)
		assert.Equal(t, c.same, c.shown.Confirms("pid_integral", c.asked), "%s for %s", c.shown, c.asked)
		assert.Equal(t, c.target, c.shown.Confirms("target_temperature", c.asked), "%s for %s, a target", c.shown, c.asked)
	}
}
