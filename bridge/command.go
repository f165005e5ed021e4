package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// outcome is what became of a command.
type outcome string

const (
	applied     outcome = "applied"     // the API took it
	unchanged   outcome = "unchanged"   // the API said that nothing changed
	superseded  outcome = "superseded"  // a later value for the same key took its place
	rejected    outcome = "rejected"    // not sent
	failed      outcome = "failed"      // sent, and refused or unanswered
	confirmed   outcome = "confirmed"   // after applied: the cloud shows it
	unconfirmed outcome = "unconfirmed" // after applied: the cloud doesn't
)

// controlSetter and kettleSetter are the setters of the API, which the families' resources have.
type controlSetter interface {
	SetTargetTemperature(ctx context.Context, id string, celsius float64) (bool, error)
	SetPIDEnabled(ctx context.Context, id string, on bool) (bool, error)
	SetPID(ctx context.Context, id string, p, i, d float64) (bool, error)
}

type kettleSetter interface {
	controlSetter
	SetHeatingEnabled(ctx context.Context, id string, on bool) (bool, error)
	SetPumpEnabled(ctx context.Context, id string, on bool) (bool, error)
	SetHeatingUtilisation(ctx context.Context, id string, percent float64) (bool, error)
	SetPumpUtilisation(ctx context.Context, id string, percent float64) (bool, error)
}

// target is what a command is carried out on.
type target struct {
	client *raptclient.Client
	family *family
	id     string
	// gains are the PID gains to send: what was asked for, the others as they are.
	gains [3]float64
}

// commandRow is a command: how its payload is read, where its value stands in a reading, and which call makes it so.
type commandRow struct {
	key   string
	takes func(*family) bool
	parse func(string) (value, error)
	// number and flag point to the value in a reading; nil for what has none there.
	number func(*family, reading) *number
	flag   func(*family, reading) *flag
	gain   int // 1 to 3 for the PID gains, which share a call
	call   func(ctx context.Context, t target, v value) (bool, error)
}

func controls(f *family) bool { return f.control != nil }
func kettles(f *family) bool  { return f.kettle != nil }
func external(f *family) bool { return f.name == discovery.ExternalDevice }

// commandRows is every command there is.
func commandRows() []commandRow {
	setGains := func(ctx context.Context, t target, _ value) (bool, error) {
		return t.family.control(t.client).SetPID(ctx, t.id, t.gains[0], t.gains[1], t.gains[2])
	}
	return []commandRow{
		{key: "target_temperature", takes: controls, parse: parseNumber,
			number: func(_ *family, r reading) *number { return &r.control.TargetTemperature },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.control(t.client).SetTargetTemperature(ctx, t.id, v.number.V)
			}},
		{key: "heating_enabled", takes: kettles, parse: parseHeating,
			flag: func(_ *family, r reading) *flag { return &r.control.HeatingEnabled },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.kettle(t.client).SetHeatingEnabled(ctx, t.id, v.on.V)
			}},
		{key: "heating_utilisation", takes: kettles, parse: parseNumber,
			number: func(_ *family, r reading) *number { return &r.control.HeatingUtilisation },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.kettle(t.client).SetHeatingUtilisation(ctx, t.id, v.number.V)
			}},
		{key: "pump_enabled", takes: kettles, parse: parseSwitch,
			flag: func(f *family, r reading) *flag { return f.pumpEnabled(r) },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.kettle(t.client).SetPumpEnabled(ctx, t.id, v.on.V)
			}},
		{key: "pump_utilisation", takes: kettles, parse: parseNumber,
			number: func(f *family, r reading) *number { return f.pumpUtilisation(r) },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.kettle(t.client).SetPumpUtilisation(ctx, t.id, v.number.V)
			}},
		{key: "pid_enabled", takes: controls, parse: parseSwitch,
			flag: func(_ *family, r reading) *flag { return &r.control.PIDEnabled },
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return t.family.control(t.client).SetPIDEnabled(ctx, t.id, v.on.V)
			}},
		{key: "pid_proportional", takes: controls, parse: parseNumber, gain: 1, call: setGains,
			number: func(_ *family, r reading) *number { return &r.control.PIDProportional }},
		{key: "pid_integral", takes: controls, parse: parseNumber, gain: 2, call: setGains,
			number: func(_ *family, r reading) *number { return &r.control.PIDIntegral }},
		{key: "pid_derivative", takes: controls, parse: parseNumber, gain: 3, call: setGains,
			number: func(_ *family, r reading) *number { return &r.control.PIDDerivative }},
		{key: "telemetry", takes: external, parse: parseTelemetry,
			call: func(ctx context.Context, t target, v value) (bool, error) {
				return true, t.client.ExternalDevices.SubmitTelemetry(ctx, t.id, *v.telemetry)
			}},
	}
}

