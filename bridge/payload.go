package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// maxPayload is the longest command that is read, in bytes.
const maxPayload = 1 << 10

// value is what a command asks for: a number, a switch, or the readings for an external device.
type value struct {
	number    raptclient.Null[float64]
	on        raptclient.Null[bool]
	telemetry *raptclient.Telemetry
}

func numeric(v float64) value { return value{number: raptclient.Some(v)} }

func switched(on bool) value { return value{on: raptclient.Some(on)} }

// equal reports whether the cloud shows v. It stores numbers as floats with noise, so a hundredth is close enough;
// gains, which are small, are compared by their size.
func (v value) equal(w value) bool {
	if v.on.Valid || w.on.Valid {
		return v.on == w.on
	}
	if !v.number.Valid || !w.number.Valid {
		return false
	}
	return math.Abs(v.number.V-w.number.V) <= min(0.01, 0.005+math.Abs(v.number.V)*0.001)
}

// MarshalJSON writes the value as results show it.
func (v value) MarshalJSON() ([]byte, error) {
	switch {
	case v.on.Valid:
		return json.Marshal(v.on.V)
	case v.number.Valid:
		return json.Marshal(v.number.V)
	case v.telemetry != nil:
		out := map[string]float64{}
		for _, f := range telemetryFields {
			if n := *f.of(v.telemetry); n.Valid {
				out[f.key] = n.V
			}
		}
		return json.Marshal(out)
	}
	return null, nil
}

func (v value) String() string {
	b, _ := v.MarshalJSON()
	return string(b)
}

var switchWords = map[string]bool{"ON": true, "OFF": false, "on": true, "off": false, "true": true, "false": false, "1": true, "0": false}

// plainText is a payload as text, or why it can't be one.
func plainText(payload []byte) (string, error) {
	switch {
	case len(payload) > maxPayload:
		return "", fmt.Errorf("the payload has %d bytes; at most %d are read", len(payload), maxPayload)
	case !utf8.Valid(payload):
		return "", errors.New("the payload is not text in UTF-8")
	}
	s := strings.TrimSpace(string(payload))
	if s == "" {
		return "", errors.New("the payload is empty")
	}
	return s, nil
}

// parseNumber reads a number as a person or Home Assistant writes it: 18.5 or 1.85e1, nothing else.
func parseNumber(s string) (value, error) {
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return value{}, fmt.Errorf("%s is not a number like 18.5", quoted(s))
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return value{}, fmt.Errorf("%s is not a number like 18.5", quoted(s))
	}
	return numeric(n), nil
}

func parseSwitch(s string) (value, error) {
	on, ok := switchWords[s]
	if !ok {
		return value{}, fmt.Errorf("%s is none of ON, OFF, on, off, true, false, 1, 0", quoted(s))
	}
	return switched(on), nil
}

// parseHeating reads a switch, or the mode of a kettle's climate.
func parseHeating(s string) (value, error) {
	if s == "heat" {
		return switched(true), nil
	}
	v, err := parseSwitch(s)
	if err != nil {
		return value{}, fmt.Errorf("%s is none of ON, OFF, on, off, true, false, 1, 0, heat", quoted(s))
	}
	return v, nil
}

// quoted is what was sent, short enough for a message.
func quoted(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		s = string(runes[:40]) + "…"
	}
	return strconv.Quote(s)
}

// telemetryField is one reading that an external device takes, and what can be true of it.
type telemetryField struct {
	key      string
	of       func(*raptclient.Telemetry) *raptclient.Null[float64]
	min, max float64
	hint     string
}

var telemetryFields = []telemetryField{
	{"temperature", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Temperature }, -50, 150, "temperature is in °C"},
	{"gravity", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Gravity }, 0.9, 1.2, "gravity is an SG such as 1.044, not 1044 and not °P"},
	{"pressure", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Pressure }, -1000, 1e6, "pressure is passed on as it is"},
	{"battery", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Battery }, 0, 100, "battery is in percent"},
	{"rssi", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.RSSI }, -200, 0, "rssi is in dBm, not above 0"},
}

// parseTelemetry reads the readings for an external device: a JSON object with at least one of them, null for none.
func parseTelemetry(s string) (value, error) {
	const shape = `{"temperature":19.1,"gravity":1.0441,"pressure":null,"battery":88,"rssi":-60}, each optional`
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &members); err != nil || members == nil {
		return value{}, fmt.Errorf("%s is not a JSON object like %s", quoted(s), shape)
	}
	t, found := &raptclient.Telemetry{}, 0
	for _, f := range telemetryFields {
		raw, ok := members[f.key]
		delete(members, f.key)
		if !ok || string(raw) == "null" {
			continue
		}
		var n float64
		if err := json.Unmarshal(raw, &n); err != nil {
			return value{}, fmt.Errorf("%s of %s is not a number", quoted(string(raw)), f.key)
		}
		if n < f.min || n > f.max {
			return value{}, fmt.Errorf("%s %v is outside %v to %v: %s", f.key, n, f.min, f.max, f.hint)
		}
		*f.of(t) = raptclient.Some(n)
		found++
	}
	for key := range members {
		return value{}, fmt.Errorf("%s is not known; accepted is %s", quoted(key), shape)
	}
	if found == 0 {
		return value{}, errors.New("there is no reading in it; accepted is " + shape)
	}
	return value{telemetry: t}, nil
}
