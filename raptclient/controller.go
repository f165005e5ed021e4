package raptclient

// TemperatureController is a RAPT Temperature Controller: two switched sockets, one for heating and one for cooling.
type TemperatureController struct {
	Device
	Control
	// Telemetry is newest first.
	Telemetry []TemperatureControllerTelemetry `rapt:"telemetry,rows"`
}

// TemperatureControllerTelemetry is one reading. Units are those of [Control].
type TemperatureControllerTelemetry struct {
	TelemetryRow
	ControlTelemetry
	MinTargetTemperature Null[float64] `rapt:"minTargetTemperature"`
	MaxTargetTemperature Null[float64] `rapt:"maxTargetTemperature"`
	CoolingRunTime       Null[float64] `rapt:"coolingRunTime"`
	CoolingStarts        Null[float64] `rapt:"coolingStarts"`
}
