package raptclient

// BrewZilla is a BrewZilla: a kettle with heater and pump for mash and boil.
type BrewZilla struct {
	Device
	Control
	// AuxillaryRunTime is seconds. "Auxillary" is the API's spelling.
	AuxillaryRunTime Null[float64] `rapt:"auxillaryRunTime"`
	AuxillaryStarts  Null[float64] `rapt:"auxillaryStarts"`
	PumpEnabled      Null[bool]    `rapt:"pumpEnabled"`
	// PumpUtilisation is 0 to 100 %.
	PumpUtilisation  Null[float64] `rapt:"pumpUtilisation"`
	DistillationMode Null[bool]    `rapt:"distillationMode"`
	// Telemetry is newest first.
	Telemetry []BrewZillaTelemetry `rapt:"telemetry,rows"`
}

// BrewZillaTelemetry is one reading. Units are those of [BrewZilla].
type BrewZillaTelemetry struct {
	TelemetryRow
	ControlTelemetry
	MinTargetTemperature Null[float64] `rapt:"minTargetTemperature"`
	MaxTargetTemperature Null[float64] `rapt:"maxTargetTemperature"`
	AuxillaryRunTime     Null[float64] `rapt:"auxillaryRunTime"`
	AuxillaryStarts      Null[float64] `rapt:"auxillaryStarts"`
}
