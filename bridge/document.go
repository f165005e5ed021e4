package bridge

import (
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// findings are what the bridge knows of a device beyond its newest reading.
type findings struct {
	interval time.Duration // from reading to reading; 0 while unknown
	expected time.Time     // when the next reading should show
	heating  flag          // the run-time counters advanced between the last two readings
	cooling  flag
}

// row is one member of a family's state document.
type row[D any] struct {
	key    string
	append func(b []byte, d *D, f *findings) []byte
}

// document writes the state document of d: every key of the rows, in their order, always.
func document[D any](b []byte, rows []row[D], d *D, f *findings) []byte {
	b = append(b, '{')
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, rows[i].key...)
		b = append(b, '"', ':')
		b = rows[i].append(b, d, f)
	}
	return append(b, '}')
}

func numberRow[D any](key string, decimals int, get func(*D) number) row[D] {
	return row[D]{key, func(b []byte, d *D, _ *findings) []byte { return appendNumber(b, get(d), decimals) }}
}

func flagRow[D any](key string, get func(*D) flag) row[D] {
	return row[D]{key, func(b []byte, d *D, _ *findings) []byte { return appendFlag(b, get(d)) }}
}

func textRow[D any](key string, get func(*D) text) row[D] {
	return row[D]{key, func(b []byte, d *D, _ *findings) []byte { return appendText(b, get(d)) }}
}

func momentRow[D any](key string, get func(*D) moment) row[D] {
	return row[D]{key, func(b []byte, d *D, _ *findings) []byte { return appendMoment(b, get(d)) }}
}

// of makes rows of a part of the device, such as what all families share, into rows of the device.
func of[D, P any](part func(*D) *P, rows []row[P]) []row[D] {
	out := make([]row[D], len(rows))
	for i, r := range rows {
		out[i] = row[D]{r.key, func(b []byte, d *D, f *findings) []byte { return r.append(b, part(d), f) }}
	}
	return out
}

// deviceRows are in every document.
func deviceRows() []row[raptclient.Device] {
	type D = raptclient.Device
	return []row[D]{
		textRow("name", func(d *D) text { return d.Name }),
		textRow("device_type", func(d *D) text { return d.DeviceType }),
		momentRow("last_activity", func(d *D) moment { return d.LastActivityTime }),
		{"reporting_interval", func(b []byte, _ *D, f *findings) []byte {
			return appendNumber(b, number{V: f.interval.Seconds(), Valid: f.interval > 0}, 0)
		}},
		{"next_reading_expected", func(b []byte, _ *D, f *findings) []byte {
			return appendMoment(b, moment{V: f.expected, Valid: !f.expected.IsZero()})
		}},
		textRow("connection_state", func(d *D) text { return d.ConnectionState }),
		numberRow("rssi", 0, func(d *D) number { return within(d.RSSI, -150, -1) }),
		textRow("firmware_version", func(d *D) text { return d.FirmwareVersion }),
		flagRow("is_latest_firmware", func(d *D) flag { return d.IsLatestFirmware }),
		textRow("status", func(d *D) text { return d.Status }),
		textRow("error", func(d *D) text { return d.Error }),
	}
}

// controlRows are in the documents of controllers, chambers, BrewZillas and stills.
func controlRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		numberRow("temperature", 2, func(d *D) number { return celsius(d.Temperature) }),
		numberRow("target_temperature", 2, func(d *D) number { return celsius(d.TargetTemperature) }),
		numberRow("min_target_temperature", 2, func(d *D) number { return celsius(d.MinTargetTemperature) }),
		numberRow("max_target_temperature", 2, func(d *D) number { return celsius(d.MaxTargetTemperature) }),
		numberRow("control_device_temperature", 2, controlDeviceTemperature),
		textRow("control_device_type", func(d *D) text { return d.ControlDeviceType }),
		flagRow("heating_enabled", func(d *D) flag { return d.HeatingEnabled }),
		{"heating_active", func(b []byte, _ *D, f *findings) []byte { return appendFlag(b, f.heating) }},
		numberRow("heating_utilisation", 1, func(d *D) number { return percent(d.HeatingUtilisation) }),
		numberRow("heating_run_time", 0, func(d *D) number { return counter(d.HeatingRunTime) }),
		numberRow("heating_starts", 0, func(d *D) number { return counter(d.HeatingStarts) }),
		numberRow("total_run_time", 0, func(d *D) number { return counter(d.TotalRunTime) }),
		numberRow("high_temp_alarm", 2, func(d *D) number { return celsius(d.HighTempAlarm) }),
		numberRow("low_temp_alarm", 2, func(d *D) number { return celsius(d.LowTempAlarm) }),
		flagRow("pid_enabled", func(d *D) flag { return d.PIDEnabled }),
		numberRow("pid_proportional", 4, func(d *D) number { return d.PIDProportional }),
		numberRow("pid_integral", 4, func(d *D) number { return d.PIDIntegral }),
		numberRow("pid_derivative", 4, func(d *D) number { return d.PIDDerivative }),
		numberRow("pid_cycle_time", 2, func(d *D) number { return d.PIDCycleTime }),
		numberRow("heating_hysteresis", 2, func(d *D) number { return d.HeatingHysteresis }),
		numberRow("sensor_differential", 2, func(d *D) number { return d.SensorDifferential }),
		numberRow("sensor_timeout", 2, func(d *D) number { return d.SensorTimeout }),
		flagRow("use_internal_sensor", func(d *D) flag { return d.UseInternalSensor }),
		flagRow("sounds_enabled", func(d *D) flag { return d.SoundsEnabled }),
		flagRow("bluetooth_enabled", func(d *D) flag { return d.BluetoothEnabled }),
		{"telemetry_frequency", func(b []byte, d *D, _ *findings) []byte {
			return appendNumber(b, number{V: float64(d.TelemetryFrequency.V), Valid: d.TelemetryFrequency.Valid}, 0)
		}},
	}
}

