package raptsim

import (
	"fmt"
	"time"
)

// DemoBrewery returns twelve devices over all eight families: a pale ale in its fridge, a stout on a heat belt, a keg
// fridge, a mash, a still's run, a canning day, two thermometers and a cider with an iSpindel.
func DemoBrewery() []DeviceSpec {
	const (
		fridge = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a03"
		belt   = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a05"
		kettle = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a06"
		day    = 24 * time.Hour
	)
	return []DeviceSpec{
		{
			Family: Hydrometer, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01", Name: "Pale Ale Pill",
			ReportEvery: 15 * time.Minute, Jitter: 0.02, Miss: 0.02, TimeDigits: 7,
			OriginalGravity: 1052, FinalGravity: 1010, Age: 3 * day, Profile: true, PairedWith: fridge,
		},
		{
			Family: Hydrometer, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a02", Name: "Stout Pill",
			ReportEvery: time.Hour, Jitter: 0.03, Miss: 0.02, TimeDigits: 0,
			OriginalGravity: 1064, FinalGravity: 1018, Age: 36 * time.Hour, PairedWith: belt,
			Values: map[string]any{"battery": 41.5},
		},
		{
			Family: FermentationChamber, ID: fridge, Name: "Fermentation Fridge",
			ReportEvery: 5 * time.Minute, Jitter: 0.01, Miss: 0.01, TimeDigits: 7,
			OriginalGravity: 1052, FinalGravity: 1010, Age: 3 * day, Profile: true,
			Values: map[string]any{
				"controlDeviceType": "Hydrometer", "controlDeviceMacAddress": "78-e3-6d-44-7f-e7",
				"pidEnabled": false, "temperature": 18.9,
			},
		},
		{
			Family: TemperatureController, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a04", Name: "Kegerator ",
			ReportEvery: time.Minute, Jitter: 0.02, Miss: 0.01, TimeDigits: 3,
			Values: map[string]any{"targetTemperature": 4.0, "temperature": 4.3, "heatingEnabled": false, "coolingHysteresis": 1.0},
		},
		{
			Family: TemperatureController, ID: belt, Name: "Stout Heat Belt",
			ReportEvery: 5 * time.Minute, Jitter: 0.02, Miss: 0.01, TimeDigits: 7,
			Values: map[string]any{"targetTemperature": 22.5, "temperature": 21.9, "coolingEnabled": false, "pidEnabled": true},
		},
		{
			Family: BrewZilla, ID: kettle, Name: "BrewZilla",
			ReportEvery: time.Minute, Jitter: 0.03, Miss: 0.01, TimeDigits: 7, Age: 25 * time.Minute, Profile: true,
			Values: map[string]any{"controlDeviceType": "BLETemperature", "controlDeviceMacAddress": "78-e3-6d-2b-7c-b7"},
		},
		{
			Family: BrewZilla, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a07", Name: "Sparge Water",
			ReportEvery: time.Minute, Jitter: 0.03, Miss: 0.01, TimeDigits: 0,
			Values: map[string]any{"targetTemperature": 78.0, "temperature": 76.4, "heatingEnabled": true, "heatingHysteresis": 1.0, "heatingUtilisation": 60.0, "pumpUtilisation": 40.0},
		},
		{
			Family: Still, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a08", Name: "Still",
			ReportEvery: time.Minute, Jitter: 0.03, Miss: 0.01, TimeDigits: 7, Age: 100 * time.Minute, Profile: true,
		},
		{
			Family: CanFiller, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a09", Name: "Can Filler",
			ReportEvery: 2 * time.Minute, Jitter: 0.02, Miss: 0.01, TimeDigits: 7, Age: 12 * time.Minute,
		},
		{
			Family: BondedDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a0a", Name: "Mash Thermometer",
			ReportEvery: 2 * time.Minute, Jitter: 0.05, Miss: 0.03, TimeDigits: 7, PairedWith: kettle,
		},
		{
			Family: BondedDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a0b", Name: "Cellar Thermometer",
			ReportEvery: 10 * time.Minute, Jitter: 0.05, Miss: 0.03, TimeDigits: 0,
			Values: map[string]any{"battery": 23.0},
		},
		{
			Family: ExternalDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a0c", Name: "Cider iSpindel",
			ReportEvery: 15 * time.Minute, Jitter: 0.03, Miss: 0.03, TimeDigits: 7,
			OriginalGravity: 1048, FinalGravity: 998, Age: 5 * day,
		},
	}
}

// FermentingBrewery returns four devices in fermenting beers that behave as real ones were measured to, with what a
// gravity series must not be misread over: a Pill in a fridge with a profile, a Pill in a cellar with a dry hop and a cold
// crash, a Pill that is taken out and stirred back in, and a Tilt as an external device with bubbles and a plateau. All
// batches are new; [Telemetry.Past] lets them have been going.
func FermentingBrewery() []DeviceSpec {
	const (
		fridge = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0b02"
		day    = 24 * time.Hour
	)
	pill := func(id, name string, og, fg float64, events ...Event) DeviceSpec {
		return DeviceSpec{
			Family: Hydrometer, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0b" + id, Name: name, ReportEvery: 15 * time.Minute, Reporting: Measured,
			TimeDigits: 7, OriginalGravity: og, FinalGravity: fg, Fermentation: Monod, Sensor: Pill, Events: events,
		}
	}
	paired := pill("01", "Lager Pill", 1048, 1009)
	paired.PairedWith = fridge
	return []DeviceSpec{
		paired,
		{
			Family: FermentationChamber, ID: fridge, Name: "Lager Fridge", ReportEvery: 5 * time.Minute, Jitter: 0.01, Miss: 0.01,
			TimeDigits: 7, OriginalGravity: 1048, FinalGravity: 1009, Profile: true,
		},
		pill("03", "IPA Pill", 1062, 1012, DryHop(84*time.Hour), ColdCrash(7*day)),
		pill("04", "Porter Pill", 1055, 1014, Handled(30*time.Hour), Stirred(31*time.Hour)),
		{
			Family: ExternalDevice, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0b05", Name: "Mash Tilt", ReportEvery: 15 * time.Minute, Jitter: 0.01,
			Miss: 0.01, TimeDigits: 7, OriginalGravity: 1066, FinalGravity: 1004, Fermentation: Monod, Sensor: Tilt,
			Events: []Event{Recirculated(50 * time.Hour)},
		},
	}
}

// LargeBrewery returns n devices spread over all eight families, with rhythms of 1 to 60 minutes.
func LargeBrewery(n int) []DeviceSpec {
	rows := families()
	rhythms := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	out := make([]DeviceSpec, 0, n)
	for i := range n {
		fam := &rows[i%len(rows)]
		out = append(out, DeviceSpec{
			Family:      fam.name,
			ID:          uuid(hash("large brewery", fmt.Sprint(i))),
			Name:        fmt.Sprintf("%s %d", fam.deviceType, i/len(rows)+1),
			ReportEvery: rhythms[i/len(rows)%len(rhythms)],
			Jitter:      0.03,
			Miss:        0.02,
			TimeDigits:  7 * (i % 2),
			Age:         time.Duration(i%200) * time.Hour,
			Profile:     i%3 == 0,
		})
	}
	return out
}
