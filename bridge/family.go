package bridge

import (
	"context"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// reading is a device as the cloud showed it in one answer.
type reading struct {
	device  *raptclient.Device
	control *raptclient.Control // nil for families that control nothing
	value   any                 // the family's own type, which device and control point into
}

// listing is the answer to a family's list.
type listing struct {
	readings []reading
	report   raptclient.Report
}

// family ties a family's name to its part of the API and to its document.
type family struct {
	name discovery.Family
	list func(ctx context.Context, c *raptclient.Client) (listing, error)
	get  func(ctx context.Context, c *raptclient.Client, id string) (reading, error)
	// document appends the state document.
	document func(b []byte, r reading, f *findings) []byte
	// clone copies a reading, so that a held value can be written into it.
	clone func(r reading) reading
	// floor is the least silence after which a device counts as offline.
	floor time.Duration
	keys  []string // of the document
	// runTimes picks the counters that advance while the device heats and while it cools.
	runTimes func(r reading) (heating, cooling number)
	// control and kettle have the family's setters; nil where it has none.
	control func(*raptclient.Client) controlSetter
	kettle  func(*raptclient.Client) kettleSetter
	// glance picks what the status page shows of a reading: temperature, gravity as SG, battery.
	glance func(r reading) (temperature, gravity, battery number)
	// pumpEnabled and pumpUtilisation point to the pump's state in a reading of a kettle.
	pumpEnabled     func(r reading) *flag
	pumpUtilisation func(r reading) *number
}

// parts says where a family's type keeps what families share.
type parts[D any] struct {
	device  func(*D) *raptclient.Device
	control func(*D) *raptclient.Control // nil for none
	// newest clears the telemetry rows, which the bridge has no use for, and returns the time of the newest.
	newest func(*D) moment
}

// Floors of the silence that counts as offline: a hydrometer sleeps between readings, the others report often.
const (
	hydrometerFloor = 3 * time.Hour
	deviceFloor     = 30 * time.Minute
)

func newFamily[D, T any](name discovery.Family, res func(*raptclient.Client) raptclient.Resource[D, T], p parts[D], rows ...[]row[D]) *family {
	all := slices.Concat(rows...)
	read := func(d *D) reading {
		r := reading{device: p.device(d), value: d}
		if p.control != nil {
			r.control = p.control(d)
		}
		if newest := p.newest(d); !r.device.LastActivityTime.Valid {
			r.device.LastActivityTime = newest
		}
		return r
	}
	f := &family{name: name, floor: deviceFloor, runTimes: noRunTimes}
	for _, r := range all {
		f.keys = append(f.keys, r.key)
	}
	f.list = func(ctx context.Context, c *raptclient.Client) (listing, error) {
		list, err := res(c).List(ctx)
		if err != nil {
			return listing{}, err
		}
		out := listing{readings: make([]reading, len(list.Items)), report: list.Report}
		for i := range list.Items {
			out.readings[i] = read(&list.Items[i])
		}
		return out, nil
	}
	f.get = func(ctx context.Context, c *raptclient.Client, id string) (reading, error) {
		item, err := res(c).Get(ctx, id)
		if err != nil {
			return reading{}, err
		}
		return read(&item.Value), nil
	}
	f.document = func(b []byte, r reading, f *findings) []byte { return document(b, all, r.value.(*D), f) }
	if p.control != nil {
		f.glance = func(r reading) (number, number, number) { return celsius(r.control.Temperature), number{}, number{} }
	}
	f.clone = func(r reading) reading {
		d := *r.value.(*D)
		return read(&d)
	}
	return f
}

func noRunTimes(reading) (number, number) { return number{}, number{} }

func heatingRunTime(r reading) (number, number) { return r.control.HeatingRunTime, number{} }

func coolingRunTimes(r reading) (number, number) {
	return r.control.HeatingRunTime, r.control.CoolingRunTime
}

// families lists the eight families in the order of discovery.Families.
func families() []*family {
	all := []*family{
		hydrometers(), temperatureControllers(), fermentationChambers(), brewZillas(), stills(),
		canFillers(), bondedDevices(), externalDevices(),
	}
	return all
}

func hydrometers() *family {
	type D = raptclient.Hydrometer
	device := func(d *D) *raptclient.Device { return &d.Device }
	gravity := func(d *D) number { return specificGravity(d.Gravity) }
	original := func(d *D) number { return runningProfile(&d.Device).originalGravity }
	f := newFamily(discovery.Hydrometer,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.HydrometerTelemetry] {
			return c.Hydrometers
		},
		parts[D]{device: device, newest: func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.HydrometerTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()),
		gravityRows(func(d *D) number { return d.Gravity }),
		[]row[D]{
			numberRow("gravity_velocity", 2, func(d *D) number { return within(d.GravityVelocity, -1000, 1000) }),
			numberRow("abv", 2, func(d *D) number { return alcohol(original(d), gravity(d)) }),
			numberRow("apparent_attenuation", 1, func(d *D) number { return attenuation(original(d), gravity(d)) }),
			numberRow("temperature", 2, func(d *D) number { return celsius(d.Temperature) }),
			numberRow("battery", 1, func(d *D) number { return percent(d.Battery) }),
			textRow("paired_device_id", func(d *D) text { return d.PairedDeviceID }),
		},
		of(device, profileRows()))
	f.floor = hydrometerFloor
	f.glance = func(r reading) (number, number, number) {
		d := r.value.(*D)
		return celsius(d.Temperature), specificGravity(d.Gravity), percent(d.Battery)
	}
	return f
}

