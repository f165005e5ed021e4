package discovery

// beer rows are on what measures a beer: hydrometers and external devices.
func beer() []Entity {
	return []Entity{
		// Specific gravity has no device class in Home Assistant.
		{Key: "gravity", Name: "Gravity", Platform: Sensor, Unit: sg, StateClass: Measurement, Icon: "mdi:water-percent", Precision: decimals(4)},
		{Key: "plato", Name: "Plato", Platform: Sensor, Unit: plato, StateClass: Measurement, Icon: "mdi:water-percent", Precision: decimals(1)},
		temperature(),
		battery(),
	}
}

// battery is shown while the device is silent too: it may be the reason.
func battery() Entity {
	return Entity{
		Key: "battery", Name: "Battery", ClassNamed: true, Platform: Sensor, DeviceClass: "battery", Unit: percent, StateClass: Measurement, Category: Diagnostic,
		Precision: decimals(0), AlwaysAvailable: true,
	}
}

// hydrometer rows are the Pill's beside those of beer.
func hydrometer() []Entity {
	return []Entity{
		{Key: "gravity_velocity", Name: "Gravity velocity", Platform: Sensor, Unit: "points/d", StateClass: Measurement, Icon: "mdi:trending-down", Precision: decimals(1)},
	}
}

// external rows are an external device's beside those of beer. The unit of its pressure is not known.
func external() []Entity {
	return []Entity{
		{Key: "pressure", Name: "Pressure", Platform: Sensor, StateClass: Measurement, Icon: "mdi:gauge", Precision: decimals(2)},
		{
			Key: "telemetry", Commandable: true, Setter: Setter{
				Accepts: "a JSON object with at least one of temperature (°C), gravity (SG, such as 1.0441), pressure, battery (%) and rssi (dBm)",
				Example: `{"temperature":19.1,"gravity":1.0441,"battery":88}`,
			},
		},
	}
}

// thermometer rows are a bonded device's.
func thermometer() []Entity {
	return []Entity{
		temperature(),
		battery(),
	}
}

// filling rows are a can filler's. The units of its settings are not known, but for the temperature's.
func filling() []Entity {
	return []Entity{
		{Key: "total_fill_count", Name: "Cans filled", Platform: Sensor, Unit: "cans", StateClass: TotalIncreasing, Icon: "mdi:counter", Precision: decimals(0)},
		{Key: "total_failed_count", Name: "Failed fills", Platform: Sensor, Unit: "cans", StateClass: TotalIncreasing, Icon: "mdi:close-circle-outline", Precision: decimals(0)},
		{Key: "last_session_start", Name: "Last session start", Platform: Sensor, DeviceClass: "timestamp"},
		{Key: "last_session_end", Name: "Last session end", Platform: Sensor, DeviceClass: "timestamp"},
		{Key: "last_session_fill_count", Name: "Last session cans filled", Platform: Sensor, Unit: "cans", StateClass: Measurement, Icon: "mdi:bottle-soda-classic-outline", Precision: decimals(0)},
		{Key: "last_session_failed_count", Name: "Last session failed fills", Platform: Sensor, Unit: "cans", StateClass: Measurement, Icon: "mdi:close-circle-outline", Precision: decimals(0)},
		{Key: "last_session_duration", Name: "Last session duration", Platform: Sensor, DeviceClass: "duration", Unit: minutes, StateClass: Measurement, Precision: decimals(0)},
		{Key: "last_session_cans_per_minute", Name: "Last session fill rate", Platform: Sensor, Unit: "cans/min", StateClass: Measurement, Icon: "mdi:speedometer", Precision: decimals(1)},
		{Key: "last_session_average_fill_time", Name: "Last session average fill time", Platform: Sensor, DeviceClass: "duration", Unit: seconds, StateClass: Measurement, Precision: decimals(1)},
		{Key: "last_session_average_temperature", Name: "Last session average temperature", Platform: Sensor, DeviceClass: "temperature", Unit: celsius, StateClass: Measurement, Precision: decimals(1)},
		{Key: "empty_pressure", Name: "Empty pressure", Platform: Sensor, Category: Diagnostic, Icon: "mdi:gauge-empty", Precision: decimals(2), Disabled: true},
		{Key: "calibration_factor", Name: "Calibration factor", Platform: Sensor, Category: Diagnostic, Icon: "mdi:scale-balance", Precision: decimals(2), Disabled: true},
		{Key: "min_fill_rate", Name: "Minimum fill rate", Platform: Sensor, Category: Diagnostic, Icon: "mdi:speedometer-slow", Precision: decimals(2), Disabled: true},
		{Key: "fill_timeout", Name: "Fill timeout", Platform: Sensor, Category: Diagnostic, Icon: "mdi:timer-outline", Precision: decimals(1), Disabled: true},
		{Key: "temperature_offset", Name: "Temperature offset", Platform: Sensor, DeviceClass: "temperature_delta", Unit: celsius, Category: Diagnostic, Precision: decimals(1), Disabled: true},
		{Key: "sounds_enabled", Name: "Sounds", Platform: BinarySensor, Category: Diagnostic, Icon: "mdi:volume-high", Disabled: true},
	}
}
