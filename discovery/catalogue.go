package discovery

import "slices"

// Units. The API's own scales are converted before they reach a state document.
const (
	celsius   = "°C"
	percent   = "%"
	seconds   = "s"
	minutes   = "min"
	sg        = "SG"
	plato     = "°P"
	watt      = "W"
	dBm       = "dBm"
	perMinute = "°C/min"
)

// What commands take, in words for a person.
const (
	acceptsNumber = "a number, such as 18.5 or 1.85e1"
	acceptsSwitch = "ON or OFF (also true, false, 1, 0)"
)

// A target outside these limits can be meant for no device of the family; a device's own limits go before them.
const (
	coolingMin, coolingMax = -20, 50 // controllers and chambers, °C
	kettleMin, kettleMax   = 0, 110  // BrewZilla and still, °C
)

// gainMax is far above every PID gain that the RAPT app offers. The contract gives no range.
const gainMax = 10000

// Entities lists what Home Assistant shows of a family, Bridge included. The list is always the same.
func Entities(f Family) []Entity {
	return slices.DeleteFunc(rows(f), func(e Entity) bool { return e.Platform == "" })
}

// Commands lists the rows of a family, Bridge included, that take commands. A row without a platform has no entity;
// the target temperature's is the climate entity.
func Commands(f Family) []Entity {
	return slices.DeleteFunc(rows(f), func(e Entity) bool { return !e.Commandable })
}

// rows is the catalogue: what there is of each family, in the order that a reader of it wants.
func rows(f Family) []Entity {
	switch f {
	case Hydrometer:
		return slices.Concat(beer(), hydrometer(), profile(), profileGravities(false), device())
	case TemperatureController:
		return slices.Concat(climate(coolingKind()), control(), cooling(), profile(), profileGravities(true), settings(),
			coolingSettings(), device(), outcome())
	case FermentationChamber:
		return slices.Concat(climate(coolingKind()), control(), cooling(), chamber(), profile(), profileGravities(true),
			settings(), coolingSettings(), device(), outcome())
	case BrewZilla:
		return slices.Concat(climate(kettleKind()), control(), kettleControls(), brewzilla(), profile(), profileGravities(true),
			settings(), device(), outcome())
	case Still:
		return slices.Concat(climate(kettleKind()), control(), kettleControls(), still(), profile(), profileGravities(true),
			settings(), device(), outcome())
	case CanFiller:
		return slices.Concat(filling(), device())
	case BondedDevice:
		return slices.Concat(thermometer(), device())
	case ExternalDevice:
		return slices.Concat(beer(), external(), device(), outcome())
	case Bridge:
		return bridge()
	}
	return nil
}

// device rows are on every device.
func device() []Entity {
	return []Entity{
		{Key: "last_activity", Name: "Last activity", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic},
		{Key: "next_reading_expected", Name: "Next reading expected", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic},
		{Key: "reporting_interval", Name: "Reporting interval", Platform: Sensor, DeviceClass: "duration", Unit: seconds, StateClass: Measurement, Category: Diagnostic, Precision: decimals(0), Disabled: true},
		{Key: "rssi", Name: "Signal strength", Platform: Sensor, DeviceClass: "signal_strength", Unit: dBm, StateClass: Measurement, Category: Diagnostic, Precision: decimals(0)},
		{Key: "connection_state", Name: "Connection", Platform: BinarySensor, DeviceClass: "connectivity", Category: Diagnostic, On: "connected", Off: "disconnected"},
		{Key: "status", Name: "Status", Platform: Sensor, Category: Diagnostic, Icon: "mdi:information-outline"},
		{Key: "error", Name: "Error", Platform: Sensor, Category: Diagnostic, Icon: "mdi:alert-circle-outline"},
		{Key: "firmware_version", Name: "Firmware version", Platform: Sensor, Category: Diagnostic, Icon: "mdi:chip"},
		// On means that there is an update, which is when the firmware is not the latest.
		{Key: "is_latest_firmware", Name: "Firmware update", Platform: BinarySensor, DeviceClass: "update", Category: Diagnostic, Inverted: true},
	}
}

