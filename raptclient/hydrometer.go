package raptclient

// Hydrometer is a RAPT Pill, which floats in the fermenting beer and sleeps between readings.
type Hydrometer struct {
	Device
	// Temperature is Celsius.
	Temperature Null[float64] `rapt:"temperature"`
	// Gravity is SG x 1000. Out of liquid it spikes (observed): only 900 to 1200 is a plausible reading.
	Gravity Null[float64] `rapt:"gravity"`
	// GravityVelocity is points per day, negative while the beer ferments (observed).
	GravityVelocity Null[float64] `rapt:"gravityVelocity"`
	// Battery is percent.
	Battery Null[float64] `rapt:"battery"`
	// PairedDeviceID names the controller that this hydrometer steers.
	PairedDeviceType Null[string] `rapt:"pairedDeviceType,enum=DeviceTypes"`
	PairedDeviceID   Null[string] `rapt:"pairedDeviceId,uuid"`
	// Telemetry is newest first.
	Telemetry []HydrometerTelemetry `rapt:"telemetry,rows"`
}

// HydrometerTelemetry is one reading. Units are those of [Hydrometer].
type HydrometerTelemetry struct {
	TelemetryRow
	Temperature     Null[float64] `rapt:"temperature"`
	Gravity         Null[float64] `rapt:"gravity"`
	GravityVelocity Null[float64] `rapt:"gravityVelocity"`
	Battery         Null[float64] `rapt:"battery"`
	Version         Null[string]  `rapt:"version"`
}