func temperatureControllers() *family {
	type D = raptclient.TemperatureController
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.TemperatureController,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.TemperatureControllerTelemetry] {
			return c.TemperatureControllers.Resource
		},
		parts[D]{device, control, func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.TemperatureControllerTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()), of(control, controlRows()), of(control, coolingRows()), of(device, profileRows()))
	f.runTimes = coolingRunTimes
	f.control = func(c *raptclient.Client) controlSetter { return c.TemperatureControllers }
	return f
}

func fermentationChambers() *family {
	type D = raptclient.FermentationChamber
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.FermentationChamber,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.FermentationChamberTelemetry] {
			return c.FermentationChambers.Resource
		},
		parts[D]{device, control, func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.FermentationChamberTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()), of(control, controlRows()), of(control, coolingRows()),
		[]row[D]{
			numberRow("compressor_run_time", 0, func(d *D) number { return counter(d.CompressorRunTime) }),
			numberRow("compressor_starts", 0, func(d *D) number { return counter(d.CompressorStarts) }),
			numberRow("auxillary_run_time", 0, func(d *D) number { return counter(d.AuxillaryRunTime) }),
			numberRow("auxillary_starts", 0, func(d *D) number { return counter(d.AuxillaryStarts) }),
			flagRow("fan_enabled", func(d *D) flag { return d.FanEnabled }),
			textRow("light_enabled", func(d *D) text { return d.LightEnabled }),
		},
		of(device, profileRows()))
	// The chamber cools with a compressor of its own; its telemetry has no other cooling counter (contract).
	f.runTimes = func(r reading) (number, number) {
		return r.control.HeatingRunTime, r.value.(*D).CompressorRunTime
	}
	f.control = func(c *raptclient.Client) controlSetter { return c.FermentationChambers }
	return f
}

func brewZillas() *family {
	type D = raptclient.BrewZilla
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.BrewZilla,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.BrewZillaTelemetry] {
			return c.BrewZillas.Resource
		},
		parts[D]{device, control, func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.BrewZillaTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()), of(control, controlRows()), of(control, kettleRows()),
		[]row[D]{
			numberRow("auxillary_run_time", 0, func(d *D) number { return counter(d.AuxillaryRunTime) }),
			numberRow("auxillary_starts", 0, func(d *D) number { return counter(d.AuxillaryStarts) }),
			flagRow("pump_enabled", func(d *D) flag { return d.PumpEnabled }),
			numberRow("pump_utilisation", 1, func(d *D) number { return percent(d.PumpUtilisation) }),
			flagRow("distillation_mode", func(d *D) flag { return d.DistillationMode }),
		},
		of(device, profileRows()))
	f.runTimes = heatingRunTime
	f.control = func(c *raptclient.Client) controlSetter { return c.BrewZillas }
	f.kettle = func(c *raptclient.Client) kettleSetter { return c.BrewZillas }
	f.pumpEnabled = func(r reading) *flag { return &r.value.(*D).PumpEnabled }
	f.pumpUtilisation = func(r reading) *number { return &r.value.(*D).PumpUtilisation }
	return f
}

func stills() *family {
	type D = raptclient.Still
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.Still,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.StillTelemetry] { return c.Stills.Resource },
		parts[D]{device, control, func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.StillTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()), of(control, controlRows()), of(control, kettleRows()),
		[]row[D]{
			numberRow("temperature_vapour", 2, func(d *D) number { return celsius(d.TemperatureVapour) }),
			numberRow("temperature_wash", 2, func(d *D) number { return celsius(d.TemperatureWash) }),
			numberRow("rhc", 2, func(d *D) number { return d.RHC }),
			{"ethanol", func(b []byte, d *D, _ *findings) []byte {
				return appendNumber(b, percent(number{V: float64(d.Ethanol.V), Valid: d.Ethanol.Valid}), 0)
			}},
			numberRow("power", 1, func(d *D) number { return within(d.Power, 0, 1e5) }),
			numberRow("abv", 2, func(d *D) number { return percent(d.ABV) }),
			numberRow("temp_per_min", 2, func(d *D) number { return within(d.TempPerMin, -100, 100) }),
			flagRow("pump_enabled", func(d *D) flag { return d.PumpEnabled }),
			numberRow("pump_utilisation", 1, func(d *D) number { return percent(d.PumpUtilisation) }),
		},
		of(device, profileRows()))
	f.runTimes = heatingRunTime
	f.control = func(c *raptclient.Client) controlSetter { return c.Stills }
	f.kettle = func(c *raptclient.Client) kettleSetter { return c.Stills }
	f.pumpEnabled = func(r reading) *flag { return &r.value.(*D).PumpEnabled }
	f.pumpUtilisation = func(r reading) *number { return &r.value.(*D).PumpUtilisation }
	return f
}

