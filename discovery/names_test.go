package discovery

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestNastyNames(t *testing.T) {
	long := strings.Repeat("Fermenter ", 30)
	for _, c := range []struct{ name, in, shown, slug string }{
		{"plain", "Brew shed", "Brew shed", "brew_shed"},
		{"spaces around and between", "  Brew \t shed\n ", "Brew shed", "brew_shed"},
		{"blank", "   ", "RAPT Pill e7aa", "rapt_pill_e7aa"},
		{"none", "", "RAPT Pill e7aa", "rapt_pill_e7aa"},
		{"not seen", "\u200b\u2060\u200d", "RAPT Pill e7aa", "rapt_pill_e7aa"},
		{"300 characters", long, strings.TrimSpace(long[:100]), strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(long[:100]), " ", "_"), "_")},
		{"another script", "Бочка 2", "Бочка 2", "rapt_pill_e7aa"},
		{"no letters of ours", "发酵桶", "发酵桶", "rapt_pill_e7aa"},
		{"accents", "Gärkeller Süßwein Černá", "Gärkeller Süßwein Černá", "garkeller_susswein_cerna"},
		{"two letters for one", "Ærø Œuf", "Ærø Œuf", "aero_oeuf"},
		{"accents apart", "Ga\u0308rkeller", "Ga\u0308rkeller", "garkeller"},
		{"emoji", "🍺 Fridge 🧑‍🔬", "🍺 Fridge 🧑‍🔬", "fridge"},
		{"emoji only", "🍺", "🍺", "rapt_pill_e7aa"},
		{"markup", `<b onload="x">Fridge</b> {{ states }}`, `<b onload="x">Fridge</b> {{ states }}`, "b_onload_x_fridge_b_states"},
		{"punctuation", "Mike's #2 (garage) - 1,000 L!", "Mike's #2 (garage) - 1,000 L!", "mike_s_2_garage_1000_l"},
		{"punctuation only", "***", "***", "rapt_pill_e7aa"},
		{"topic levels", "rapt/+/#", "rapt/+/#", "rapt"},
		{"control characters", "Brew\x00\x1bshed", "Brew shed", "brew_shed"},
		{"not UTF-8", "Brew\xffshed", "Brewshed", "brewshed"},
		{"turned round", "Brew\u202eshed", "Brewshed", "brewshed"},
		{"upper case", "KEG 1", "KEG 1", "keg_1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Device{Family: Hydrometer, ID: id, Name: c.in}
			assert.Equal(t, c.shown, DeviceName(d))
			assert.LessOrEqual(t, utf8.RuneCountInString(DeviceName(d)), 100)

			m := parse(t, Config(options, d))
			assert.Equal(t, c.shown, m.Device["name"])
			assert.Equal(t, "sensor."+c.slug+"_gravity", m.Components["gravity"]["default_entity_id"])
			assert.Equal(t, "rapt_"+id+"_gravity", m.Components["gravity"]["unique_id"])
			assert.Equal(t, "Gravity", m.Components["gravity"]["name"])
		})
	}
}

func TestDevicesOfTheSameNameKeepTheirEntityIdsApart(t *testing.T) {
	const twin = "11111111-1111-1111-1111-11111111e7aa" // its last four are those of id
	devices := []Device{
		{Family: Hydrometer, ID: "aaaaaaaa-0000-0000-0000-00000000beef", Name: "Pill"},
		{Family: Still, ID: "bbbbbbbb-0000-0000-0000-00000000cafe", Name: " pill "},
		{Family: Hydrometer, ID: "cccccccc-0000-0000-0000-00000000feed", Name: "Other"},
		{Family: Hydrometer, ID: id, Name: "Twin"},
		{Family: Hydrometer, ID: twin, Name: "Twin"},
		{Family: Hydrometer, ID: id[:30] + "d1e7aa"},
		{Family: Hydrometer, ID: twin[:30] + "d2e7aa"},
	}
	distinct := Distinct(devices)
	assert.Equal(t, []string{"beef", "cafe", ""}, []string{distinct[0].Suffix, distinct[1].Suffix, distinct[2].Suffix})
	assert.Empty(t, devices[0].Suffix, "what was passed stays as it was")

	seen := map[any]bool{}
	for _, d := range distinct {
		for _, c := range parse(t, Config(options, d)).Components {
			if entity, has := c["default_entity_id"]; has {
				assert.False(t, seen[entity], entity)
				seen[entity] = true
			}
		}
	}
	assert.True(t, seen["sensor.pill_beef_gravity"])
	assert.True(t, seen["climate.pill_cafe"])
	assert.True(t, seen["sensor.other_gravity"])

	reversed := Distinct([]Device{devices[1], devices[0]})
	assert.Equal(t, []Device{distinct[1], distinct[0]}, reversed)
}

func TestOnlyAMACAddressBecomesAConnection(t *testing.T) {
	for in, want := range map[string]string{
		"94:3c:c6:0a:1b:2c": "94:3c:c6:0a:1b:2c", "94-3C-C6-0A-1B-2C": "94:3c:c6:0a:1b:2c", "943CC60A1B2C": "94:3c:c6:0a:1b:2c",
		"943c.c60a.1b2c": "94:3c:c6:0a:1b:2c", " 94:3C:C6:0A:1B:2C ": "94:3c:c6:0a:1b:2c",
		"": "", "n/a": "", "00:00:00:00:00:00": "", "ff-ff-ff-ff-ff-ff": "", "94:3c:c6:0a:1b": "", "94:3c:c6:0a:1b:2g": "", "94:3c:c6:0a:1b:2c:00:00": "", "éé3cc60a1b2c": "",
	} {
		d := example(Still)
		d.MAC = in
		got := parse(t, Config(options, d)).Device["connections"]
		if want == "" {
			assert.Nil(t, got, in)
		} else {
			assert.Equal(t, []any{[]any{"mac", want}}, got, in)
		}
	}
}

func TestDevicesWithTheSameMACStayTwoDevices(t *testing.T) {
	got := Distinct([]Device{
		{Family: Still, ID: "a", MAC: "94:3c:c6:0a:1b:2c"}, {Family: Hydrometer, ID: "b", MAC: "943CC60A1B2C"}, {Family: Hydrometer, ID: "c", MAC: "943CC60A1B2D"},
	})
	assert.Equal(t, []string{"", "", "943CC60A1B2D"}, []string{got[0].MAC, got[1].MAC, got[2].MAC})
}

func BenchmarkDistinctOf1000(b *testing.B) {
	devices := make([]Device, 1000)
	for i := range devices {
		devices[i] = Device{Family: Hydrometer, ID: id[:32] + strconv.Itoa(1000+i), Name: "Pill " + strconv.Itoa(i/2), MAC: "94:3c:c6:0a:1b:2c"}
	}
	b.ReportAllocs()
	for b.Loop() {
		Distinct(devices)
	}
}
