package device

import (
	"context"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Families lists the eight families in the order of discovery.Families.
func Families() []*Family {
	return []*Family{
		hydrometers(), temperatureControllers(), fermentationChambers(), brewZillas(), stills(),
		canFillers(), bondedDevices(), externalDevices(),
	}
}

func hydrometers() *Family {
	type (
		D = raptclient.Hydrometer
		T = raptclient.HydrometerTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	f := newFamily(discovery.Hydrometer,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.Hydrometers
		},
		device, telemetryOf[D, T]{
			keys:   []string{"gravity", "plato", "gravity_velocity", "temperature", "battery"},
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				d.Temperature, d.Gravity, d.GravityVelocity, d.Battery = t.Temperature, t.Gravity, t.GravityVelocity, t.Battery
			},
		},
		of(device, deviceRows()),
		gravityRows(func(d *D) float { return d.Gravity }),
		[]row[D]{
			numberRow("gravity_velocity", 2, func(d *D) float { return within(d.GravityVelocity, -1000, 1000) }),
			numberRow("temperature", 2, func(d *D) float { return celsius(d.Temperature) }),
			numberRow("battery", 1, func(d *D) float { return percent(d.Battery) }),
			textRow("paired_device_id", func(d *D) str { return d.PairedDeviceID }),
		},
		of(device, profileRows()))
	f.Floor = hydrometerFloor
	f.resends = true
	return f
}

func canFillers() *Family {
	type (
		D = raptclient.CanFiller
		T = raptclient.CanFillerTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	session := func(d *D) raptclient.FillSession {
		if d.LastFillSession == nil {
			return raptclient.FillSession{}
		}
		return *d.LastFillSession
	}
	count := func(v raptclient.Null[int]) float { return counter(whole(v)) }
	return newFamily(discovery.CanFiller,
		func(c *raptclient.Client) raptclient.Resource[D, T] { return c.CanFillers },
		device, telemetryOf[D, T]{ // the model has no telemetry, and a row is one fill
			keys: []string{"total_fill_count", "total_failed_count"},
			row:  func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				d.TotalFillCount, d.TotalFailedCount = t.TotalFills, t.TotalFailedFills
			},
		},
		of(device, deviceRows()),
		[]row[D]{
			numberRow("total_fill_count", 0, func(d *D) float { return count(d.TotalFillCount) }),
			numberRow("total_failed_count", 0, func(d *D) float { return count(d.TotalFailedCount) }),
			timeRow("last_session_start", func(d *D) timestamp { return session(d).StartDate }),
			timeRow("last_session_end", func(d *D) timestamp { return session(d).EndDate }),
			numberRow("last_session_fill_count", 0, func(d *D) float { return count(session(d).FillCount) }),
			numberRow("last_session_failed_count", 0, func(d *D) float { return count(session(d).FailedCount) }),
			numberRow("last_session_duration", 1, func(d *D) float { return session(d).SessionTimeMins }),
			numberRow("last_session_cans_per_minute", 2, func(d *D) float { return session(d).CansPerMinute }),
			numberRow("last_session_average_fill_time", 2, func(d *D) float { return session(d).AvgFillTime }),
			numberRow("last_session_average_temperature", 2, func(d *D) float { return celsius(session(d).AvgTemperature) }),
			numberRow("empty_pressure", 3, func(d *D) float { return d.EmptyPressure }),
			numberRow("calibration_factor", 4, func(d *D) float { return d.CalibrationFactor }),
			numberRow("min_fill_rate", 3, func(d *D) float { return d.MinFillRate }),
			numberRow("fill_timeout", 2, func(d *D) float { return d.FillTimeout }),
			numberRow("temperature_offset", 2, func(d *D) float { return d.TemperatureOffset }),
			flagRow("sounds_enabled", func(d *D) boolean { return d.SoundsEnabled }),
		})
}

func bondedDevices() *Family {
	type (
		D = raptclient.BondedDevice
		T = raptclient.BondedDeviceTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	f := newFamily(discovery.BondedDevice,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.BondedDevices
		},
		device, telemetryOf[D, T]{
			keys:   []string{"temperature", "battery"},
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				d.Temperature, d.Battery = t.Temperature, t.Battery
			},
		},
		of(device, deviceRows()),
		[]row[D]{
			numberRow("temperature", 2, func(d *D) float { return celsius(d.Temperature) }),
			numberRow("battery", 1, func(d *D) float { return percent(d.Battery) }),
		})
	return f
}

func externalDevices() *Family {
	type (
		D = raptclient.ExternalDevice
		T = raptclient.ExternalDeviceTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	f := newFamily(discovery.ExternalDevice,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.ExternalDevices.Resource
		},
		device, telemetryOf[D, T]{
			keys:   []string{"gravity", "plato", "temperature", "pressure", "battery"},
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				d.Temperature, d.Gravity, d.Pressure, d.Battery = t.Temperature, t.Gravity, t.Pressure, t.Battery
			},
		},
		of(device, deviceRows()),
		gravityRows(func(d *D) float { return d.Gravity }),
		[]row[D]{
			numberRow("temperature", 2, func(d *D) float { return celsius(d.Temperature) }),
			numberRow("pressure", 3, func(d *D) float { return d.Pressure }),
			numberRow("battery", 1, func(d *D) float { return percent(d.Battery) }),
		})
	f.Submit = func(ctx context.Context, c *raptclient.Client, id string, t raptclient.Telemetry) error {
		return c.ExternalDevices.SubmitTelemetry(ctx, id, t)
	}
	return f
}
