package raptclient

// BondedDevice is a Bluetooth thermometer that is bonded to another RAPT device.
type BondedDevice struct {
	Device
	// Temperature is Celsius, Battery percent.
	Temperature Null[float64] `rapt:"temperature"`
	Battery     Null[float64] `rapt:"battery"`
	// Telemetry is newest first.
	Telemetry []BondedDeviceTelemetry `rapt:"telemetry,rows"`
}

// BondedDeviceTelemetry is one reading. Units are those of [BondedDevice].
type BondedDeviceTelemetry struct {
	TelemetryRow
	Temperature Null[float64] `rapt:"temperature"`
	Battery     Null[float64] `rapt:"battery"`
}
