package raptsim

import "time"

// field is an API field of one or more families: where its value stands, or its constant.
type field struct {
	name  string
	in    familySet
	num   func(*state) *float64
	flag  func(*state) *bool
	calc  func(*view) any
	fixed any

	noise    bool // a 32-bit float of the device, printed with all its digits
	integer  bool
	nullable bool // null without a value, else left out
	measured bool // comes with a reading, not with a setting

	row familySet // whose rows of telemetry have it, where those are not the families in which it is measured
}

// inRow tells whether a family's rows of telemetry have the field.
func (f *field) inRow(bit familySet) bool {
	if f.row != 0 {
		return f.row&bit != 0
	}
	return f.measured
}

// view is a device as the cloud shows it or as it is.
type view struct {
	c *Cloud
	d *device
	s *state
}

// none is the result of a calculation when there is no value; the field is then null or left out.
type none struct{}

// leftOut is the result of a calculation when the field is not there, though null were allowed.
type leftOut = Absent

// fields is the table of all device fields in the order of the contract, apart from "telemetry", "activeProfileSession",
// "fillPresets" and "lastFillSession", which are objects.
func fields() []field {
	return []field{
		{name: "id", in: inAll, calc: func(v *view) any { return v.d.spec.ID }},
		{name: "deleted", in: inAll, fixed: false},
		{name: "createdOn", in: inAll, calc: func(v *view) any { return v.c.published(v.c.clock.start.AddDate(0, -7, -v.d.index)) }},
		{name: "createdBy", in: inAll, calc: func(v *view) any { return v.c.opts.Username }},
		{name: "modifiedOn", in: inAll, calc: func(v *view) any { return v.c.published(v.c.clock.start.AddDate(0, 0, -2)) }},
		{name: "modifiedBy", in: inAll, calc: func(v *view) any { return v.c.opts.Username }},
		{name: "name", in: inAll, calc: func(v *view) any { return v.d.spec.Name }},
		{name: "serialNumber", in: inAll, nullable: true, calc: serialNumber},
		{name: "macAddress", in: inAll, row: inAll, nullable: true, calc: macAddress},
		{name: "deviceType", in: inAll, calc: func(v *view) any { return v.d.fam.deviceType }},
		{name: "active", in: inAll, fixed: true},
		{name: "disabled", in: inAll, fixed: false},
		{name: "username", in: inAll, nullable: true, calc: func(v *view) any { return v.c.opts.Username }},
		{name: "connectionState", in: inAll, nullable: true, calc: connectionState},
		{name: "status", in: inAll, nullable: true, fixed: none{}},
		{name: "error", in: inAll, nullable: true, fixed: none{}},
		{name: "lastActivityTime", in: inAll, nullable: true, calc: lastActivity},
		{name: "rssi", in: inAll, row: inAll, measured: true, num: func(s *state) *float64 { return &s.rssi }},
		{name: "firmwareVersion", in: inAll, nullable: true, calc: firmwareVersion},
		{name: "isLatestFirmware", in: inAll, calc: func(v *view) any { return v.d.index%5 != 1 }},
		{name: "activeProfileId", in: inAll, nullable: true, calc: activeProfileID},
		{name: "activeProfileStepId", in: inAll, nullable: true, calc: activeProfileStepID},

		{name: "customerUse", in: inControlling, nullable: true, fixed: "Beer"},
		{name: "telemetryFrequency", in: inControlling, integer: true, calc: telemetryFrequency},
		{name: "compressorDelay", in: inControlling, fixed: 3.0},
		{name: "modeSwitchDelay", in: inControlling, fixed: 10.0},
		{name: "coolingHysteresis", in: inControlling, fixed: 0.5},
		{name: "heatingHysteresis", in: inControlling, fixed: 0.3},
		{name: "profileSessions", in: inControlling, nullable: true, calc: everySecond(none{})},
		{name: "betaUpdates", in: inControlling, fixed: false},
		{name: "bluetoothEnabled", in: inControlling, fixed: true},
		{name: "graphZoomLevel", in: inControlling, fixed: 86400.0},

		{name: "pairedDeviceType", in: inHydrometer, nullable: true, calc: pairedDeviceType},
		{name: "pairedDeviceId", in: inHydrometer, nullable: true, calc: pairedDeviceID},
		{name: "temperature", in: inAll &^ inCanFiller, noise: true, measured: true, num: func(s *state) *float64 { return &s.temperature }},
		{name: "gravity", in: inHydrometer | inExternal, noise: true, measured: true, num: func(s *state) *float64 { return &s.gravity }},
		{name: "gravityVelocity", in: inHydrometer, noise: true, measured: true, num: func(s *state) *float64 { return &s.velocity }},
		{name: "pressure", in: inExternal, noise: true, measured: true, num: func(s *state) *float64 { return &s.pressure }},
		{name: "battery", in: inHydrometer | inBonded | inExternal, noise: true, measured: true, num: func(s *state) *float64 { return &s.battery }},

		{name: "targetTemperature", in: inControlling, row: inControlling, nullable: true, num: func(s *state) *float64 { return &s.target }},
		{name: "minTargetTemperature", in: inControlling, row: inController | inChamber | inBrewZilla, nullable: true, num: func(s *state) *float64 { return &s.minTarget }},
		{name: "maxTargetTemperature", in: inControlling, row: inController | inChamber | inBrewZilla, nullable: true, num: func(s *state) *float64 { return &s.maxTarget }},
		{name: "totalRunTime", in: inControlling, measured: true, num: func(s *state) *float64 { return &s.totalRun }},
		{name: "coolingEnabled", in: inControlling, flag: func(s *state) *bool { return &s.coolingEnabled }},
		{name: "coolingRunTime", in: inControlling, row: inController, measured: true, num: func(s *state) *float64 { return &s.coolRun }},
		{name: "coolingStarts", in: inControlling, row: inController, measured: true, num: func(s *state) *float64 { return &s.coolStarts }},
		{name: "heatingEnabled", in: inControlling, flag: func(s *state) *bool { return &s.heatingEnabled }},
		{name: "heatingRunTime", in: inControlling, measured: true, num: func(s *state) *float64 { return &s.heatRun }},
		{name: "heatingStarts", in: inControlling, measured: true, num: func(s *state) *float64 { return &s.heatStarts }},
		{name: "heatingUtilisation", in: inControlling, num: func(s *state) *float64 { return &s.heatingUtilisation }},
		{name: "highTempAlarm", in: inControlling, fixed: 40.0},
		{name: "lowTempAlarm", in: inControlling, fixed: -5.0},
		{name: "ntcBeta", in: inControlling, fixed: 3950.0},
		{name: "ntcRefResistance", in: inControlling, fixed: 10000.0},
		{name: "ntcRefTemperature", in: inControlling, fixed: 25.0},
		{name: "pidCycleTime", in: inControlling, fixed: 30.0},
		{name: "pidEnabled", in: inControlling, flag: func(s *state) *bool { return &s.pidEnabled }},
		{name: "pidProportional", in: inControlling, num: func(s *state) *float64 { return &s.pidP }},
		{name: "pidIntegral", in: inControlling, num: func(s *state) *float64 { return &s.pidI }},
		{name: "pidDerivative", in: inControlling, num: func(s *state) *float64 { return &s.pidD }},
		{name: "sensorDifferential", in: inControlling, fixed: 0.0},
		{name: "sensorTimeout", in: inControlling, fixed: 300.0},
		{name: "showGraph", in: inControlling, fixed: true},
		{name: "soundsEnabled", in: inControlling | inCanFiller, fixed: true},
		{name: "tempUnit", in: inControlling, nullable: true, fixed: "C"},
		{name: "useInternalSensor", in: inControlling, calc: func(v *view) any { return !v.d.bound() }},
		{name: "controlDeviceType", in: inControlling, row: inControlling, nullable: true, fixed: none{}},
		{name: "controlDeviceMacAddress", in: inControlling, row: inControlling, nullable: true, fixed: none{}},
		// 0.0 when no Bluetooth sensor is bound, which is not a reading.
		{name: "controlDeviceTemperature", in: inControlling, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.controlTemperature }},

		{name: "compressorRunTime", in: inChamber, measured: true, num: func(s *state) *float64 { return &s.coolRun }},
		{name: "compressorStarts", in: inChamber, measured: true, num: func(s *state) *float64 { return &s.coolStarts }},
		{name: "auxillaryRunTime", in: inChamber | inBrewZilla, measured: true, num: func(s *state) *float64 { return &s.auxRun }},
		{name: "auxillaryStarts", in: inChamber | inBrewZilla, measured: true, num: func(s *state) *float64 { return &s.auxStarts }},
		{name: "fanEnabled", in: inChamber, fixed: true},
		{name: "lightEnabled", in: inChamber, fixed: "Automatic"},

		{name: "pumpEnabled", in: inKettle, flag: func(s *state) *bool { return &s.pumpEnabled }},
		{name: "pumpUtilisation", in: inKettle, num: func(s *state) *float64 { return &s.pumpUtilisation }},
		{name: "distillationMode", in: inBrewZilla, fixed: false},

		{name: "temperatureVapour", in: inStill, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.vapour }},
		{name: "temperatureWash", in: inStill, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.wash }},
		{name: "rhc", in: inStill, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.rhc }},
		{name: "ethanol", in: inStill, nullable: true, integer: true, measured: true, num: func(s *state) *float64 { return &s.ethanol }},
		{name: "power", in: inStill, nullable: true, measured: true, num: func(s *state) *float64 { return &s.power }},
		{name: "abv", in: inStill, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.abv }},
		{name: "tempPerMin", in: inStill, nullable: true, noise: true, measured: true, num: func(s *state) *float64 { return &s.tempPerMin }},

		{name: "emptyPressure", in: inCanFiller, fixed: 1013.25},
		{name: "calibrationFactor", in: inCanFiller, fixed: 1.02},
		{name: "minFillRate", in: inCanFiller, fixed: 12.5},
		{name: "fillTimeout", in: inCanFiller, fixed: 60.0},
		{name: "temperatureOffset", in: inCanFiller, fixed: -0.5},
		{name: "totalFillCount", in: inCanFiller, row: inNone, integer: true, measured: true, num: func(s *state) *float64 { return &s.fills }},
		{name: "totalFailedCount", in: inCanFiller, row: inNone, integer: true, measured: true, num: func(s *state) *float64 { return &s.failedFills }},
	}
}

