package raptsim

import "time"

type familySet uint8

const (
	inHydrometer familySet = 1 << iota
	inController
	inChamber
	inBrewZilla
	inStill
	inCanFiller
	inBonded
	inExternal

	inControlling = inController | inChamber | inBrewZilla | inStill
	inKettle      = inBrewZilla | inStill
	inProfiled    = inControlling | inHydrometer
	inAll         = familySet(0xff)
)

// familyRow is what the simulator knows of a family: its place in the API and its physics.
type familyRow struct {
	name       string
	bit        familySet
	segment    string // of the path
	list, one  string // operations
	idParam    string
	deviceType string
	sessionKey string // the field of a profile session that names the device; empty: no profiles
	every      time.Duration
	step       time.Duration // of the physics, brewing time
	advance    func(*device, *world, float64)
	start      func(*device)
}

// families lists all of them, in the order of the contract's names.
func families() []familyRow {
	return []familyRow{
		{Hydrometer, inHydrometer, "Hydrometers", "GetHydrometers", "GetHydrometer", "hydrometerId", "Hydrometer", "hydrometerId", 15 * time.Minute, 5 * time.Minute, advanceHydrometer, startHydrometer},
		{TemperatureController, inController, "TemperatureControllers", "GetTemperatureControllers", "GetTemperatureController", "temperatureControllerId", "TemperatureController", "temperatureControllerId", 5 * time.Minute, 30 * time.Second, advanceController, startController},
		{FermentationChamber, inChamber, "FermentationChambers", "GetFermentationChambers", "GetFermentationChamber", "fermentationChamberId", "FermentationChamber", "fermentationChamberId", 5 * time.Minute, 30 * time.Second, advanceController, startController},
		{BrewZilla, inBrewZilla, "BrewZillas", "GetBrewZillas", "GetBrewZilla", "brewZillaId", "BrewZilla", "brewZillaId", time.Minute, 10 * time.Second, advanceKettle, startKettle},
		{Still, inStill, "Stills", "GetStills", "GetStill", "stillId", "Still", "stillId", time.Minute, 10 * time.Second, advanceStill, startStill},
		{CanFiller, inCanFiller, "CanFillers", "GetCanFillers", "GetCanFiller", "canFillerId", "CanFiller", "", 2 * time.Minute, 10 * time.Second, advanceCanFiller, startCanFiller},
		{BondedDevice, inBonded, "BondedDevices", "GetBondedDevices", "GetBondedDevice", "bondedDeviceId", "BLETemperature", "", 5 * time.Minute, time.Minute, advanceBonded, startBonded},
		{ExternalDevice, inExternal, "ExternalDevices", "GetAll", "Get", "deviceId", "External", "", 15 * time.Minute, 5 * time.Minute, advanceExternal, startExternal},
	}
}