func canFillers() *family {
	type D = raptclient.CanFiller
	device := func(d *D) *raptclient.Device { return &d.Device }
	session := func(d *D) raptclient.FillSession {
		if d.LastFillSession == nil {
			return raptclient.FillSession{}
		}
		return *d.LastFillSession
	}
	count := func(v raptclient.Null[int]) number { return number{V: float64(v.V), Valid: v.Valid && v.V >= 0} }
	return newFamily(discovery.CanFiller,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.CanFillerTelemetry] { return c.CanFillers },
		parts[D]{device: device, newest: func(*D) moment { return moment{} }}, // the model has no telemetry
		of(device, deviceRows()),
		[]row[D]{
			numberRow("total_fill_count", 0, func(d *D) number { return count(d.TotalFillCount) }),
			numberRow("total_failed_count", 0, func(d *D) number { return count(d.TotalFailedCount) }),
			momentRow("last_session_start", func(d *D) moment { return session(d).StartDate }),
			momentRow("last_session_end", func(d *D) moment { return session(d).EndDate }),
			numberRow("last_session_fill_count", 0, func(d *D) number { return count(session(d).FillCount) }),
			numberRow("last_session_failed_count", 0, func(d *D) number { return count(session(d).FailedCount) }),
			numberRow("last_session_duration", 1, func(d *D) number { return session(d).SessionTimeMins }),
			numberRow("last_session_cans_per_minute", 2, func(d *D) number { return session(d).CansPerMinute }),
			numberRow("last_session_average_fill_time", 2, func(d *D) number { return session(d).AvgFillTime }),
			numberRow("last_session_average_temperature", 2, func(d *D) number { return celsius(session(d).AvgTemperature) }),
			numberRow("empty_pressure", 3, func(d *D) number { return d.EmptyPressure }),
			numberRow("calibration_factor", 4, func(d *D) number { return d.CalibrationFactor }),
			numberRow("min_fill_rate", 3, func(d *D) number { return d.MinFillRate }),
			numberRow("fill_timeout", 2, func(d *D) number { return d.FillTimeout }),
			numberRow("temperature_offset", 2, func(d *D) number { return d.TemperatureOffset }),
			flagRow("sounds_enabled", func(d *D) flag { return d.SoundsEnabled }),
		})
}

func bondedDevices() *family {
	type D = raptclient.BondedDevice
	device := func(d *D) *raptclient.Device { return &d.Device }
	f := newFamily(discovery.BondedDevice,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.BondedDeviceTelemetry] {
			return c.BondedDevices
		},
		parts[D]{device: device, newest: func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.BondedDeviceTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()),
		[]row[D]{
			numberRow("temperature", 2, func(d *D) number { return celsius(d.Temperature) }),
			numberRow("battery", 1, func(d *D) number { return percent(d.Battery) }),
		})
	f.glance = func(r reading) (number, number, number) {
		d := r.value.(*D)
		return celsius(d.Temperature), number{}, percent(d.Battery)
	}
	return f
}

func externalDevices() *family {
	type D = raptclient.ExternalDevice
	device := func(d *D) *raptclient.Device { return &d.Device }
	f := newFamily(discovery.ExternalDevice,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.ExternalDeviceTelemetry] {
			return c.ExternalDevices.Resource
		},
		parts[D]{device: device, newest: func(d *D) moment {
			return drop(&d.Telemetry, func(t *raptclient.ExternalDeviceTelemetry) moment { return t.CreatedOn })
		}},
		of(device, deviceRows()),
		gravityRows(func(d *D) number { return d.Gravity }),
		[]row[D]{
			numberRow("temperature", 2, func(d *D) number { return celsius(d.Temperature) }),
			numberRow("pressure", 3, func(d *D) number { return d.Pressure }),
			numberRow("battery", 1, func(d *D) number { return percent(d.Battery) }),
		})
	f.glance = func(r reading) (number, number, number) {
		d := r.value.(*D)
		return celsius(d.Temperature), specificGravity(d.Gravity), percent(d.Battery)
	}
	return f
}

// drop empties a device's telemetry, newest first, and returns the time of the newest row.
func drop[T any](rows *[]T, createdOn func(*T) moment) moment {
	if len(*rows) == 0 {
		return moment{}
	}
	newest := createdOn(&(*rows)[0])
	*rows = nil
	return newest
}
