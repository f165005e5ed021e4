package device

import (
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func temperatureControllers() *Family {
	type (
		D = raptclient.TemperatureController
		T = raptclient.TemperatureControllerTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.TemperatureController,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.TemperatureControllers.Resource
		},
		device, telemetryOf[D, T]{
			keys:   controlKeys("min_target_temperature", "max_target_temperature", "cooling_run_time", "cooling_starts"),
			more:   of(device, profileKeys()),
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				fillControl(&d.Device, &d.Control, &t.ControlTelemetry)
				d.MinTargetTemperature, d.MaxTargetTemperature = t.MinTargetTemperature, t.MaxTargetTemperature
				d.CoolingRunTime, d.CoolingStarts = t.CoolingRunTime, t.CoolingStarts
			},
		},
		of(device, deviceRows()), of(control, controlRows()), of(control, coolingRows()), of(device, profileRows()))
	f.heatingCounter, f.coolingCounter = "heating_run_time", "cooling_run_time"
	f.Setters = controllerSetters(func(c *raptclient.Client) raptclient.ControllerResource[D, T] {
		return c.TemperatureControllers
	})
	return f
}

func fermentationChambers() *Family {
	type (
		D = raptclient.FermentationChamber
		T = raptclient.FermentationChamberTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.FermentationChamber,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.FermentationChambers.Resource
		},
		device, telemetryOf[D, T]{
			keys: controlKeys("min_target_temperature", "max_target_temperature", "compressor_run_time", "compressor_starts",
				"auxillary_run_time", "auxillary_starts"),
			more:   of(device, profileKeys()),
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				fillControl(&d.Device, &d.Control, &t.ControlTelemetry)
				d.MinTargetTemperature, d.MaxTargetTemperature = t.MinTargetTemperature, t.MaxTargetTemperature
				d.CompressorRunTime, d.CompressorStarts = t.CompressorRunTime, t.CompressorStarts
				d.AuxillaryRunTime, d.AuxillaryStarts = t.AuxillaryRunTime, t.AuxillaryStarts
			},
		},
		of(device, deviceRows()), of(control, controlRows()), of(control, coolingRows()),
		[]row[D]{
			numberRow("compressor_run_time", 0, func(d *D) float { return counter(d.CompressorRunTime) }),
			numberRow("compressor_starts", 0, func(d *D) float { return counter(d.CompressorStarts) }),
			numberRow("auxillary_run_time", 0, func(d *D) float { return counter(d.AuxillaryRunTime) }),
			numberRow("auxillary_starts", 0, func(d *D) float { return counter(d.AuxillaryStarts) }),
			flagRow("fan_enabled", func(d *D) boolean { return d.FanEnabled }),
			textRow("light_enabled", func(d *D) str { return d.LightEnabled }),
		},
		of(device, profileRows()))
	// The chamber cools with a compressor of its own; its telemetry has no other cooling counter (contract).
	f.heatingCounter, f.coolingCounter = "heating_run_time", "compressor_run_time"
	f.Setters = controllerSetters(func(c *raptclient.Client) raptclient.ControllerResource[D, T] {
		return c.FermentationChambers
	})
	return f
}

func brewZillas() *Family {
	type (
		D = raptclient.BrewZilla
		T = raptclient.BrewZillaTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.BrewZilla,
		func(c *raptclient.Client) raptclient.Resource[D, T] {
			return c.BrewZillas.Resource
		},
		device, telemetryOf[D, T]{
			keys:   controlKeys("min_target_temperature", "max_target_temperature", "auxillary_run_time", "auxillary_starts"),
			more:   of(device, profileKeys()),
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				fillControl(&d.Device, &d.Control, &t.ControlTelemetry)
				d.MinTargetTemperature, d.MaxTargetTemperature = t.MinTargetTemperature, t.MaxTargetTemperature
				d.AuxillaryRunTime, d.AuxillaryStarts = t.AuxillaryRunTime, t.AuxillaryStarts
			},
		},
		of(device, deviceRows()), of(control, controlRows()), of(control, kettleRows()),
		[]row[D]{
			numberRow("auxillary_run_time", 0, func(d *D) float { return counter(d.AuxillaryRunTime) }),
			numberRow("auxillary_starts", 0, func(d *D) float { return counter(d.AuxillaryStarts) }),
			settableFlag("pump_enabled", func(d *D) *boolean { return &d.PumpEnabled }),
			settableNumber("pump_utilisation", 1, percent, func(d *D) *float { return &d.PumpUtilisation }),
			flagRow("distillation_mode", func(d *D) boolean { return d.DistillationMode }),
		},
		of(device, profileRows()))
	f.heatingCounter = "heating_run_time"
	f.Setters = kettleSetters(func(c *raptclient.Client) raptclient.KettleResource[D, T] {
		return c.BrewZillas
	})
	return f
}

func stills() *Family {
	type (
		D = raptclient.Still
		T = raptclient.StillTelemetry
	)
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.Still,
		func(c *raptclient.Client) raptclient.Resource[D, T] { return c.Stills.Resource },
		device, telemetryOf[D, T]{
			keys:   controlKeys("temperature_vapour", "temperature_wash", "rhc", "ethanol", "power", "abv", "temp_per_min"),
			more:   of(device, profileKeys()),
			listed: func(d *D) *[]T { return &d.Telemetry },
			row:    func(t *T) *raptclient.TelemetryRow { return &t.TelemetryRow },
			fill: func(d *D, t *T) {
				fillControl(&d.Device, &d.Control, &t.ControlTelemetry)
				d.TemperatureVapour, d.TemperatureWash, d.RHC = t.TemperatureVapour, t.TemperatureWash, t.RHC
				d.Ethanol, d.Power, d.ABV, d.TempPerMin = t.Ethanol, t.Power, t.ABV, t.TempPerMin
			},
		},
		of(device, deviceRows()), of(control, controlRows()), of(control, kettleRows()),
		[]row[D]{
			numberRow("temperature_vapour", 2, func(d *D) float { return celsius(d.TemperatureVapour) }),
			numberRow("temperature_wash", 2, func(d *D) float { return celsius(d.TemperatureWash) }),
			numberRow("rhc", 2, func(d *D) float { return d.RHC }),
			numberRow("ethanol", 0, func(d *D) float { return percent(whole(d.Ethanol)) }),
			numberRow("power", 1, func(d *D) float { return within(d.Power, 0, 1e5) }),
			numberRow("abv", 2, func(d *D) float { return percent(d.ABV) }),
			numberRow("temp_per_min", 2, func(d *D) float { return within(d.TempPerMin, -100, 100) }),
			settableFlag("pump_enabled", func(d *D) *boolean { return &d.PumpEnabled }),
			settableNumber("pump_utilisation", 1, percent, func(d *D) *float { return &d.PumpUtilisation }),
		},
		of(device, profileRows()))
	f.heatingCounter = "heating_run_time"
	f.Setters = kettleSetters(func(c *raptclient.Client) raptclient.KettleResource[D, T] { return c.Stills })
	return f
}
