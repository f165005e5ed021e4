package discovery

// Device is what a discovery payload tells of a device beside its family's entities.
type Device struct {
	Family       Family
	ID           string // the RAPT uuid, lower case
	Name         string // as the cloud has it; DeviceName tidies it
	Firmware     string
	SerialNumber string
	MAC          string // in any usual form; left out of the payload unless it is a MAC address
	// MinTarget and MaxTarget are the device's own limits of its target temperature in °C; NaN, or both 0, where it
	// says none.
	MinTarget, MaxTarget float64
	// HVACMode is the mode that a controller, chamber or kettle is in: off, heat, cool or heat_cool, empty while it is unknown.
	// Where none can be set it is the only one that is announced: Home Assistant refuses what isn't announced.
	HVACMode string
	// NoControlDevice says that no control device is linked, so that its temperature can't be known.
	NoControlDevice bool
	// Suffix tells apart the entity ids of devices that share a name. Distinct sets it.
	Suffix string
}
