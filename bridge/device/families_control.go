package device

import (
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func temperatureControllers() *Family {
	type D = raptclient.TemperatureController
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.TemperatureController,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.TemperatureControllerTelemetry] {
			return c.TemperatureControllers.Resource
		},
		device, func(d *D) timestamp {
			return drop(&d.Telemetry, func(t *raptclient.TemperatureControllerTelemetry) timestamp { return t.CreatedOn })
		},
		of(device, deviceRows()), of(control, controlRows()), of(control, coolingRows()), of(device, profileRows()))
	f.heatingCounter, f.coolingCounter = "heating_run_time", "cooling_run_time"
	f.Setters = controllerSetters(func(c *raptclient.Client) raptclient.ControllerResource[D, raptclient.TemperatureControllerTelemetry] {
		return c.TemperatureControllers
	})
	return f
}

func fermentationChambers() *Family {
	type D = raptclient.FermentationChamber
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.FermentationChamber,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.FermentationChamberTelemetry] {
			return c.FermentationChambers.Resource
		},
		device, func(d *D) timestamp {
			return drop(&d.Telemetry, func(t *raptclient.FermentationChamberTelemetry) timestamp { return t.CreatedOn })
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
	f.Setters = controllerSetters(func(c *raptclient.Client) raptclient.ControllerResource[D, raptclient.FermentationChamberTelemetry] {
		return c.FermentationChambers
	})
	return f
}

func brewZillas() *Family {
	type D = raptclient.BrewZilla
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.BrewZilla,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.BrewZillaTelemetry] {
			return c.BrewZillas.Resource
		},
		device, func(d *D) timestamp {
			return drop(&d.Telemetry, func(t *raptclient.BrewZillaTelemetry) timestamp { return t.CreatedOn })
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
	f.Setters = kettleSetters(func(c *raptclient.Client) raptclient.KettleResource[D, raptclient.BrewZillaTelemetry] {
		return c.BrewZillas
	})
	return f
}

func stills() *Family {
	type D = raptclient.Still
	device := func(d *D) *raptclient.Device { return &d.Device }
	control := func(d *D) *raptclient.Control { return &d.Control }
	f := newFamily(discovery.Still,
		func(c *raptclient.Client) raptclient.Resource[D, raptclient.StillTelemetry] { return c.Stills.Resource },
		device, func(d *D) timestamp {
			return drop(&d.Telemetry, func(t *raptclient.StillTelemetry) timestamp { return t.CreatedOn })
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
	f.Setters = kettleSetters(func(c *raptclient.Client) raptclient.KettleResource[D, raptclient.StillTelemetry] { return c.Stills })
	return f
}