// shown is the row's value in a reading; false where the cloud doesn't show it.
func (c *commandRow) shown(f *family, r reading) (value, bool) {
	switch {
	case c.number != nil:
		n := *c.number(f, r)
		return value{number: n}, n.Valid
	case c.flag != nil:
		on := *c.flag(f, r)
		return value{on: on}, on.Valid
	}
	return value{}, false
}

// write puts a value into a reading.
func (c *commandRow) write(f *family, r reading, v value) {
	switch {
	case c.number != nil:
		*c.number(f, r) = v.number
	case c.flag != nil:
		*c.flag(f, r) = v.on
	}
}

// message is a command as it came from the broker.
type message struct {
	topic         string
	payload       []byte
	retained      bool
	responseTopic string
	correlation   []byte
	id            string // of the request, where the sender gave one
	at            time.Time
}

// command is a message that may be carried out.
type command struct {
	message
	row    *commandRow
	device *device
	value  value
}

// addressee is what a topic names, as far as it could be made out.
type addressee struct {
	family discovery.Family
	id     string
	key    string
}

// desk is what a decision on a message needs to know.
type desk struct {
	readOnly bool
	topics   discovery.Topics
	rows     []commandRow
	families map[discovery.Family]*family
	device   func(discovery.Family, string) *device
}

var errReadOnly = errors.New("the bridge is set to read only (control.read_only)")

// decide turns a message into a command, or says why it is refused. ok is false for a topic that is no command's.
func (d *desk) decide(m message) (a addressee, c command, err error, ok bool) {
	a.family, a.id, a.key, ok = d.topics.ParseCommand(m.topic)
	a.id = strings.ToLower(a.id)
	if !ok {
		return a, c, nil, false
	}
	f := d.families[a.family]
	var row *commandRow
	for i := range d.rows {
		if d.rows[i].key == a.key && f != nil && d.rows[i].takes(f) {
			row = &d.rows[i]
		}
	}
	switch {
	case m.retained:
		return a, c, errors.New("it is a retained message, which would be repeated at every start; publish it without retain"), true
	case d.readOnly:
		return a, c, errReadOnly, true
	case f == nil:
		return a, c, fmt.Errorf("there is no family %s", quoted(string(a.family))), true
	case row == nil:
		return a, c, fmt.Errorf("%s can't be set on a %s; what can is %s", quoted(a.key), a.family, d.settable(f)), true
	}
	dev := d.device(a.family, a.id)
	if dev == nil {
		return a, c, fmt.Errorf("there is no %s %s in the RAPT account", a.family, quoted(a.id)), true
	}
	s, err := plainText(m.payload)
	if err != nil {
		return a, c, fmt.Errorf("%w; accepted is %s", err, accepted(row)), true
	}
	v, err := row.parse(s)
	if err != nil {
		return a, c, err, true
	}
	if err := d.permitted(dev, row, v); err != nil {
		return a, c, err, true
	}
	return a, command{message: m, row: row, device: dev, value: v}, nil, true
}

// permitted holds a value against the limits that Home Assistant shows.
func (d *desk) permitted(dev *device, row *commandRow, v value) error {
	if !v.number.Valid {
		return nil
	}
	low, high, ok := discovery.Limits(dev.described(), row.key)
	if ok && !(v.number.V >= low && v.number.V <= high) {
		return fmt.Errorf("%v is outside %v to %v, the limits of %s", v.number.V, low, high, row.key)
	}
	if row.gain > 0 {
		if _, known := dev.gains(); !known {
			return errors.New("the device's other PID gains are not known yet, and all three are set together; try again after its next reading")
		}
	}
	return nil
}

func (d *desk) settable(f *family) string {
	var keys []string
	for _, row := range d.rows {
		if row.takes(f) {
			keys = append(keys, row.key)
		}
	}
	if len(keys) == 0 {
		return "nothing"
	}
	return strings.Join(keys, ", ")
}

func accepted(row *commandRow) string {
	switch {
	case row.key == "heating_enabled":
		return "ON, OFF, heat or off"
	case row.flag != nil:
		return "ON or OFF"
	case row.number != nil:
		return "a number like 18.5"
	}
	return `JSON like {"temperature":19.1,"gravity":1.0441}`
}
