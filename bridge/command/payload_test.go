package command

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	for payload, want := range map[string]float64{
		"18.5": 18.5, " 18.5 ": 18.5, "1.85e1": 18.5, "-3": -3, "+4": 4, "0": 0, "18.": 18, ".5": .5, "1E2": 100, "18.5\n": 18.5,
	} {
		s, err := plainText([]byte(payload))
		require.NoError(t, err)
		v, err := parseNumber(s)
		require.NoError(t, err, payload)
		assert.Equal(t, number(want), v, payload)
	}
}

func TestWhatIsNoNumberIsRefusedWithAnExample(t *testing.T) {
	for _, payload := range []string{"warm", "18,5", "0x12", "NaN", "nan", "Inf", "-Infinity", "1e999", "1_8", "18.5 C", "18..5", "e", "--1", "٣"} {
		_, err := parseNumber(payload)
		require.Error(t, err, payload)
		assert.Contains(t, err.Error(), "18.5", payload)
	}
}

func TestPlainTextRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		says    string
	}{
		"empty":        {"", "empty"},
		"blank":        {" \t\n", "empty"},
		"too long":     {strings.Repeat("1", 1025), "1025 bytes"},
		"not UTF-8":    {"\xff\xfe", "UTF-8"},
		"just too big": {strings.Repeat(" ", 1024) + "1", "1025 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plainText([]byte(c.payload))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := plainText([]byte(strings.Repeat(" ", 1023) + "1"))
	assert.NoError(t, err)
}

func TestSwitches(t *testing.T) {
	for payload, want := range map[string]bool{"ON": true, "OFF": false, "true": true, "false": false, "on": true, "off": false, "1": true, "0": false} {
		v, err := parseSwitch(payload)
		require.NoError(t, err, payload)
		assert.Equal(t, switched(want), v)
	}
	for _, payload := range []string{"On", "TRUE", "yes", "2", "heat", "ONN", "1.0"} {
		_, err := parseSwitch(payload)
		require.ErrorContains(t, err, "ON, OFF", payload)
	}
	v, err := parseHeating("heat")
	require.NoError(t, err)
	assert.Equal(t, switched(true), v)
	v, err = parseHeating("off")
	require.NoError(t, err)
	assert.Equal(t, switched(false), v)
	_, err = parseHeating("cool")
	require.ErrorContains(t, err, "heat")
}

func TestTelemetry(t *testing.T) {
	v, err := parseTelemetry(`{"temperature":19.1,"gravity":1.0441,"pressure":null,"battery":88,"rssi":-60}`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"temperature":19.1,"gravity":1.0441,"battery":88,"rssi":-60}`, v.String())
	for payload, says := range map[string]string{
		`{}`:                       "no reading",
		`{"temperature":null}`:     "no reading",
		`{"gravity":1044}`:         "1.044",
		`{"gravity":"1.044"}`:      "not a number",
		`{"gravity":11.2}`:         "°P",
		`{"temperature":700}`:      "°C",
		`{"battery":101}`:          "percent",
		`{"rssi":60}`:              "dBm",
		`{"temp":19}`:              "temp",
		`[1]`:                      "JSON object",
		`19.1`:                     "JSON object",
		`null`:                     "JSON object",
		`{"temperature":NaN}`:      "JSON object",
		`{"temperature":1e999}`:    "not a number",
		`{"temperature":19.1`:      "JSON object",
		`{"temperature":{"v":19}}`: "not a number",
	} {
		_, err := parseTelemetry(payload)
		require.Error(t, err, payload)
		assert.Contains(t, err.Error(), says, payload)
	}
}
