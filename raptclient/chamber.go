package raptclient

// FermentationChamber is a RAPT Fermentation Chamber: a fridge with compressor, heater, fan and light.
type FermentationChamber struct {
	Device
	Control
	// Run times are seconds. "Auxillary" is the API's spelling.
	CompressorRunTime Null[float64] `rapt:"compressorRunTime"`
	CompressorStarts  Null[float64] `rapt:"compressorStarts"`
	AuxillaryRunTime  Null[float64] `rapt:"auxillaryRunTime"`
	AuxillaryStarts   Null[float64] `rapt:"auxillaryStarts"`
	FanEnabled        Null[bool]    `rapt:"fanEnabled"`
	// LightEnabled is AlwaysOn, AlwaysOff or Automatic (contract).
	LightEnabled Null[string] `rapt:"lightEnabled,enum=ToggleStates"`
	// Telemetry is newest first.
	Telemetry []FermentationChamberTelemetry `rapt:"telemetry,rows"`
}

// FermentationChamberTelemetry is one reading. Units are those of [FermentationChamber].
type FermentationChamberTelemetry struct {
	TelemetryRow
	ControlTelemetry
	MinTargetTemperature Null[float64] `rapt:"minTargetTemperature"`
	MaxTargetTemperature Null[float64] `rapt:"maxTargetTemperature"`
	CompressorRunTime    Null[float64] `rapt:"compressorRunTime"`
	CompressorStarts     Null[float64] `rapt:"compressorStarts"`
	AuxillaryRunTime     Null[float64] `rapt:"auxillaryRunTime"`
	AuxillaryStarts      Null[float64] `rapt:"auxillaryStarts"`
}
