package raptclient

import "time"

// Control is what the devices that heat or cool share: temperature controllers, fermentation chambers, BrewZillas and
// stills. Temperatures are Celsius, run times seconds, starts counts.
type Control struct {
	Temperature          Null[float64] `rapt:"temperature"`
	TargetTemperature    Null[float64] `rapt:"targetTemperature"`
	MinTargetTemperature Null[float64] `rapt:"minTargetTemperature"`
	MaxTargetTemperature Null[float64] `rapt:"maxTargetTemperature"`
	TotalRunTime         Null[float64] `rapt:"totalRunTime"`

	// CoolingEnabled and HeatingEnabled are mode settings on controllers and chambers, not the state of a relay
	// (observed). HeatingEnabled is a switch on BrewZillas and stills.
	CoolingEnabled Null[bool]    `rapt:"coolingEnabled"`
	CoolingRunTime Null[float64] `rapt:"coolingRunTime"`
	CoolingStarts  Null[float64] `rapt:"coolingStarts"`
	HeatingEnabled Null[bool]    `rapt:"heatingEnabled"`
	HeatingRunTime Null[float64] `rapt:"heatingRunTime"`
	HeatingStarts  Null[float64] `rapt:"heatingStarts"`
	// HeatingUtilisation is 0 to 100 %.
	HeatingUtilisation Null[float64] `rapt:"heatingUtilisation"`

	HighTempAlarm     Null[float64] `rapt:"highTempAlarm"`
	LowTempAlarm      Null[float64] `rapt:"lowTempAlarm"`
	NTCBeta           Null[float64] `rapt:"ntcBeta"`
	NTCRefResistance  Null[float64] `rapt:"ntcRefResistance"`
	NTCRefTemperature Null[float64] `rapt:"ntcRefTemperature"`

	PIDEnabled      Null[bool]    `rapt:"pidEnabled"`
	PIDProportional Null[float64] `rapt:"pidProportional"`
	PIDIntegral     Null[float64] `rapt:"pidIntegral"`
	PIDDerivative   Null[float64] `rapt:"pidDerivative"`
	PIDCycleTime    Null[float64] `rapt:"pidCycleTime"`

	SensorDifferential Null[float64] `rapt:"sensorDifferential"`
	SensorTimeout      Null[float64] `rapt:"sensorTimeout"`
	UseInternalSensor  Null[bool]    `rapt:"useInternalSensor"`

	// ControlDeviceTemperature is 0 when no Bluetooth sensor is bound (observed): then it is not a reading.
	ControlDeviceType        Null[string]  `rapt:"controlDeviceType"`
	ControlDeviceMACAddress  Null[string]  `rapt:"controlDeviceMacAddress"`
	ControlDeviceTemperature Null[float64] `rapt:"controlDeviceTemperature"`

	// CompressorDelay (0 to 10) and ModeSwitchDelay (0 to 30) are minutes (ranges: contract).
	CompressorDelay Null[float64] `rapt:"compressorDelay"`
	ModeSwitchDelay Null[float64] `rapt:"modeSwitchDelay"`
	// CoolingHysteresis and HeatingHysteresis are 0 to 10 K (contract).
	CoolingHysteresis Null[float64] `rapt:"coolingHysteresis"`
	HeatingHysteresis Null[float64] `rapt:"heatingHysteresis"`

	// TelemetryFrequency is 1 to 14440 in the contract. Whether it is minutes or seconds is not known.
	TelemetryFrequency Null[int]     `rapt:"telemetryFrequency"`
	CustomerUse        Null[string]  `rapt:"customerUse"`
	TempUnit           Null[string]  `rapt:"tempUnit"`
	SoundsEnabled      Null[bool]    `rapt:"soundsEnabled"`
	BluetoothEnabled   Null[bool]    `rapt:"bluetoothEnabled"`
	BetaUpdates        Null[bool]    `rapt:"betaUpdates"`
	ShowGraph          Null[bool]    `rapt:"showGraph"`
	GraphZoomLevel     Null[float64] `rapt:"graphZoomLevel"`

	// The history of sessions grows for ever; what runs now is in ActiveProfileSession.
	_ ignored `rapt:"profileSessions"`
}

// ControlTelemetry is what the telemetry rows of the devices that heat or cool share. Units are those of [Control].
type ControlTelemetry struct {
	ControlDeviceType        Null[string]  `rapt:"controlDeviceType"`
	ControlDeviceMACAddress  Null[string]  `rapt:"controlDeviceMacAddress"`
	ControlDeviceTemperature Null[float64] `rapt:"controlDeviceTemperature"`

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
