package discovery

// Family names a kind of device by the endpoint that lists it, whatever the device's own type says. It is a segment
// of the device's topics.
type Family string

// The families of the API, and the bridge's own device.
const (
	Hydrometer            Family = "hydrometer"
	TemperatureController Family = "temperature_controller"
	FermentationChamber   Family = "fermentation_chamber"
	BrewZilla             Family = "brewzilla"
	Still                 Family = "still"
	CanFiller             Family = "can_filler"
	BondedDevice          Family = "bonded_device"
	ExternalDevice        Family = "external_device"

	// Bridge is the bridge's own device. It is not among Families.
	Bridge Family = "bridge"
)

// Families lists the eight families of the API, always in this order.
func Families() []Family {
	return []Family{
		Hydrometer, TemperatureController, FermentationChamber, BrewZilla, Still,
		CanFiller, BondedDevice, ExternalDevice,
	}
}

// Model is what Home Assistant shows as a device's model, such as "RAPT Pill".
func (f Family) Model() string {
	return map[Family]string{
		Hydrometer:            "RAPT Pill",
		TemperatureController: "RAPT Temperature Controller",
		FermentationChamber:   "RAPT Fermentation Chamber",
		BrewZilla:             "RAPT BrewZilla",
		Still:                 "RAPT Still",
		CanFiller:             "RAPT Can Filler",
		BondedDevice:          "RAPT Bonded Device",
		ExternalDevice:        "RAPT External Device",
		Bridge:                "RAPT Bridge",
	}[f]
}

// known says whether f is one of Families.
func (f Family) known() bool { return f != Bridge && f.Model() != "" }
