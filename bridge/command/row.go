package command

import (
	"strings"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// row is a key that can be set on some family: how its payload is read, what it accepts, in words, and which values are
// the safe direction; nil for none.
type row struct {
	key     string
	parse   func(string) (Asked, error)
	accepts string
	off     func(asked, shown device.Value) bool
}

const (
	acceptsNumber  = "a number like 18.5"
	acceptsSwitch  = "ON or OFF"
	acceptsHeating = "ON, OFF, heat or off"
)

// telemetryKey is the key of a reading that is submitted for an external device.
const telemetryKey = "telemetry"

// rows is every key that there is. Whether a family takes one, its setters say.
func rows() []row {
	return []row{
		{"target_temperature", parseNumber, acceptsNumber, isLower},
		{"heating_enabled", parseHeating, acceptsHeating, isOff},
		{"heating_utilisation", parseNumber, acceptsNumber, isZero},
		{"pump_enabled", parseSwitch, acceptsSwitch, isOff},
		{"pump_utilisation", parseNumber, acceptsNumber, nil},
		{"pid_enabled", parseSwitch, acceptsSwitch, isOff},
		{"pid_proportional", parseNumber, acceptsNumber, nil},
		{"pid_integral", parseNumber, acceptsNumber, nil},
		{"pid_derivative", parseNumber, acceptsNumber, nil},
		{telemetryKey, parseTelemetry, "JSON like {\"temperature\":19.1,\"gravity\":1.0441}", nil},
	}
}

// Keys are the keys that can be set on some family.
func Keys() []string {
	var keys []string
	for _, r := range rows() {
		keys = append(keys, r.key)
	}
	return keys
}

// takes reports whether a family takes the row.
func (r row) takes(f *device.Family) bool {
	if r.key == telemetryKey {
		return f.Submit != nil
	}
	return f.Sets(r.key)
}

// settable lists the keys that a family takes, for an error.
func settable(f *device.Family) string {
	var keys []string
	for _, e := range discovery.Commands(f.Name) {
		keys = append(keys, e.Key)
	}
	if len(keys) == 0 {
		return "nothing"
	}
	return strings.Join(keys, ", ")
}
