package discovery

// climateKind is what differs between the climate entities of the controlling families.
type climateKind struct {
	modes    []string
	min, max float64 // of the target, °C, where the device says none
}

// coolingKind is a controller or chamber. Its mode can be seen but not set: the public API has no setter for it.
func coolingKind() climateKind {
	return climateKind{modes: []string{"heat_cool", "heat", "cool", "off"}, min: coolingMin, max: coolingMax}
}

// kettleKind is a BrewZilla or a still. Its mode is its heating switch.
func kettleKind() climateKind {
	return climateKind{modes: []string{"heat", "off"}, min: kettleMin, max: kettleMax}
}

// climate rows lead the controlling families: the main entity, and the two temperatures that it joins.
func climate(kind climateKind) []Entity {
	return []Entity{
		{Key: "climate", Platform: Climate, Modes: kind.modes, Setter: Setter{Min: kind.min, Max: kind.max, Step: 0.1}},
		temperature(),
		{
			// The climate entity sends its commands.
			Key: "target_temperature", Name: "Target temperature", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1), StateDecimals: 2,
			Commandable: true, Setter: Setter{Min: kind.min, Max: kind.max, Step: 0.1, Accepts: acceptsNumber, Example: "18.5"},
		},
	}
}

// temperature is the temperature that a device measures.
func temperature() Entity {
	return Entity{Key: "temperature", Name: "Temperature", ClassNamed: true, Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1)}
}

// runTime is a counter of running time: in seconds in the document, and in hours in Home Assistant.
func runTime(key, name string) Entity {
	return Entity{
		Key: key, Name: name, Platform: Sensor, DeviceClass: "duration", Unit: hours, StateClass: TotalIncreasing, Category: Diagnostic,
		Precision: decimals(1), Source: Source{Divisor: 3600, DocumentUnit: seconds},
	}
}

// starts is a counter of how often something was switched on.
func starts(key, name string) Entity {
	return Entity{Key: key, Name: name, Platform: Sensor, StateClass: TotalIncreasing, Category: Diagnostic, Icon: "mdi:counter", Precision: decimals(0)}
}

// disabled is an entity that is disabled by default.
func disabled(e Entity) Entity {
	e.Disabled = true
	return e
}

// control rows are readings and counters of all controlling families.
func control() []Entity {
	return []Entity{
		{Key: "control_device_temperature", Name: "Control device temperature", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1)},
		// Inferred from the run-time counters: the cloud does not say what the relay does.
		{Key: "heating_active", Name: "Heating active", Platform: BinarySensor, DeviceClass: "running", Icon: "mdi:radiator"},
		runTime("heating_run_time", "Heating run time"),
		starts("heating_starts", "Heating starts"),
		disabled(runTime("total_run_time", "Total run time")),
	}
}

// cooling rows are those of controllers and chambers. There heating_enabled and cooling_enabled are settings of the
// mode, which the climate entity shows together; they do not say what the relays do.
func cooling() []Entity {
	return []Entity{
		{Key: "cooling_active", Name: "Cooling active", Platform: BinarySensor, DeviceClass: "running", Icon: "mdi:snowflake"},
		runTime("cooling_run_time", "Cooling run time"),
		starts("cooling_starts", "Cooling starts"),
		{Key: "heating_utilisation", Name: "Heating utilisation", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: "mdi:radiator", Precision: decimals(0)},
		{Key: "heating_enabled", Name: "Heating enabled", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:radiator", Disabled: true},
		{Key: "cooling_enabled", Name: "Cooling enabled", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:snowflake", Disabled: true},
	}
}

// chamber rows are the fermentation chamber's own. The keys keep the API's spelling of auxiliary.
func chamber() []Entity {
	return []Entity{
		{Key: "fan_enabled", Name: "Fan", Platform: BinarySensor, Icon: "mdi:fan"},
		{Key: "light_enabled", Name: "Light mode", Platform: Sensor, DeviceClass: "enum", Options: []string{"AlwaysOn", "AlwaysOff", "Automatic"}, Icon: "mdi:lightbulb-outline", Source: Source{Attributes: code("light_enabled")}},
		runTime("compressor_run_time", "Compressor run time"),
		starts("compressor_starts", "Compressor starts"),
		disabled(runTime("auxillary_run_time", "Auxiliary run time")),
		disabled(starts("auxillary_starts", "Auxiliary starts")),
	}
}

// kettleControls are what a BrewZilla and a still can be told. The cloud may never report a still's pump: the contract
// has setters for it but no fields. Home Assistant then shows the switch as unknown with a button for each position,
// which says what is known and still works.
func kettleControls() []Entity {
	return []Entity{
		{Key: "heating_enabled", Name: "Heating", Platform: Switch, Icon: "mdi:radiator", Commandable: true, Setter: Setter{Accepts: acceptsSwitch + "; the climate entity sends heat or off", Example: "ON"}},
		{Key: "heating_utilisation", Name: "Heating utilisation", Platform: Number, Unit: percent, Icon: "mdi:radiator", Commandable: true, Setter: Setter{Min: 0, Max: 100, Step: 1, Slider: true, Accepts: acceptsNumber, Example: "75"}},
		{Key: "pump_enabled", Name: "Pump", Platform: Switch, Icon: "mdi:pump", Commandable: true, Setter: Setter{Accepts: acceptsSwitch, Example: "ON"}},
		{Key: "pump_utilisation", Name: "Pump utilisation", Platform: Number, Unit: percent, Icon: "mdi:pump", Commandable: true, Setter: Setter{Min: 0, Max: 100, Step: 1, Slider: true, Accepts: acceptsNumber, Example: "50"}},
	}
}

// brewzilla rows are the BrewZilla's own.
func brewzilla() []Entity {
	return []Entity{
		{Key: "distillation_mode", Name: "Distillation mode", Platform: BinarySensor, Icon: "mdi:distribute-vertical-bottom"},
		disabled(runTime("auxillary_run_time", "Auxiliary run time")),
		disabled(starts("auxillary_starts", "Auxiliary starts")),
	}
}

// still rows are the still's own. What RHC is measured in is not known.
func still() []Entity {
	return []Entity{
		{Key: "temperature_vapour", Name: "Vapour temperature", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1)},
		{Key: "temperature_wash", Name: "Wash temperature", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1)},
		// Home Assistant does not convert a change per minute, so its user enables the one in the home's unit.
		{Key: "temp_per_min", Name: "Temperature change", Platform: Sensor, Unit: perMinute, StateClass: Measurement, Icon: "mdi:thermometer-lines", Precision: decimals(2), Disabled: true},
		{Key: "temp_per_min_fahrenheit", Name: "Temperature change in Fahrenheit", Platform: Sensor, Unit: fahrenheitPerMinute, StateClass: Measurement, Icon: "mdi:thermometer-lines", Precision: decimals(2), Disabled: true, Source: Source{Member: "temp_per_min", Multiplier: 1.8, DocumentUnit: perMinute}},
		{Key: "abv", Name: "ABV", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: "mdi:glass-mug-variant", Precision: decimals(1)},
		{Key: "ethanol", Name: "Ethanol", Platform: Sensor, Unit: percent, StateClass: Measurement, Icon: "mdi:flask-outline", Precision: decimals(0)},
		{Key: "rhc", Name: "RHC", Platform: Sensor, StateClass: Measurement, Icon: "mdi:gauge", Precision: decimals(2)},
		{Key: "power", Name: "Power", ClassNamed: true, Platform: Sensor, DeviceClass: "power", Unit: watt, StateClass: Measurement, Precision: decimals(0)},
	}
}

