package raptclient

import "time"

// Control is what the devices that heat or cool share: temperature controllers, fermentation chambers, BrewZillas and
// stills. Temperatures are Celsius, run times seconds, starts counts.
type Control struct {
	Target
	Outputs
	RunTimes
	PID
	Probes
	Protection
	Preferences

	// The history of sessions grows for ever; what runs now is in ActiveProfileSession.
	_ ignored `rapt:"profileSessions"`
}

// Target is the temperature that is held, and the one there is. All are Celsius.
type Target struct {
	Temperature          Null[float64] `rapt:"temperature"`
	TargetTemperature    Null[float64] `rapt:"targetTemperature"`
	MinTargetTemperature Null[float64] `rapt:"minTargetTemperature"`
	MaxTargetTemperature Null[float64] `rapt:"maxTargetTemperature"`
}

// Outputs are what may heat and cool.
type Outputs struct {
	// CoolingEnabled and HeatingEnabled are mode settings on controllers and chambers, not the state of a relay
	// (observed). HeatingEnabled is a switch on BrewZillas and stills.
	CoolingEnabled Null[bool] `rapt:"coolingEnabled"`
	HeatingEnabled Null[bool] `rapt:"heatingEnabled"`
	// HeatingUtilisation is 0 to 100 %.
	HeatingUtilisation Null[float64] `rapt:"heatingUtilisation"`
}

// RunTimes are how long (seconds) and how often relays have been on.
type RunTimes struct {
	TotalRunTime   Null[float64] `rapt:"totalRunTime"`
	CoolingRunTime Null[float64] `rapt:"coolingRunTime"`
	CoolingStarts  Null[float64] `rapt:"coolingStarts"`
	HeatingRunTime Null[float64] `rapt:"heatingRunTime"`
	HeatingStarts  Null[float64] `rapt:"heatingStarts"`
}

// PID is the settings of PID control. The unit of PIDCycleTime is not documented.
type PID struct {
	PIDEnabled      Null[bool]    `rapt:"pidEnabled"`
	PIDProportional Null[float64] `rapt:"pidProportional"`
	PIDIntegral     Null[float64] `rapt:"pidIntegral"`
	PIDDerivative   Null[float64] `rapt:"pidDerivative"`
	PIDCycleTime    Null[float64] `rapt:"pidCycleTime"`
}

// Probes are the device's own temperature probe (NTC) and a Bluetooth one that is bound to it.
type Probes struct {
	NTCBeta           Null[float64] `rapt:"ntcBeta"`
	NTCRefResistance  Null[float64] `rapt:"ntcRefResistance"`
	NTCRefTemperature Null[float64] `rapt:"ntcRefTemperature"`

	SensorDifferential Null[float64] `rapt:"sensorDifferential"`
	SensorTimeout      Null[float64] `rapt:"sensorTimeout"`
	UseInternalSensor  Null[bool]    `rapt:"useInternalSensor"`

	ControlDevice
}

// ControlDevice is the Bluetooth sensor that is bound to a device.
type ControlDevice struct {
	ControlDeviceType       Null[string] `rapt:"controlDeviceType"`
	ControlDeviceMACAddress Null[string] `rapt:"controlDeviceMacAddress"`
	// ControlDeviceTemperature is Celsius, and 0 when no sensor is bound (observed): then it is not a reading.
	ControlDeviceTemperature Null[float64] `rapt:"controlDeviceTemperature"`
}

// Protection is what spares the relays and warns of the temperature.
type Protection struct {
	// CompressorDelay (0 to 10) and ModeSwitchDelay (0 to 30) are minutes (ranges: contract).
	CompressorDelay Null[float64] `rapt:"compressorDelay"`
	ModeSwitchDelay Null[float64] `rapt:"modeSwitchDelay"`
	// CoolingHysteresis and HeatingHysteresis are 0 to 10 K (contract).
	CoolingHysteresis Null[float64] `rapt:"coolingHysteresis"`
	HeatingHysteresis Null[float64] `rapt:"heatingHysteresis"`
	// HighTempAlarm and LowTempAlarm are Celsius.
	HighTempAlarm Null[float64] `rapt:"highTempAlarm"`
	LowTempAlarm  Null[float64] `rapt:"lowTempAlarm"`
}

// Preferences are settings of the device that regulate nothing.
type Preferences struct {
	// TelemetryFrequency is 1 to 14440 in the contract. Whether it is minutes or seconds is not known.
	TelemetryFrequency Null[int]     `rapt:"telemetryFrequency"`
	CustomerUse        Null[string]  `rapt:"customerUse"`
	TempUnit           Null[string]  `rapt:"tempUnit"`
	SoundsEnabled      Null[bool]    `rapt:"soundsEnabled"`
	BluetoothEnabled   Null[bool]    `rapt:"bluetoothEnabled"`
	BetaUpdates        Null[bool]    `rapt:"betaUpdates"`
	ShowGraph          Null[bool]    `rapt:"showGraph"`
	GraphZoomLevel     Null[float64] `rapt:"graphZoomLevel"`
}

// ControlTelemetry is what the telemetry rows of the devices that heat or cool share. Units are those of [Control].
type ControlTelemetry struct {
	ControlDevice

	Temperature       Null[float64] `rapt:"temperature"`
	TargetTemperature Null[float64] `rapt:"targetTemperature"`
	TotalRunTime      Null[float64] `rapt:"totalRunTime"`
	HeatingRunTime    Null[float64] `rapt:"heatingRunTime"`
	HeatingStarts     Null[float64] `rapt:"heatingStarts"`

	ProfileID               Null[string]    `rapt:"profileId,uuid"`
	ProfileStepID           Null[string]    `rapt:"profileStepId,uuid"`
	ProfileSessionStartDate Null[time.Time] `rapt:"profileSessionStartDate"`
	ProfileSessionTime      Null[int]       `rapt:"profileSessionTime"`
	ProfileStepProgress     Null[int]       `rapt:"profileStepProgress"`
}
