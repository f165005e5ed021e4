package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Keys of the state documents that entities show, by theme.
const (
	deviceDocument  = "rssi last_activity connection_state firmware_version is_latest_firmware status error reporting_interval next_reading_expected"
	profileDocument = "profile active_profile active_profile_step profile_step_number profile_step_count profile_progress profile_time_remaining profile_estimated_end original_gravity final_gravity"
	controlDocument = "climate temperature target_temperature control_device_temperature total_run_time heating_run_time heating_starts heating_active heating_enabled heating_utilisation " +
		"high_temp_alarm low_temp_alarm pid_enabled pid_proportional pid_integral pid_derivative pid_cycle_time heating_hysteresis sensor_differential sensor_timeout " +
		"use_internal_sensor sounds_enabled bluetooth_enabled telemetry_frequency result"
	batchDocument = "stage batch_day gravity_rate filtered_gravity abv apparent_attenuation real_attenuation calories expected_end earliest_end latest_end expected_final_gravity stuck disturbed " +
		"outside_yeast_range batch_event batch_original_gravity batch_final_gravity batch_name new_batch"
	coolingDocument = "cooling_run_time cooling_starts cooling_active cooling_enabled cooling_hysteresis compressor_delay mode_switch_delay"
)

var familyKeys = map[Family]string{
	Hydrometer:            deviceDocument + " " + profileDocument + " " + batchDocument + " gravity gravity_velocity plato temperature battery",
	TemperatureController: deviceDocument + " " + profileDocument + " " + controlDocument + " " + coolingDocument,
	FermentationChamber: deviceDocument + " " + profileDocument + " " + controlDocument + " " + coolingDocument +
		" compressor_run_time compressor_starts auxillary_run_time auxillary_starts fan_enabled light_enabled",
	BrewZilla: deviceDocument + " " + profileDocument + " " + controlDocument + " auxillary_run_time auxillary_starts pump_enabled pump_utilisation distillation_mode",
	Still:     deviceDocument + " " + profileDocument + " " + controlDocument + " temperature_vapour temperature_wash rhc ethanol power abv temp_per_min temp_per_min_fahrenheit pump_enabled pump_utilisation",
	CanFiller: deviceDocument + " total_fill_count total_failed_count last_session_start last_session_end last_session_fill_count last_session_failed_count last_session_duration " +
		"last_session_cans_per_minute last_session_average_fill_time last_session_average_temperature empty_pressure calibration_factor min_fill_rate fill_timeout temperature_offset sounds_enabled",
	BondedDevice:   deviceDocument + " temperature battery",
	ExternalDevice: deviceDocument + " " + batchDocument + " temperature gravity plato pressure battery result",
	Bridge:         "version api_status last_successful_poll last_error requests_last_hour requests_remaining rate_limit_reset unknown_fields devices heating_unseen pushed_devices refresh",
}

func keys(entities []Entity) []string {
	out := make([]string, len(entities))
	for i, e := range entities {
		out[i] = e.Key
	}
	return out
}

func TestEachFamilyHasItsEntities(t *testing.T) {
	for f, want := range familyKeys {
		assert.ElementsMatch(t, strings.Fields(want), keys(Entities(f)), f)
	}
	assert.Len(t, familyKeys, len(Families())+1)
	assert.Empty(t, Entities("kettle"))
}

func TestEntitiesDoNotDependOnTheDevice(t *testing.T) {
	for _, f := range Families() {
		full, bare := parse(t, Config(options, example(f))), parse(t, Config(options, Device{Family: f, ID: id, Name: "Brew shed", HVACMode: "heat_cool"}))
		for _, m := range []message{full, bare} { // limits are the device's
			delete(m.Components["climate"], "min_temp")
			delete(m.Components["climate"], "max_temp")
		}
		assert.Equal(t, full.Components, bare.Components, f)
	}
}

func TestNamesAndKeysAreUniqueWithinAFamily(t *testing.T) {
	for _, f := range append(Families(), Bridge) {
		seen := map[string]bool{}
		for _, e := range Entities(f) {
			assert.False(t, seen[e.Key], "%s: key %s", f, e.Key)
			assert.False(t, seen["name "+e.Name], "%s: name %s", f, e.Name)
			seen[e.Key], seen["name "+e.Name] = true, true
			assert.Regexp(t, `^[a-z]+(_[a-z]+)*$`, e.Key)
			assert.NotContains(t, e.Key, "read_only")
		}
	}
}

