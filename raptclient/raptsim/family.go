package raptsim

import "time"

type familySet uint16

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
	inNone        = familySet(1 << 8)
)

// familyRow is what the simulator knows of a family: its place in the API and its physics.
type familyRow struct {
	name, deviceType string
	bit              familySet
	segment          string // of the path
	list, one        string // operations
	idParam          string
	sessionKey       string // the field of a profile session that names the device; empty: no profiles
	every            time.Duration
	step             time.Duration // of the physics, brewing time
	start            func(*device)
	advance          func(*device, *world, float64)
	drain            float64 // of the battery per report, in percent: the radio takes most of it
	sleeps           bool    // between its readings
	runs             func(*device) int
	row              func(*Cloud, *writer, *sent) // what a row of telemetry has beyond the table of fields
}

// families lists all of them, in the order of the contract's names. "runs" tells the profile that DeviceSpec.Profile runs.
func families() []familyRow {
	return []familyRow{
		{
			name: Hydrometer, deviceType: "Hydrometer", bit: inHydrometer,
			segment: "Hydrometers", list: "GetHydrometers", one: "GetHydrometer", idParam: "hydrometerId", sessionKey: "hydrometerId",
			every: 15 * time.Minute, step: 5 * time.Minute, start: startHydrometer, advance: advanceHydrometer,
			drain: 0.012, sleeps: true, runs: beerProfile, row: writeHydrometerRow,
		},
		{
			name: TemperatureController, deviceType: "TemperatureController", bit: inController,
			segment: "TemperatureControllers", list: "GetTemperatureControllers", one: "GetTemperatureController",
			idParam: "temperatureControllerId", sessionKey: "temperatureControllerId",
			every: 5 * time.Minute, step: 30 * time.Second, start: startController, advance: advanceController,
			runs: beerProfile, row: (*Cloud).writeRowProfile,
		},
		{
			name: FermentationChamber, deviceType: "FermentationChamber", bit: inChamber,
			segment: "FermentationChambers", list: "GetFermentationChambers", one: "GetFermentationChamber",
			idParam: "fermentationChamberId", sessionKey: "fermentationChamberId",
			every: 5 * time.Minute, step: 30 * time.Second, start: startController, advance: advanceController,
			runs: beerProfile, row: (*Cloud).writeRowProfile,
		},
		{
			name: BrewZilla, deviceType: "BrewZilla", bit: inBrewZilla,
			segment: "BrewZillas", list: "GetBrewZillas", one: "GetBrewZilla", idParam: "brewZillaId", sessionKey: "brewZillaId",
			every: time.Minute, step: 10 * time.Second, start: startKettle, advance: advanceKettle,
			runs: kettleProfile, row: (*Cloud).writeRowProfile,
		},
		{
			name: Still, deviceType: "Still", bit: inStill,
			segment: "Stills", list: "GetStills", one: "GetStill", idParam: "stillId", sessionKey: "stillId",
			every: time.Minute, step: 10 * time.Second, start: startStill, advance: advanceStill,
			row: (*Cloud).writeRowProfile,
		},
		{
			name: CanFiller, deviceType: "CanFiller", bit: inCanFiller,
			segment: "CanFillers", list: "GetCanFillers", one: "GetCanFiller", idParam: "canFillerId",
			every: 2 * time.Minute, step: 10 * time.Second, start: startCanFiller, advance: advanceCanFiller,
			row: writeFillRow,
		},
		{
			name: BondedDevice, deviceType: "BLETemperature", bit: inBonded,
			segment: "BondedDevices", list: "GetBondedDevices", one: "GetBondedDevice", idParam: "bondedDeviceId",
			every: 5 * time.Minute, step: time.Minute, start: startBonded, advance: advanceBonded,
			drain: 0.001, sleeps: true,
		},
		{
			name: ExternalDevice, deviceType: "External", bit: inExternal,
			segment: "ExternalDevices", list: "GetAll", one: "Get", idParam: "deviceId",
			every: 15 * time.Minute, step: 5 * time.Minute, start: startExternal, advance: advanceExternal,
			drain: 0.02, sleeps: true,
		},
	}
}
