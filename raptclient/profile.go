package raptclient

// Profile is a sequence of steps that a device can run.
type Profile struct {
	ID string `rapt:"id,key"`
	Audit
	Name          Null[string]   `rapt:"name"`
	Description   Null[string]   `rapt:"description"`
	Public        Null[bool]     `rapt:"public"`
	ProfileName   Null[string]   `rapt:"profileName"`
	Rating        Null[float64]  `rapt:"rating"`
	RatingCount   Null[int]      `rapt:"ratingCount"`
	RatingScore   Null[float64]  `rapt:"ratingScore"`
	CopyCount     Null[float64]  `rapt:"copyCount"`
	ViewCount     Null[float64]  `rapt:"viewCount"`
	ProfileTypeID Null[string]   `rapt:"profileTypeId,uuid"`
	Alerts        []ProfileAlert `rapt:"alerts"`
	// Steps come in the cloud's order; their Order says which comes first.
	Steps []ProfileStep `rapt:"steps"`

	_ ignored `rapt:"profileSessions"`
}

// ProfileStep is one step of a profile. Temperatures are Celsius, Gravity is SG x 1000, utilisations are percent.
type ProfileStep struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	Name Null[string] `rapt:"name"`
	// Order counts from 0 (observed).
	Order        Null[int]    `rapt:"order"`
	ControlType  Null[string] `rapt:"controlType,enum=ProfileStepControlTypes"`
	EndType      Null[string] `rapt:"endType,enum=ProfileStepEndTypes"`
	DurationType Null[string] `rapt:"durationType,enum=ProfileStepDurationTypesNullable"`
	Operator     Null[string] `rapt:"operator,enum=ProfileValueOperatorsNullable"`
	// Length has no known unit.
	Length             Null[int]          `rapt:"length"`
	Temperature        Null[float64]      `rapt:"temperature"`
	MinTemperature     Null[float64]      `rapt:"minTemperature"`
	MaxTemperature     Null[float64]      `rapt:"maxTemperature"`
	Gravity            Null[float64]      `rapt:"gravity"`
	PumpEnabled        Null[bool]         `rapt:"pumpEnabled"`
	PumpUtilisation    Null[float64]      `rapt:"pumpUtilisation"`
	HeatingUtilisation Null[float64]      `rapt:"heatingUtilisation"`
	PIDEnabled         Null[bool]         `rapt:"pidEnabled"`
	SensorDifferential Null[float64]      `rapt:"sensorDifferential"`
	ProfileID          Null[string]       `rapt:"profileId,uuid"`
	Alerts             []ProfileStepAlert `rapt:"alerts"`
}

// ProfileAlert is a message that a profile sends.
type ProfileAlert struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	AlertText   Null[string]  `rapt:"alertText"`
	Trigger     Null[string]  `rapt:"trigger,enum=ProfileAlertTriggers"`
	Operator    Null[string]  `rapt:"operator,enum=ProfileValueOperatorsNullable"`
	Temperature Null[float64] `rapt:"temperature"`
	Gravity     Null[float64] `rapt:"gravity"`
	ProfileID   Null[string]  `rapt:"profileId,uuid"`
}

// ProfileStepAlert is a message that a step of a profile sends.
type ProfileStepAlert struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	AlertText     Null[string]  `rapt:"alertText"`
	Trigger       Null[string]  `rapt:"trigger,enum=ProfileAlertTriggers"`
	Operator      Null[string]  `rapt:"operator,enum=ProfileValueOperatorsNullable"`
	Temperature   Null[float64] `rapt:"temperature"`
	Gravity       Null[float64] `rapt:"gravity"`
	Length        Null[int]     `rapt:"length"`
	ProfileStepID Null[string]  `rapt:"profileStepId,uuid"`
}

// ProfileType says which profiles suit which devices.
type ProfileType struct {
	ID string `rapt:"id,key"`
	Audit
	Name           Null[string]            `rapt:"name"`
	Description    Null[string]            `rapt:"description"`
	MinTemperature Null[float64]           `rapt:"minTemperature"`
	MaxTemperature Null[float64]           `rapt:"maxTemperature"`
	DeviceTypes    []ProfileTypeDeviceType `rapt:"deviceTypes"`
}

// ProfileTypeDeviceType is a kind of device that a profile type suits.
type ProfileTypeDeviceType struct {
	ID Null[string] `rapt:"id,uuid"`
	Audit
	ProfileTypeID Null[string] `rapt:"profileTypeId,uuid"`
	DeviceType    Null[string] `rapt:"deviceType,enum=DeviceTypes"`
}
