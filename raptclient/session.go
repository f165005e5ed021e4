package raptclient

import "time"

// ProfileSession is a profile that runs on a device.
type ProfileSession struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	Name        Null[string] `rapt:"name"`
	Description Null[string] `rapt:"description"`
	ProfileID   Null[string] `rapt:"profileId,uuid"`
	// Profile is nil when the cloud leaves it out.
	Profile                 *Profile        `rapt:"profile"`
	BrewZillaID             Null[string]    `rapt:"brewZillaId,uuid"`
	FermentationChamberID   Null[string]    `rapt:"fermentationChamberId,uuid"`
	HydrometerID            Null[string]    `rapt:"hydrometerId,uuid"`
	StillID                 Null[string]    `rapt:"stillId,uuid"`
	TemperatureControllerID Null[string]    `rapt:"temperatureControllerId,uuid"`
	StartDate               Null[time.Time] `rapt:"startDate"`
	EndDate                 Null[time.Time] `rapt:"endDate"`
	// OriginalGravity and FinalGravity are what the user entered. Their scale is not documented: readings of the same
	// cloud are SG x 1000, so a value below 10 is SG.
	OriginalGravity Null[float64] `rapt:"originalGravity"`
	FinalGravity    Null[float64] `rapt:"finalGravity"`
	YeastID         Null[string]  `rapt:"yeastId,uuid"`
	// Yeast is nil when the user chose none.
	Yeast *Yeast `rapt:"yeast"`
	// SentAlerts are the profile's alerts that were sent, in the cloud's order; CreatedOn is when, AlertText what. The
	// contract gives them no time of their own (open: CreatedOn may be the alert's and not the sending's).
	SentAlerts       []ProfileAlert  `rapt:"sentAlerts"`
	EstimatedEndDate Null[time.Time] `rapt:"estimatedEndDate"`
	// ProfileLength, CurrentProfileTime and RemainingProfileTime share a unit that is not known.
	ProfileLength        Null[float64] `rapt:"profileLength"`
	CurrentProfileTime   Null[float64] `rapt:"currentProfileTime"`
	RemainingProfileTime Null[float64] `rapt:"remainingProfileTime"`
}

// Yeast is the yeast that a session's user chose, with what its laboratory says of it.
type Yeast struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	Name       Null[string] `rapt:"name"`
	Laboratory Null[string] `rapt:"laboratory"`
	Type       Null[string] `rapt:"type"`
	Form       Null[string] `rapt:"form"`
	// MinTemperature and MaxTemperature are Celsius.
	MinTemperature Null[float64] `rapt:"minTemperature"`
	MaxTemperature Null[float64] `rapt:"maxTemperature"`
	// Attenuation is percent in the trade; the contract does not say (a value up to 1 would be a fraction).
	Attenuation  Null[float64] `rapt:"attenuation"`
	Flocculation Null[string]  `rapt:"flocculation"`

	// The shop and the user's stock of it.
	_ ignored `rapt:"productId,supplier,keglandProductCode,notes,bestFor,maxReuse,addToSecondary,amountType,inventoryAmount,archived,stockLevel,globalYeastId,isGlobal"`
}