// settings are what the owner set on the device. A PID can be changed through the public API, the others can't.
func settings() []Entity {
	return []Entity{
		{Key: "pid_enabled", Name: "PID", Platform: Switch, Category: Setting, Icon: "mdi:chart-bell-curve", Commandable: true, Setter: Setter{Accepts: acceptsSwitch, Example: "ON"}},
		{Key: "pid_proportional", Name: "PID proportional", Platform: Number, Category: Setting, Icon: "mdi:tune-variant", Disabled: true, Commandable: true, Setter: Setter{Min: 0, Max: gainMax, Step: 0.001, Accepts: acceptsNumber, Example: "12.5"}},
		{Key: "pid_integral", Name: "PID integral", Platform: Number, Category: Setting, Icon: "mdi:tune-variant", Disabled: true, Commandable: true, Setter: Setter{Min: 0, Max: gainMax, Step: 0.001, Accepts: acceptsNumber, Example: "0.5"}},
		{Key: "pid_derivative", Name: "PID derivative", Platform: Number, Category: Setting, Icon: "mdi:tune-variant", Disabled: true, Commandable: true, Setter: Setter{Min: 0, Max: gainMax, Step: 0.001, Accepts: acceptsNumber, Example: "0.1"}},
		{Key: "pid_cycle_time", Name: "PID cycle time", Platform: Sensor, Category: Diagnostic, Icon: "mdi:timer-cog-outline", Precision: decimals(0), Disabled: true},
		// A difference of temperatures: Fahrenheit must not add 32 to it. Home Assistant does not convert it to the home's
		// unit, so that all of them are disabled by default.
		{Key: "heating_hysteresis", Name: "Heating hysteresis", Platform: Sensor, DeviceClass: "temperature_delta", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "high_temp_alarm", Name: "High temperature alarm", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "low_temp_alarm", Name: "Low temperature alarm", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "sensor_differential", Name: "Sensor differential", Platform: Sensor, DeviceClass: "temperature_delta", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "sensor_timeout", Name: "Sensor timeout", Platform: Sensor, Category: Diagnostic, Icon: "mdi:timer-alert-outline", Precision: decimals(0), Disabled: true},
		{Key: "use_internal_sensor", Name: "Internal sensor", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:thermometer-probe", Disabled: true},
		{Key: "sounds_enabled", Name: "Sounds", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:volume-high", Disabled: true},
		{Key: "bluetooth_enabled", Name: "Bluetooth", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:bluetooth", Disabled: true},
		// The contract's range speaks for minutes, one client treats it as seconds: no unit.
		{Key: "telemetry_frequency", Name: "Telemetry frequency", Platform: Sensor, Category: Diagnostic, Icon: "mdi:timer-sync-outline", Precision: decimals(0), Disabled: true},
	}
}

// coolingSettings are those of controllers and chambers.
func coolingSettings() []Entity {
	return []Entity{
		{Key: "cooling_hysteresis", Name: "Cooling hysteresis", Platform: Sensor, DeviceClass: "temperature_delta", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "compressor_delay", Name: "Compressor delay", Platform: Sensor, DeviceClass: "duration", Unit: minutes, Category: Diagnostic, Precision: decimals(0), Disabled: true},
		{Key: "mode_switch_delay", Name: "Mode switch delay", Platform: Sensor, DeviceClass: "duration", Unit: minutes, Category: Diagnostic, Precision: decimals(0), Disabled: true},
	}
}
