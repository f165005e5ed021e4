package device

import (
	"strings"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// deviceRows are in every document.
func deviceRows() []row[raptclient.Device] {
	type D = raptclient.Device
	return []row[D]{
		textRow("name", func(d *D) str { return d.Name }),
		textRow("device_type", func(d *D) str { return d.DeviceType }),
		timeRow("last_activity", func(d *D) timestamp { return d.LastActivityTime }),
		derivedRow("reporting_interval", func(_ *D, derived *Derived) Value {
			return some(float{V: derived.Interval.Seconds(), Valid: derived.Interval > 0})
		}),
		derivedRow("next_reading_expected", func(_ *D, derived *Derived) Value { return Time(derived.Expected) }),
		textRow("connection_state", func(d *D) str { return d.ConnectionState }),
		numberRow("rssi", 0, func(d *D) float { return within(d.RSSI, -150, -1) }),
		textRow("firmware_version", func(d *D) str { return d.FirmwareVersion }),
		flagRow("is_latest_firmware", func(d *D) boolean { return d.IsLatestFirmware }),
		textRow("status", func(d *D) str { return d.Status }),
		textRow("error", func(d *D) str { return d.Error }),
	}
}

// controlRows are in the documents of controllers, chambers, BrewZillas and stills.
func controlRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		numberRow("temperature", 2, func(d *D) float { return celsius(d.Temperature) }),
		settableNumber("target_temperature", 2, celsius, func(d *D) *float { return &d.TargetTemperature }),
		numberRow("min_target_temperature", 2, func(d *D) float { return celsius(d.MinTargetTemperature) }),
		numberRow("max_target_temperature", 2, func(d *D) float { return celsius(d.MaxTargetTemperature) }),
		numberRow("control_device_temperature", 2, controlDeviceTemperature),
		textRow("control_device_type", func(d *D) str { return d.ControlDeviceType }),
		settableFlag("heating_enabled", func(d *D) *boolean { return &d.HeatingEnabled }),
		derivedRow("heating_active", func(_ *D, derived *Derived) Value { return someFlag(derived.Heating) }),
		settableNumber("heating_utilisation", 1, percent, func(d *D) *float { return &d.HeatingUtilisation }),
		numberRow("heating_run_time", 0, func(d *D) float { return counter(d.HeatingRunTime) }),
		numberRow("heating_starts", 0, func(d *D) float { return counter(d.HeatingStarts) }),
		numberRow("total_run_time", 0, func(d *D) float { return counter(d.TotalRunTime) }),
		numberRow("high_temp_alarm", 2, func(d *D) float { return celsius(d.HighTempAlarm) }),
		numberRow("low_temp_alarm", 2, func(d *D) float { return celsius(d.LowTempAlarm) }),
		settableFlag("pid_enabled", func(d *D) *boolean { return &d.PIDEnabled }),
		settableNumber("pid_proportional", 4, asShown, func(d *D) *float { return &d.PIDProportional }),
		settableNumber("pid_integral", 4, asShown, func(d *D) *float { return &d.PIDIntegral }),
		settableNumber("pid_derivative", 4, asShown, func(d *D) *float { return &d.PIDDerivative }),
		numberRow("pid_cycle_time", 2, func(d *D) float { return d.PIDCycleTime }),
		numberRow("heating_hysteresis", 2, func(d *D) float { return d.HeatingHysteresis }),
		numberRow("sensor_differential", 2, func(d *D) float { return d.SensorDifferential }),
		numberRow("sensor_timeout", 2, func(d *D) float { return d.SensorTimeout }),
		flagRow("use_internal_sensor", func(d *D) boolean { return d.UseInternalSensor }),
		flagRow("sounds_enabled", func(d *D) boolean { return d.SoundsEnabled }),
		flagRow("bluetooth_enabled", func(d *D) boolean { return d.BluetoothEnabled }),
		numberRow("telemetry_frequency", 0, func(d *D) float { return whole(d.TelemetryFrequency) }),
	}
}

// controlDeviceTemperature is the Bluetooth sensor's reading. Without a sensor the cloud shows 0.0 (observed).
func controlDeviceTemperature(d *raptclient.Control) float {
	if blank(d.ControlDeviceType) && blank(d.ControlDeviceMACAddress) {
		return float{}
	}
	return celsius(d.ControlDeviceTemperature)
}

func blank(v str) bool {
	s := strings.TrimSpace(v.V)
	return !v.Valid || s == "" || strings.EqualFold(s, "none") || strings.Trim(s, "0:-") == ""
}

// coolingRows are in the documents of controllers and chambers, which cool as well as heat. Their heating_enabled and
// cooling_enabled are settings, so the mode comes from them and the action from the counters.
func coolingRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		derivedRow("hvac_mode", func(d *D, _ *Derived) Value { return controllerMode(d) }),
		derivedRow("hvac_action", func(d *D, derived *Derived) Value { return action(controllerMode(d), derived) }),
		flagRow("cooling_enabled", func(d *D) boolean { return d.CoolingEnabled }),
		derivedRow("cooling_active", func(_ *D, derived *Derived) Value { return someFlag(derived.Cooling) }),
		numberRow("cooling_run_time", 0, func(d *D) float { return counter(d.CoolingRunTime) }),
		numberRow("cooling_starts", 0, func(d *D) float { return counter(d.CoolingStarts) }),
		numberRow("cooling_hysteresis", 2, func(d *D) float { return d.CoolingHysteresis }),
		numberRow("compressor_delay", 2, func(d *D) float { return d.CompressorDelay }),
		numberRow("mode_switch_delay", 2, func(d *D) float { return d.ModeSwitchDelay }),
	}
}

// kettleRows are in the documents of BrewZillas and stills, where heating_enabled is a switch.
func kettleRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		derivedRow("hvac_mode", func(d *D, _ *Derived) Value { return kettleMode(d) }),
		derivedRow("hvac_action", func(d *D, derived *Derived) Value { return action(kettleMode(d), derived) }),
	}
}

// profileRows are in the documents of the families that can run a profile: all null while none runs.
func profileRows() []row[raptclient.Device] {
	type D = raptclient.Device
	return []row[D]{
		textRow("active_profile", func(d *D) str { return runningProfile(d).name }),
		textRow("active_profile_step", func(d *D) str { return runningProfile(d).step }),
		numberRow("profile_step_number", 0, func(d *D) float { return runningProfile(d).stepNumber }),
		numberRow("profile_step_count", 0, func(d *D) float { return runningProfile(d).stepCount }),
		numberRow("profile_step_target", 2, func(d *D) float { return runningProfile(d).stepTarget }),
		textRow("profile_next_step", func(d *D) str { return runningProfile(d).nextStep }),
		numberRow("profile_progress", 1, func(d *D) float { return runningProfile(d).progress }),
		numberRow("profile_time_remaining", 0, func(d *D) float { return runningProfile(d).remaining }),
		timeRow("profile_estimated_end", func(d *D) timestamp { return runningProfile(d).end }),
		numberRow("original_gravity", 4, func(d *D) float { return runningProfile(d).originalGravity }),
		numberRow("final_gravity", 4, func(d *D) float { return runningProfile(d).finalGravity }),
	}
}

// gravityRows are in the documents of what measures gravity.
func gravityRows[D any](gravity func(*D) float) []row[D] {
	return []row[D]{
		numberRow("gravity", 4, func(d *D) float { return specificGravity(gravity(d)) }),
		numberRow("plato", 2, func(d *D) float { return plato(specificGravity(gravity(d))) }),
	}
}
