package raptclient

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
)

// ControllerResource reads the devices of a family that heats or cools, and sets what all of them can be set to.
//
// Every setter reports whether the cloud changed something: false means that the device had the value already and is not
// a failure. A change shows in List and Get 10 to 15 seconds later, on a BrewZilla up to minutes (observed). An
// [ArgumentError] means that nothing was sent. [Sent] tells of the other errors whether the change may have happened.
// The device's own limits are not known here; the caller holds them.
type ControllerResource[D, T any] struct {
	Resource[D, T]
}

// KettleResource reads the devices of a family with a heater and a pump, and sets them.
type KettleResource[D, T any] struct {
	ControllerResource[D, T]
}

// SetTargetTemperature sets the temperature to hold, in Celsius.
func (r ControllerResource[D, T]) SetTargetTemperature(ctx context.Context, id string, celsius float64) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetTargetTemperature", id, number("target", celsius))
}

// SetPIDEnabled turns PID control on or off.
func (r ControllerResource[D, T]) SetPIDEnabled(ctx context.Context, id string, on bool) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetPIDEnabled", id, flag("state", on))
}

// SetPID sets all three gains of PID control.
func (r ControllerResource[D, T]) SetPID(ctx context.Context, id string, p, i, d float64) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetPID", id, number("p", p), number("i", i), number("d", d))
}

// SetHeatingEnabled turns the heater on or off.
func (r KettleResource[D, T]) SetHeatingEnabled(ctx context.Context, id string, on bool) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetHeatingEnabled", id, flag("state", on))
}

// SetHeatingUtilisation sets the share of its power that the heater uses, 0 to 100 %.
func (r KettleResource[D, T]) SetHeatingUtilisation(ctx context.Context, id string, percent float64) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetHeatingUtilisation", id, percentage("utilisation", percent))
}

// SetPumpEnabled turns the pump on or off.
func (r KettleResource[D, T]) SetPumpEnabled(ctx context.Context, id string, on bool) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetPumpEnabled", id, flag("state", on))
}

// SetPumpUtilisation sets the share of its power that the pump uses, 0 to 100 %.
func (r KettleResource[D, T]) SetPumpUtilisation(ctx context.Context, id string, percent float64) (changed bool, err error) {
	return r.c.set(ctx, r.facts, "SetPumpUtilisation", id, percentage("utilisation", percent))
}

// parameter is one value of a setter, or why it can't be sent.
type parameter struct {
	name, value, problem string
}

func flag(name string, on bool) parameter {
	return parameter{name: name, value: strconv.FormatBool(on)}
}

func number(name string, v float64) parameter {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return parameter{name: name, problem: "is not a finite number"}
	}
	return parameter{name: name, value: strconv.FormatFloat(v, 'f', -1, 64)}
}

func percentage(name string, v float64) parameter {
	if v < 0 || v > 100 {
		return parameter{name: name, problem: "is not within 0 to 100 %"}
	}
	return number(name, v)
}

// set sends a setter: parameters in the query string and an empty body. A JSON body has been seen to answer 200 and to
// do nothing.
func (c *Client) set(ctx context.Context, facts resourceFacts, setter, id string, parameters ...parameter) (bool, error) {
	endpoint := facts.name + "/" + setter
	query, err := facts.query(id)
	if err != nil {
		return false, err
	}
	for _, p := range parameters {
		if p.problem != "" {
			return false, fmt.Errorf("%s: %w", endpoint, &ArgumentError{p.name, p.problem})
		}
		query[p.name] = []string{p.value}
	}
	return c.change(ctx, call{endpoint: endpoint, method: http.MethodPost, query: query})
}
