package raptclient

// Still is a RAPT still.
type Still struct {
	Device
	Control
	// TemperatureVapour and TemperatureWash are Celsius.
	TemperatureVapour Null[float64] `rapt:"temperatureVapour"`
	TemperatureWash   Null[float64] `rapt:"temperatureWash"`
	// RHC has no documented unit.
	RHC Null[float64] `rapt:"rhc"`
	// Ethanol and ABV are percent.
	Ethanol Null[int]     `rapt:"ethanol"`
	ABV     Null[float64] `rapt:"abv"`
	// Power has no documented unit.
	Power Null[float64] `rapt:"power"`
	// TempPerMin is K per minute.
	TempPerMin Null[float64] `rapt:"tempPerMin"`
	// PumpEnabled and PumpUtilisation have setters in the contract and are missing from its StillModel. They are
	// read in case the cloud sends them.
	PumpEnabled     Null[bool]    `rapt:"pumpEnabled"`
	PumpUtilisation Null[float64] `rapt:"pumpUtilisation"`
	// Telemetry is newest first.
	Telemetry []StillTelemetry `rapt:"telemetry,rows"`
}

// StillTelemetry is one reading. Units are those of [Still].
type StillTelemetry struct {
	TelemetryRow
	ControlTelemetry
	TemperatureVapour Null[float64] `rapt:"temperatureVapour"`
	TemperatureWash   Null[float64] `rapt:"temperatureWash"`
	RHC               Null[float64] `rapt:"rhc"`
	Ethanol           Null[int]     `rapt:"ethanol"`
	Power             Null[float64] `rapt:"power"`
	ABV               Null[float64] `rapt:"abv"`
	TempPerMin        Null[float64] `rapt:"tempPerMin"`
}
