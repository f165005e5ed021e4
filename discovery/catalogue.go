package discovery

import "slices"

// Units. The API's own scales are converted before they reach a state document.
const (
	celsius   = "°C"
	percent   = "%"
	seconds   = "s"
	minutes   = "min"
	hours     = "h"
	sg        = "SG"
	plato     = "°P"
	watt      = "W"
	dBm       = "dBm"
	perMinute = "°C/min"

	fahrenheitPerMinute = "°F/min"
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
	return slices.DeleteFunc(slices.Clone(rows[f]), func(e Entity) bool { return e.Platform == "" })
}

// Commands lists the rows of a family, Bridge included, that take commands. A row without a platform has no entity;
// the target temperature's is the climate entity.
func Commands(f Family) []Entity {
	return slices.DeleteFunc(slices.Clone(rows[f]), func(e Entity) bool { return !e.Commandable })
}

// rows is the catalogue: what there is of each family, in the order that a reader of it wants.
var rows = map[Family][]Entity{
	Hydrometer: slices.Concat(beer(), hydrometer(), batch(), batchInputs(), profile(), profileGravities(false), device()),
	TemperatureController: slices.Concat(climate(coolingKind()), control(), cooling(), profile(), profileGravities(true), settings(),
		coolingSettings(), device(), outcome()),
	FermentationChamber: slices.Concat(climate(coolingKind()), control(), cooling(), chamber(), profile(), profileGravities(true),
		settings(), coolingSettings(), device(), outcome()),
	BrewZilla: slices.Concat(climate(kettleKind()), control(), kettleControls(), brewzilla(), profile(), profileGravities(true),
		settings(), device(), outcome()),
	Still: slices.Concat(climate(kettleKind()), control(), kettleControls(), still(), profile(), profileGravities(true),
		settings(), device(), outcome()),
	CanFiller:      slices.Concat(filling(), device()),
	BondedDevice:   slices.Concat(thermometer(), device()),
	ExternalDevice: slices.Concat(beer(), external(), batch(), batchInputs(), device(), outcome()),
	Bridge:         bridge(),
}

// activityStep is how long the last activity stays as it is in Home Assistant, seconds: a device that reports every
// minute would write a line into Activity each time. A longer step would make a device that is well look silent.
const activityStep = 15 * 60

// device rows are on every device.
func device() []Entity {
	return []Entity{
		{Key: "last_activity", Name: "Last activity", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic, AlwaysAvailable: true, Source: Source{RoundDown: activityStep}},
		{Key: "next_reading_expected", Name: "Next reading expected", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic, Disabled: true},
		{Key: "reporting_interval", Name: "Reporting interval", Platform: Sensor, DeviceClass: "duration", Unit: seconds, StateClass: Measurement, Category: Diagnostic, Precision: decimals(0), Disabled: true},
		{Key: "rssi", Name: "Signal strength", ClassNamed: true, Platform: Sensor, DeviceClass: "signal_strength", Unit: dBm, StateClass: Measurement, Category: Diagnostic, Precision: decimals(0), Disabled: true},
		{Key: "connection_state", Name: "Connectivity", ClassNamed: true, Platform: BinarySensor, DeviceClass: "connectivity", Category: Diagnostic, Source: Source{On: "connected", Off: "disconnected"}},
		{Key: "status", Name: "Status", Platform: Sensor, Category: Diagnostic, Icon: "mdi:information-outline", Disabled: true},
		{Key: "error", Name: "Error", Platform: Sensor, Category: Diagnostic, Icon: "mdi:alert-circle-outline", Source: Source{Empty: noError}},
		{Key: "firmware_version", Name: "Firmware version", Platform: Sensor, Category: Diagnostic, Icon: "mdi:chip"},
		// On means that there is an update, which is when the firmware is not the latest.
		{Key: "is_latest_firmware", Name: "Firmware update", Platform: BinarySensor, DeviceClass: "update", Category: Diagnostic, Source: Source{Inverted: true}},
	}
}

// profile rows are on every family that can run a fermentation, mash or distillation profile. One entity tells all of it;
// its parts are there for who wants them, and unknown while no profile runs.
func profile() []Entity {
	return []Entity{
		{Key: "profile", Name: "Profile", Platform: Sensor, Icon: "mdi:clipboard-text-outline", Source: Source{Member: "active_profile", Composed: profileText(), Attributes: profileAttributes()}},
		{Key: "active_profile", Name: "Profile name", Platform: Sensor, Icon: "mdi:clipboard-text-outline", Disabled: true},
		{Key: "active_profile_step", Name: "Profile step", Platform: Sensor, Icon: "mdi:clipboard-play-outline", Disabled: true},
		{Key: "profile_step_number", Name: "Profile step number", Platform: Sensor, Icon: "mdi:counter", Precision: decimals(0), Disabled: true},
		{Key: "profile_step_count", Name: "Profile step count", Platform: Sensor, Icon: "mdi:counter", Precision: decimals(0), Disabled: true},
		{Key: "profile_progress", Name: "Profile progress", Platform: Sensor, Unit: percent, Icon: "mdi:progress-clock", Precision: decimals(0), Disabled: true},
		{Key: "profile_time_remaining", Name: "Profile time remaining", Platform: Sensor, DeviceClass: "duration", Unit: hours, Precision: decimals(1), Disabled: true, Source: Source{Divisor: 3600, DocumentUnit: seconds}},
		{Key: "profile_estimated_end", Name: "Profile estimated end", Platform: Sensor, DeviceClass: "timestamp", Disabled: true, Source: Source{RoundDown: endStep}},
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
			Source:  Source{Attributes: code("api_status")},
		},
		{Key: "last_successful_poll", Name: "Last successful poll", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic, Disabled: true},
		{Key: "last_error", Name: "Last error", Platform: Sensor, Category: Diagnostic, Icon: "mdi:alert-circle-outline", Source: Source{Empty: noError}},
		{Key: "requests_last_hour", Name: "Requests in the last hour", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:swap-vertical", Precision: decimals(0), Disabled: true},
		{Key: "requests_remaining", Name: "Requests remaining", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:speedometer", Precision: decimals(0), Disabled: true},
		{Key: "rate_limit_reset", Name: "Rate limit reset", Platform: Sensor, DeviceClass: "timestamp", Category: Diagnostic, Disabled: true},
		// On while a kettle that the bridge has switched on is silent.
		{
			Key: "heating_unseen", Name: "Heating unseen", Platform: BinarySensor, DeviceClass: "problem", Category: Diagnostic,
			Source: Source{Attributes: []attribute{{"devices", "d.get('heating_unseen_devices') or []"}}},
		},
		{Key: "unknown_fields", Name: "Unknown fields", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:help-circle-outline", Precision: decimals(0)},
		{Key: "devices", Name: "Devices", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:devices", Precision: decimals(0)},
		{Key: "pushed_devices", Name: "Devices pushed by webhooks", Platform: Sensor, StateClass: Measurement, Category: Diagnostic, Icon: "mdi:webhook", Precision: decimals(0), Disabled: true},
		{Key: "version", Name: "Version", Platform: Sensor, Category: Diagnostic, Icon: "mdi:tag-outline"},
		{Key: "refresh", Name: "Refresh", Platform: Button, Icon: "mdi:refresh", Commandable: true, Setter: Setter{Accepts: "PRESS", Example: "PRESS"}},
	}
}

// code is an attribute with the text of the document, for automations: what an enum sensor shows is translated.
func code(key string) []attribute { return []attribute{{"code", "d.get('" + key + "')"}} }
