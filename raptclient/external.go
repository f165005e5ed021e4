package raptclient

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
)

// ExternalDevice is a sensor of another maker whose readings somebody submits to the RAPT Cloud.
type ExternalDevice struct {
	Device
	// Temperature is Celsius, Gravity SG x 1000, Battery percent. The unit of Pressure is not known.
	Temperature Null[float64] `rapt:"temperature"`
	Gravity     Null[float64] `rapt:"gravity"`
	Pressure    Null[float64] `rapt:"pressure"`
	Battery     Null[float64] `rapt:"battery"`
	// Telemetry is newest first.
	Telemetry []ExternalDeviceTelemetry `rapt:"telemetry,rows"`
}

// ExternalDeviceTelemetry is one reading. Units are those of [ExternalDevice].
type ExternalDeviceTelemetry struct {
	TelemetryRow
	Temperature Null[float64] `rapt:"temperature"`
	Gravity     Null[float64] `rapt:"gravity"`
	Pressure    Null[float64] `rapt:"pressure"`
	Battery     Null[float64] `rapt:"battery"`
}

// Telemetry is a reading to submit for an external device. What is null is not sent.
type Telemetry struct {
	// Temperature is Celsius.
	Temperature Null[float64]
	// Gravity is SG, for example 1.0441. It is sent as SG x 1000, or as it is with [Options.GravityAsSG].
	Gravity Null[float64]
	// Pressure has no known unit; it is sent as it is.
	Pressure Null[float64]
	// Battery is percent, RSSI dBm.
	Battery, RSSI Null[float64]
}

// ExternalDeviceResource reads external devices and submits their readings.
type ExternalDeviceResource struct {
	Resource[ExternalDevice, ExternalDeviceTelemetry]
}

// SubmitTelemetry submits one reading for the external device with this id. The vendor asks a RAPT subscription for it
// (vendor's page). It fails without a request when the reading is empty or holds something that is not a number.
func (r ExternalDeviceResource) SubmitTelemetry(ctx context.Context, id string, t Telemetry) error {
	body, err := t.body(r.c.options.GravityAsSG)
	if err != nil {
		return fmt.Errorf("%s/Telemetry: %w", r.facts.name, err)
	}
	query, err := r.facts.query(id)
	if err != nil {
		return err
	}
	return r.c.submit(ctx, call{endpoint: r.facts.name + "/Telemetry", method: http.MethodPost, query: query, body: body})
}

// body is the JSON that the cloud takes. Gravity is rounded to a tenth of a thousandth of a point, so that the
// multiplication adds no noise of its own.
func (t Telemetry) body(gravityAsSG bool) ([]byte, error) {
	gravityScale := 1000.0
	if gravityAsSG {
		gravityScale = 1
	}
	fields := map[string]float64{}
	for _, row := range []struct {
		name  string
		value Null[float64]
		scale float64
	}{
		{"temperature", t.Temperature, 1},
		{"gravity", t.Gravity, gravityScale},
		{"pressure", t.Pressure, 1},
		{"battery", t.Battery, 1},
		{"rssi", t.RSSI, 1},
	} {
		if !row.value.Valid {
			continue
		}
		v := row.value.V
		if row.scale != 1 {
			v = math.Round(v*row.scale*1e4) / 1e4
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, &ArgumentError{row.name, "is not a finite number"}
		}
		fields[row.name] = v
	}
	if len(fields) == 0 {
		return nil, &ArgumentError{"telemetry", "holds no reading"}
	}
	return json.Marshal(fields)
}