func TestNamesReadWellAfterTheDevices(t *testing.T) {
	for _, f := range append(Families(), Bridge) {
		for _, e := range Entities(f) {
			if e.Platform == Climate {
				assert.Empty(t, e.Name)
				continue
			}
			assert.Regexp(t, `^[A-Z][A-Za-z ]+$`, e.Name)
			for _, repeated := range []string{"RAPT", "KegLand", f.Model(), strings.TrimPrefix(f.Model(), "RAPT ")} {
				assert.NotContains(t, e.Name, repeated, "the device's name stands before it")
			}
			assert.NotContains(t, e.Name, "Auxill", "the API's spelling is for keys only")
		}
	}
}

func TestReadingsThatMeanSomethingToABrewerAreEnabled(t *testing.T) {
	enabled := map[string]bool{}
	for _, f := range append(Families(), Bridge) {
		for _, e := range Entities(f) {
			enabled[string(f)+"."+e.Key] = !e.Disabled
		}
	}
	for _, key := range []string{
		"hydrometer.gravity", "hydrometer.plato", "hydrometer.abv", "hydrometer.original_gravity", "temperature_controller.cooling_active",
		"fermentation_chamber.fan_enabled", "brewzilla.pump_enabled", "still.temperature_vapour", "can_filler.total_fill_count",
		"external_device.pressure", "bonded_device.temperature", "brewzilla.pid_enabled", "still.profile", "hydrometer.last_activity",
		"bridge.heating_unseen", "bridge.api_status", "hydrometer.stage", "external_device.expected_end", "external_device.abv", "hydrometer.batch_event",
	} {
		assert.True(t, enabled[key], key)
	}
	for _, key := range []string{
		"hydrometer.reporting_interval", "temperature_controller.heating_enabled", "temperature_controller.cooling_enabled",
		"brewzilla.pid_proportional", "still.pid_integral", "fermentation_chamber.pid_derivative", "brewzilla.result", "external_device.result",
		"brewzilla.telemetry_frequency", "still.rssi", "hydrometer.next_reading_expected", "brewzilla.total_run_time", "still.status",
		"hydrometer.active_profile", "hydrometer.profile_time_remaining", "still.profile_estimated_end", "still.temp_per_min",
		"hydrometer.earliest_end", "external_device.latest_end", "hydrometer.real_attenuation", "external_device.calories", "bridge.last_successful_poll", "bridge.requests_last_hour", "bridge.requests_remaining", "bridge.rate_limit_reset",
	} {
		assert.False(t, enabled[key], key)
	}
}

// TestOneMeasurementInSGPerDevice holds what the blueprints that people have installed find a device's gravity by.
func TestOneMeasurementInSGPerDevice(t *testing.T) {
	for _, family := range []Family{Hydrometer, ExternalDevice} {
		var found []string
		for _, e := range Entities(family) {
			if e.Unit == sg && e.StateClass == Measurement {
				found = append(found, e.Key)
			}
		}
		assert.Equal(t, []string{"gravity"}, found, family)
	}
}

func TestCountersAreTotalIncreasing(t *testing.T) {
	for _, f := range Families() {
		for _, e := range Entities(f) {
			if strings.HasSuffix(e.Key, "_run_time") || strings.HasSuffix(e.Key, "_starts") || strings.HasPrefix(e.Key, "total_") {
				assert.Equal(t, TotalIncreasing, e.StateClass, e.Key)
			}
		}
	}
}

func TestModesAreSettableWhereTheAPIHasASetter(t *testing.T) {
	for _, f := range []Family{BrewZilla, Still} {
		climate := parse(t, Config(options, example(f))).Components["climate"]
		assert.Equal(t, options.Command(f, id, "heating_enabled"), climate["mode_command_topic"])
		assert.Equal(t, []any{"heat", "off"}, climate["modes"])
	}
}

