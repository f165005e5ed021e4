package device

import (
	"context"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// What the resources of the families that heat or cool can set, and what those with a heater and a pump can set beside it.
type (
	controllerResource interface {
		SetTargetTemperature(ctx context.Context, id string, celsius float64) (bool, error)
		SetPIDEnabled(ctx context.Context, id string, on bool) (bool, error)
		SetPID(ctx context.Context, id string, p, i, d float64) (bool, error)
	}
	kettleResource interface {
		controllerResource
		SetHeatingEnabled(ctx context.Context, id string, on bool) (bool, error)
		SetPumpEnabled(ctx context.Context, id string, on bool) (bool, error)
		SetHeatingUtilisation(ctx context.Context, id string, percent float64) (bool, error)
		SetPumpUtilisation(ctx context.Context, id string, percent float64) (bool, error)
	}
)

// controllerSetters are the setters of a family that heats or cools.
func controllerSetters[R controllerResource](of func(*raptclient.Client) R) []Setter {
	return []Setter{
		setNumber("target_temperature", of, R.SetTargetTemperature),
		setFlag("pid_enabled", of, R.SetPIDEnabled),
		{Keys: []string{"pid_proportional", "pid_integral", "pid_derivative"},
			call: func(ctx context.Context, c *raptclient.Client, id string, v []Value) (bool, error) {
				return of(c).SetPID(ctx, id, v[0].num, v[1].num, v[2].num)
			}},
	}
}

// kettleSetters are the setters of a family with a heater and a pump.
func kettleSetters[R kettleResource](of func(*raptclient.Client) R) []Setter {
	return append(controllerSetters(of),
		setFlag("heating_enabled", of, R.SetHeatingEnabled),
		setNumber("heating_utilisation", of, R.SetHeatingUtilisation),
		setFlag("pump_enabled", of, R.SetPumpEnabled),
		setNumber("pump_utilisation", of, R.SetPumpUtilisation),
	)
}

func setNumber[R any](key string, of func(*raptclient.Client) R, set func(R, context.Context, string, float64) (bool, error)) Setter {
	return Setter{Keys: []string{key}, call: func(ctx context.Context, c *raptclient.Client, id string, v []Value) (bool, error) {
		return set(of(c), ctx, id, v[0].num)
	}}
}

func setFlag[R any](key string, of func(*raptclient.Client) R, set func(R, context.Context, string, bool) (bool, error)) Setter {
	return Setter{Keys: []string{key}, call: func(ctx context.Context, c *raptclient.Client, id string, v []Value) (bool, error) {
		return set(of(c), ctx, id, v[0].num == 1)
	}}
}