// controlDeviceTemperature is the Bluetooth sensor's reading. Without a sensor the cloud shows 0.0 (observed).
func controlDeviceTemperature(d *raptclient.Control) number {
	if blank(d.ControlDeviceType) && blank(d.ControlDeviceMACAddress) {
		return number{}
	}
	return celsius(d.ControlDeviceTemperature)
}

func blank(v text) bool {
	s := strings.TrimSpace(v.V)
	return !v.Valid || s == "" || strings.EqualFold(s, "none") || strings.Trim(s, "0:-") == ""
}

func counter(v number) number { return within(v, 0, 1e12) }

// coolingRows are in the documents of controllers and chambers, which cool as well as heat. Their heating_enabled and
// cooling_enabled are settings, so the mode comes from them and the action from the counters.
func coolingRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		{"hvac_mode", func(b []byte, d *D, _ *findings) []byte { return appendText(b, controllerMode(d)) }},
		{"hvac_action", func(b []byte, d *D, f *findings) []byte { return appendText(b, action(controllerMode(d), f)) }},
		flagRow("cooling_enabled", func(d *D) flag { return d.CoolingEnabled }),
		{"cooling_active", func(b []byte, _ *D, f *findings) []byte { return appendFlag(b, f.cooling) }},
		numberRow("cooling_run_time", 0, func(d *D) number { return counter(d.CoolingRunTime) }),
		numberRow("cooling_starts", 0, func(d *D) number { return counter(d.CoolingStarts) }),
		numberRow("cooling_hysteresis", 2, func(d *D) number { return d.CoolingHysteresis }),
		numberRow("compressor_delay", 2, func(d *D) number { return d.CompressorDelay }),
		numberRow("mode_switch_delay", 2, func(d *D) number { return d.ModeSwitchDelay }),
	}
}

// kettleRows are in the documents of BrewZillas and stills, where heating_enabled is a switch.
func kettleRows() []row[raptclient.Control] {
	type D = raptclient.Control
	return []row[D]{
		{"hvac_mode", func(b []byte, d *D, _ *findings) []byte { return appendText(b, kettleMode(d)) }},
		{"hvac_action", func(b []byte, d *D, f *findings) []byte { return appendText(b, action(kettleMode(d), f)) }},
	}
}

func controllerMode(d *raptclient.Control) text {
	heating, cooling := d.HeatingEnabled, d.CoolingEnabled
	switch {
	case !heating.Valid && !cooling.Valid:
		return text{}
	case heating.V && cooling.V:
		return raptclient.Some("heat_cool")
	case heating.V:
		return raptclient.Some("heat")
	case cooling.V:
		return raptclient.Some("cool")
	}
	return raptclient.Some("off")
}

func kettleMode(d *raptclient.Control) text {
	switch {
	case !d.HeatingEnabled.Valid:
		return text{}
	case d.HeatingEnabled.V:
		return raptclient.Some("heat")
	}
	return raptclient.Some("off")
}

func action(mode text, f *findings) text {
	switch {
	case mode.Valid && mode.V == "off":
		return raptclient.Some("off")
	case f.cooling.V:
		return raptclient.Some("cooling")
	case f.heating.V:
		return raptclient.Some("heating")
	case f.heating.Valid || f.cooling.Valid:
		return raptclient.Some("idle")
	}
	return text{}
}

// profileRows are in the documents of the families that can run a profile: all null while none runs.
func profileRows() []row[raptclient.Device] {
	type D = raptclient.Device
	return []row[D]{
		textRow("active_profile", func(d *D) text { return runningProfile(d).name }),
		textRow("active_profile_step", func(d *D) text { return runningProfile(d).step }),
		numberRow("profile_step_number", 0, func(d *D) number { return runningProfile(d).stepNumber }),
		numberRow("profile_step_count", 0, func(d *D) number { return runningProfile(d).stepCount }),
		numberRow("profile_progress", 1, func(d *D) number { return runningProfile(d).progress }),
		numberRow("profile_time_remaining", 0, func(d *D) number { return runningProfile(d).remaining }),
		momentRow("profile_estimated_end", func(d *D) moment { return runningProfile(d).end }),
		numberRow("original_gravity", 4, func(d *D) number { return runningProfile(d).originalGravity }),
		numberRow("final_gravity", 4, func(d *D) number { return runningProfile(d).finalGravity }),
	}
}

// gravityRows are in the documents of what measures gravity.
func gravityRows[D any](gravity func(*D) number) []row[D] {
	return []row[D]{
		numberRow("gravity", 4, func(d *D) number { return specificGravity(gravity(d)) }),
		numberRow("plato", 2, func(d *D) number { return plato(specificGravity(gravity(d))) }),
	}
}