// profile rows are on every family that can run a fermentation, mash or distillation profile. All are unknown while none runs.
func profile() []Entity {
	return []Entity{
		{Key: "active_profile", Name: "Profile", Platform: Sensor, Icon: "mdi:clipboard-text-outline"},
		{Key: "active_profile_step", Name: "Profile step", Platform: Sensor, Icon: "mdi:clipboard-play-outline"},
		{Key: "profile_step_number", Name: "Profile step number", Platform: Sensor, Icon: "mdi:counter", Precision: decimals(0), Disabled: true},
		{Key: "profile_step_count", Name: "Profile step count", Platform: Sensor, Icon: "mdi:counter", Precision: decimals(0), Disabled: true},
		{Key: "profile_progress", Name: "Profile progress", Platform: Sensor, Unit: percent, Icon: "mdi:progress-clock", Precision: decimals(0)},
		{Key: "profile_time_remaining", Name: "Profile time remaining", Platform: Sensor, DeviceClass: "duration", Unit: "h", Divisor: 3600, DocumentUnit: seconds, Precision: decimals(1)},
		{Key: "profile_estimated_end", Name: "Profile estimated end", Platform: Sensor, DeviceClass: "timestamp"},
	}
}

// profileGravities are the gravities that the brewer gave with the profile. They are for the device that measures
// gravity; elsewhere they are disabled by default.
func profileGravities(disabled bool) []Entity {
	return []Entity{
		{Key: "original_gravity", Name: "Original gravity", Platform: Sensor, Unit: sg, Icon: "mdi:water-percent", Precision: decimals(4), Disabled: disabled},
		{Key: "final_gravity", Name: "Final gravity", Platform: Sensor, Unit: sg, Icon: "mdi:water-percent", Precision: decimals(4), Disabled: disabled},
	}
}

// outcome rows are on every device that takes commands. It is for automations that react to a refused command.
func outcome() []Entity {
	return []Entity{{
		Key: "result", Name: "Command result", Platform: Event, Category: Diagnostic, Icon: "mdi:message-reply-text-outline", Disabled: true,
		EventTypes: []string{"applied", "unchanged", "superseded", "rejected", "failed", "confirmed", "unconfirmed"},
	}}
}

// bridge rows are on the bridge's own device.
func bridge() []Entity {
	return []Entity{
		{
			Key: "api_status", Name: "API status", Platform: Sensor, DeviceClass: "enum", Category: Diagnostic, Icon: "mdi:cloud-outline",
			Options: []string{"ok", "slowed", "rate_limited", "signed_out", "rejected", "unreachable", "maintenance"},
		},
		{Key: "last_successful_poll", Name: "Last successful poll", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic},
		{Key: "last_error", Name: "Last error", Platform: Sensor, Category: Diagnostic, Icon: "mdi:alert-circle-outline"},
		{Key: "requests_last_hour", Name: "Requests in the last hour", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:swap-vertical", Precision: decimals(0)},
		{Key: "requests_remaining", Name: "Requests remaining", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:speedometer", Precision: decimals(0)},
		{Key: "rate_limit_reset", Name: "Rate limit reset", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic},
		{Key: "unknown_fields", Name: "Unknown fields", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:help-circle-outline", Precision: decimals(0)},
		{Key: "devices", Name: "Devices", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:devices", Precision: decimals(0)},
		{Key: "version", Name: "Version", Platform: Sensor, Category: Diagnostic, Icon: "mdi:tag-outline"},
		{Key: "refresh", Name: "Refresh", Platform: Button, Icon: "mdi:refresh", Commandable: true, Accepts: "PRESS", Example: "PRESS"},
	}
}
