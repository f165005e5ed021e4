package raptclient

import "time"

// CanFiller is a RAPT can filler.
type CanFiller struct {
	Device
	SoundsEnabled     Null[bool]    `rapt:"soundsEnabled"`
	EmptyPressure     Null[float64] `rapt:"emptyPressure"`
	CalibrationFactor Null[float64] `rapt:"calibrationFactor"`
	MinFillRate       Null[float64] `rapt:"minFillRate"`
	FillTimeout       Null[float64] `rapt:"fillTimeout"`
	TemperatureOffset Null[float64] `rapt:"temperatureOffset"`
	FillPresets       []FillPreset  `rapt:"fillPresets"`
	TotalFillCount    Null[int]     `rapt:"totalFillCount"`
	TotalFailedCount  Null[int]     `rapt:"totalFailedCount"`
	// LastFillSession is nil when nothing was ever filled.
	LastFillSession *FillSession `rapt:"lastFillSession"`
}

// FillPreset is one of the sizes that a can filler can be set to. Units are not documented.
type FillPreset struct {
	Name       Null[string]  `rapt:"name"`
	PurgeTime  Null[float64] `rapt:"purgeTime"`
	WaitTime   Null[float64] `rapt:"waitTime"`
	FillHeight Null[int]     `rapt:"fillHeight"`
}

// FillSession is one go at filling cans.
type FillSession struct {
	StartDate       Null[time.Time] `rapt:"startDate"`
	EndDate         Null[time.Time] `rapt:"endDate"`
	FillCount       Null[int]       `rapt:"fillCount"`
	FailedCount     Null[int]       `rapt:"failedCount"`
	SessionTimeMins Null[float64]   `rapt:"sessionTimeMins"`
	CansPerMinute   Null[float64]   `rapt:"cansPerMinute"`
	AvgFillTime     Null[float64]   `rapt:"avgFillTime"`
	AvgTemperature  Null[float64]   `rapt:"avgTemperature"`
}

// CanFillerTelemetry is one fill. The can filler's model has no telemetry, only its own endpoint gives it.
type CanFillerTelemetry struct {
	TelemetryRow
	Success          Null[bool]    `rapt:"success"`
	TotalFills       Null[int]     `rapt:"totalFills"`
	TotalFailedFills Null[int]     `rapt:"totalFailedFills"`
	FillTime         Null[float64] `rapt:"fillTime"`
	Temperature      Null[float64] `rapt:"temperature"`
}
