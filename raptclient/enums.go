package raptclient

// enums are the contract's enumerations by name, as the models' tags name them. A test holds them against the contract.
var enums = map[string][]string{
	"DeviceTypes": {
		"FermentationChamber", "TemperatureController", "Hydrometer", "GrainWeigh", "BrewZilla", "CanFiller",
		"GlycolChiller", "Still", "BLETemperature", "BLEHumidity", "BLETempHumidity", "BLEPressure", "External",
		"Fridge", "GrainWeighDevice", "Unknown",
	},
	"ToggleStates":                     {"AlwaysOn", "AlwaysOff", "Automatic"},
	"ProfileAlertTriggers":             {"StepStart", "StepEnd", "Temperature", "Gravity", "GravityVelocity", "Duration"},
	"ProfileStepControlTypes":          {"Target", "Ramp", "FreeRise"},
	"ProfileStepDurationTypesNullable": {"Start", "Temperature", "Gravity", "GravityVelocity", "Manual"},
	"ProfileStepEndTypes":              {"Duration", "Temperature", "Gravity", "GravityVelocity", "Manual"},
	"ProfileValueOperatorsNullable":    {"Equals", "LessThan", "GreaterThan"},
}