func everySecond(v any) func(*view) any {
	return func(w *view) any {
		if w.d.index%2 == 1 {
			return leftOut{}
		}
		return v
	}
}

func serialNumber(v *view) any {
	switch {
	case v.d.fam.bit == inExternal, v.d.fam.bit == inBonded && v.d.index%2 == 0:
		return none{}
	case v.d.fam.bit == inBonded:
		return leftOut{}
	}
	return v.d.serial
}

func macAddress(v *view) any {
	if v.d.fam.bit == inExternal {
		return none{}
	}
	return v.d.mac
}

func firmwareVersion(v *view) any {
	if v.d.fam.bit == inExternal {
		return leftOut{}
	}
	return "2025091" + string(rune('0'+v.d.index%8)) + "_a3f19b2"
}

// connectionState: a hydrometer sleeps between its readings, the others are connected until they miss three of them.
func connectionState(v *view) any {
	if v.d.fam.sleeps {
		if v.d.index%2 == 1 || v.d.fam.bit == inExternal {
			return "Disconnected"
		}
		return "Connected"
	}
	quiet := time.Duration(float64(3*v.d.every)/v.c.clock.speed) + v.c.opts.ReportLagMax
	if v.c.now().Sub(v.d.shownAt) > quiet {
		return "Disconnected"
	}
	return "Connected"
}

func lastActivity(v *view) any { return v.c.published(v.d.shownAt) }

func telemetryFrequency(v *view) any {
	return min(max(1, float64(v.d.every/v.c.opts.TelemetryFrequencyUnit)), 14440)
}

func pairedDeviceType(v *view) any {
	if p := v.c.byID[v.d.spec.PairedWith]; p != nil {
		return p.fam.deviceType
	}
	return everySecond(none{})(v)
}

func pairedDeviceID(v *view) any {
	if v.c.byID[v.d.spec.PairedWith] != nil {
		return v.d.spec.PairedWith
	}
	return none{}
}
