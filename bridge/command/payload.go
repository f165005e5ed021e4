package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// maxPayload is the longest command that is read, in bytes.
const maxPayload = 1 << 10

// Asked is what a command asks for: a value, or for an external device the readings to submit.
type Asked struct {
	Value     device.Value
	Telemetry *raptclient.Telemetry
}

// MarshalJSON writes what was asked for as results show it.
func (a Asked) MarshalJSON() ([]byte, error) {
	if a.Telemetry == nil {
		return a.Value.MarshalJSON()
	}
	out := map[string]float64{}
	for _, f := range telemetryFields() {
		if n := *f.of(a.Telemetry); n.Valid {
			out[f.key] = n.V
		}
	}
	return json.Marshal(out)
}

// String is what was asked for as the log shows it.
func (a Asked) String() string {
	b, _ := a.MarshalJSON()
	return string(b)
}

func number(v float64) Asked { return Asked{Value: device.Number(v)} }

func switched(on bool) Asked { return Asked{Value: device.Flag(on)} }

func switchWords() map[string]bool {
	return map[string]bool{"ON": true, "OFF": false, "on": true, "off": false, "true": true, "false": false, "1": true, "0": false}
}

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

func parseNumber(s string) (Asked, error) {
	n, err := ReadNumber(s)
	if err != nil {
		return Asked{}, err
	}
	return number(n), nil
}

// ReadNumber reads a number as a person or Home Assistant writes it: 18.5 or 1.85e1, nothing else.
func ReadNumber(s string) (float64, error) {
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, fmt.Errorf("%s is not a number like 18.5", text.Quote(s))
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, fmt.Errorf("%s is not a number like 18.5", text.Quote(s))
	}
	return n, nil
}

func parseSwitch(s string) (Asked, error) {
	on, ok := switchWords()[s]
	if !ok {
		return Asked{}, fmt.Errorf("%s is none of ON, OFF, on, off, true, false, 1, 0", text.Quote(s))
	}
	return switched(on), nil
}

// parseHeating reads a switch, or the mode of a kettle's climate.
func parseHeating(s string) (Asked, error) {
	if s == "heat" {
		return switched(true), nil
	}
	v, err := parseSwitch(s)
	if err != nil {
		return Asked{}, fmt.Errorf("%s is none of ON, OFF, on, off, true, false, 1, 0, heat", text.Quote(s))
	}
	return v, nil
}

// telemetryField is one reading that an external device takes, and what can be true of it.
type telemetryField struct {
	key      string
	of       func(*raptclient.Telemetry) *raptclient.Null[float64]
	min, max float64
	hint     string
}

func telemetryFields() []telemetryField {
	return []telemetryField{
		{"temperature", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Temperature }, -50, 150, "temperature is in °C"},
		{"gravity", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Gravity }, 0.9, 1.2, "gravity is an SG such as 1.044, not 1044 and not °P"},
		{"pressure", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Pressure }, -1000, 1e6, "pressure is passed on as it is"},
		{"battery", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.Battery }, 0, 100, "battery is in percent"},
		{"rssi", func(t *raptclient.Telemetry) *raptclient.Null[float64] { return &t.RSSI }, -200, 0, "rssi is in dBm, not above 0"},
	}
}

// parseTelemetry reads the readings for an external device: a JSON object with at least one of them, null for none.
func parseTelemetry(s string) (Asked, error) {
	const shape = `{"temperature":19.1,"gravity":1.0441,"pressure":null,"battery":88,"rssi":-60}, each optional`
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &members); err != nil || members == nil {
		return Asked{}, fmt.Errorf("%s is not a JSON object like %s", text.Quote(s), shape)
	}
	t, found := &raptclient.Telemetry{}, 0
	for _, f := range telemetryFields() {
		raw, ok := members[f.key]
		delete(members, f.key)
		if !ok || string(raw) == "null" {
			continue
		}
		var n float64
		if err := json.Unmarshal(raw, &n); err != nil {
			return Asked{}, fmt.Errorf("%s of %s is not a number", text.Quote(string(raw)), f.key)
		}
		if n < f.min || n > f.max {
			return Asked{}, fmt.Errorf("%s %v is outside %v to %v: %s", f.key, n, f.min, f.max, f.hint)
		}
		*f.of(t) = raptclient.Some(n)
		found++
	}
	for key := range members {
		return Asked{}, fmt.Errorf("%s is not known; accepted is %s", text.Quote(key), shape)
	}
	if found == 0 {
		return Asked{}, errors.New("there is no reading in it; accepted is " + shape)
	}
	return Asked{Telemetry: t}, nil
}
