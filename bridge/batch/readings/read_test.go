package readings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch/readings"
)

func TestFormats(t *testing.T) {
	want := time.Date(2026, 3, 2, 9, 15, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		text                 string
		gravity, temperature float64
	}{
		"plain":                           {"time,gravity,temperature\n2026-03-02T09:15:00Z,1.0500,19.5\n", 1.050, 19.5},
		"with a byte order mark and CRLF": {"\ufefftime,gravity,temperature\r\n2026-03-02T09:15:00Z,1.0500,19.5\r\n", 1.050, 19.5},
		"another order and zone":          {"Temperature,Time,Gravity\n19.5,2026-03-02T10:15:00+01:00,1.05\n", 1.050, 19.5},
		"RAPT's gravity times 1000":       {"time,gravity,temperature\n2026-03-02T09:15:00Z,1050.0,19.5\n", 1.050, 19.5},
		"Tilt":                            {"Timestamp,Timepoint,SG,Temp,Color,Beer,Comment\n3/2/2026 9:15:00,46083.38542,1.050,67.1,RED,Pale Ale,\n", 1.050, 19.5},
		"Tilt, days of a spreadsheet":     {"Timepoint,SG,Temp,Color,Beer\n46083.3854166667,1.050,67,RED,Pale Ale\n", 1.050, 19.5},
		"Tilt Pi":                         {"Time,Timepoint,Temp,SG,Beer,Color,Comment\n2026-03-02 09:15:00,46083.38,67,1.050,Pale Ale,RED,\n", 1.050, 19.5},
		"iSpindel in °P":                  {"Datetime;Name;ID;Angle;Temperature;Battery;Gravity\n2026-03-02 09:15:00;iSpindel000;1234;45.1;19.5;3.9;12,39\n", 1.050, 19.5},
		"iSpindel, units in the header":   {"Date\tTilt\tTemperature (°C)\tGravity (°P)\n2026-03-02 09:15\t45.1\t19.5\t12.39\n", 1.050, 19.5},
		"Brewfather":                      {"time,type,sg,temp,battery\n1772442900000,rapt,1.050,19.5,88\n", 1.050, 19.5},
		"Brewfather, °F in the header":    {"Time,SG,Temp (°F)\n2026-03-02T09:15:00.000Z,1.050,67.1\n", 1.050, 19.5},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readings.Read(strings.NewReader(test.text))
			require.NoError(t, err)
			require.Len(t, rows, 1)
			assert.WithinDuration(t, want, rows[0].At, time.Minute)
			require.NotNil(t, rows[0].Gravity)
			assert.InDelta(t, test.gravity, *rows[0].Gravity, 0.0001)
			require.NotNil(t, rows[0].Temperature)
			assert.InDelta(t, test.temperature, *rows[0].Temperature, 0.1)
		})
	}
}

func TestEmptyIsUnknown(t *testing.T) {
	rows, err := readings.Read(strings.NewReader("time,gravity,temperature\n2026-03-02T09:15:00Z,,\n2026-03-02T09:30:00Z,1.050\n2026-03-02T09:45:00Z,unknown,19\n"))
	require.NoError(t, err)
	require.Len(t, rows, 3)
	assert.Nil(t, rows[0].Gravity)
	assert.Nil(t, rows[0].Temperature)
	assert.InDelta(t, 1.050, *rows[1].Gravity, 1e-9)
	assert.Nil(t, rows[1].Temperature)
	assert.Nil(t, rows[2].Gravity)
}

func TestJunkDoesNotChangeTheUnit(t *testing.T) {
	rows, err := readings.Read(strings.NewReader("time,gravity\n2026-03-02T09:15:00Z,1.05\n2026-03-02T09:30:00Z,0.23\n2026-03-02T09:45:00Z,0.23\n2026-03-02T10:00:00Z,-616.87\n"))
	require.NoError(t, err)
	assert.InDelta(t, 1.05, *rows[0].Gravity, 1e-9)
	assert.InDelta(t, 0.23, *rows[1].Gravity, 1e-9)
}

func TestErrorsSayWhatIsWrongAndWhere(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":               {"", "the file is empty; the first line must name the columns: time, gravity and temperature"},
		"no readings":         {"time,gravity\n", "the file has a header and no readings"},
		"no header":           {"2026-03-02T09:15:00Z,1.05,19\n", `line 1: no column time and gravity among "2026-03-02T09:15:00Z", "1.05", "19"; the first line must name the columns: time, gravity and temperature, or those of a Tilt, iSpindel or Brewfather export`},
		"no gravity":          {"time,temperature\n", `line 1: no column gravity among "time", "temperature"; the first line must name the columns: time, gravity and temperature, or those of a Tilt, iSpindel or Brewfather export`},
		"a time":              {"time,gravity\n2026-03-02T09:15:00Z,1.05\nyesterday,1.05\n", `line 3: time: "yesterday" is no time; write it like 2026-11-22T05:40:50Z`},
		"no time":             {"time,gravity\n,1.05\n", `line 2: time: "" is no time; write it like 2026-11-22T05:40:50Z`},
		"the wrong century":   {"time,gravity\n0026-03-02T09:15:00Z,1.05\n", "line 2: time: the time 0026-03-02T09:15:00Z can't be right"},
		"a gravity":           {"time,gravity\n2026-03-02T09:15:00Z,heavy\n", `line 2: gravity: "heavy" is no number`},
		"a temperature":       {"time,SG,Temp\n2026-03-02T09:15:00Z,1.05,warm\n", `line 2: Temp: "warm" is no number`},
		"an infinite gravity": {"time,gravity\n2026-03-02T09:15:00Z,Inf\n", `line 2: gravity: "Inf" is no number`},
		"quotes":              {"time,gravity\n\"2026-03-02T09:15:00Z,1.05\n", `line 2: extraneous or missing " in quoted-field; is it a CSV file?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readings.Read(strings.NewReader(test.text))
			assert.EqualError(t, err, test.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "time,gravity,temperature\n2026-03-02T09:15:00Z,1.0500,19.5\n", "Timestamp,Timepoint,SG,Temp,Color,Beer,Comment\n3/2/2026 9:15:00,46083.4,1.050,67.1,RED,x,\n",
		"Datetime;Gravity\n2026-03-02 09:15:00;12,39\n", "time,sg\n1772442900000,1.05\n", "time,gravity\n\"", "time,gravity\n1e300,1e300\n", "\x00\xff,\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := readings.Read(strings.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, rows)
		for _, r := range rows {
			require.False(t, r.At.IsZero())
		}
	})
}