// A mode that Home Assistant may choose and nobody carries out would be taken with success.
func TestOnlyThePresentModeIsAnnouncedWhereNoneCanBeSet(t *testing.T) {
	for _, f := range []Family{TemperatureController, FermentationChamber} {
		for mode, want := range map[string][]any{
			"off": {"off"}, "heat": {"heat"}, "cool": {"cool"}, "heat_cool": {"heat_cool"}, "": {}, "dry": {},
		} {
			d := example(f)
			d.HVACMode = mode
			climate := parse(t, Config(options, d)).Components["climate"]
			assert.Equal(t, want, climate["modes"], mode)
			assert.NotContains(t, climate, "mode_command_topic")
			assert.Equal(t, options.Command(f, id, "target_temperature"), climate["temperature_command_topic"])
		}
	}
}

// With commands off a kettle can't be switched off through Home Assistant either: climate.turn_off is to fail, and so is
// climate.set_temperature, which needs a topic.
func TestReadOnlyThePresentModeAloneIsAnnounced(t *testing.T) {
	o := options
	o.ReadOnly = true
	for _, f := range []Family{BrewZilla, Still} {
		for mode, want := range map[string][]any{"off": {"off"}, "heat": {"heat"}, "": {}} {
			d := example(f)
			d.HVACMode = mode
			climate := parse(t, Config(o, d)).Components["climate"]
			assert.Equal(t, want, climate["modes"], mode)
			assert.NotContains(t, climate, "temperature_command_topic")
			assert.NotContains(t, climate, "mode_command_topic")
		}
	}
}

func TestTemperaturesAreSentInHundredths(t *testing.T) {
	for _, f := range []Family{TemperatureController, FermentationChamber, BrewZilla, Still} {
		components := parse(t, Config(options, example(f))).Components
		assert.Equal(t, "{{value|round(2)}}", components["climate"]["temperature_command_template"])
		for key, c := range components {
			if c["platform"] == Number && len(c) > 1 {
				assert.Contains(t, c["command_template"], "value|round(", key)
			}
		}
	}
}

func TestASilentDeviceKeepsSayingWhy(t *testing.T) {
	for _, f := range Families() {
		always := map[string]bool{}
		for key, c := range parse(t, Config(options, example(f))).Components {
			if own, has := c["availability"]; has {
				always[key] = true
				assert.Equal(t, []any{map[string]any{"topic": options.BridgeAvailability()}}, own, key)
			}
		}
		want := map[string]bool{"last_activity": true}
		if f == Hydrometer || f == BondedDevice || f == ExternalDevice {
			want["battery"] = true
		}
		if f == Hydrometer || f == ExternalDevice { // what the owner says of a batch needs no device
			for _, key := range []string{"batch_event", "batch_original_gravity", "batch_final_gravity", "batch_name", "new_batch"} {
				want[key] = true
			}
		}
		assert.Equal(t, want, always, f)
	}
}

func TestWithoutAControlDeviceItsTemperatureIsDisabled(t *testing.T) {
	for _, none := range []bool{false, true} {
		d := example(FermentationChamber)
		d.NoControlDevice = none
		_, disabled := parse(t, Config(options, d)).Components["control_device_temperature"]["enabled_by_default"]
		assert.Equal(t, none, disabled)
	}
}

// Differences of temperatures are not converted to the home's unit, so that none is there unless its user wants it.
func TestDifferencesOfTemperaturesAreDisabled(t *testing.T) {
	for _, f := range Families() {
		for _, e := range Entities(f) {
			if e.DeviceClass == "temperature_delta" || strings.HasSuffix(e.Unit, "/min") && strings.HasPrefix(e.Unit, "°") {
				assert.True(t, e.Disabled, "%s of %s", e.Key, f)
			}
		}
	}
}

func TestEntitiesAreNamedByTheirClassWhereItsNameIsRight(t *testing.T) {
	components := parse(t, Config(options, example(Hydrometer))).Components
	for _, key := range []string{"temperature", "battery", "rssi", "connection_state"} {
		assert.NotContains(t, components[key], "name", key)
		assert.Contains(t, components[key], "device_class", key)
	}
	assert.Equal(t, "Gravity", components["gravity"]["name"])
	climate := parse(t, Config(options, example(Still))).Components["climate"]
	assert.Nil(t, climate["name"])
	assert.Contains(t, climate, "name", "null, for the device's own name")
}
