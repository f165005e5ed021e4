package raptclient

import "time"

// ignored marks fields of the contract that the client knows and leaves unread: its tag lists their names.
type ignored struct{}

// Audit says of an item of the account when it was made and changed.
type Audit struct {
	Deleted    Null[bool]      `rapt:"deleted"`
	CreatedOn  Null[time.Time] `rapt:"createdOn"`
	ModifiedOn Null[time.Time] `rapt:"modifiedOn"`

	// Who did it: nothing a bridge needs, and it identifies people.
	_ ignored `rapt:"createdBy,modifiedBy"`
}

// Device is what the devices of all families share.
type Device struct {
	// ID is the uuid in lower case. It is never empty.
	ID string `rapt:"id,key"`
	Audit
	// Name is the user's name for the device; it may be blank and may end in spaces (observed).
	Name         Null[string] `rapt:"name"`
	SerialNumber Null[string] `rapt:"serialNumber"`
	MACAddress   Null[string] `rapt:"macAddress"`
	// DeviceType is one of the contract's DeviceTypes or something newer.
	DeviceType Null[string] `rapt:"deviceType,enum=DeviceTypes"`
	Active     Null[bool]   `rapt:"active"`
	Disabled   Null[bool]   `rapt:"disabled"`
	// ConnectionState is "Connected" or "Disconnected" (observed); others and other cases are possible.
	ConnectionState Null[string] `rapt:"connectionState"`
	// Status and Error are free text whose values are not documented.
	Status           Null[string]    `rapt:"status"`
	Error            Null[string]    `rapt:"error"`
	LastActivityTime Null[time.Time] `rapt:"lastActivityTime"`
	// RSSI is the signal strength in dBm, negative.
	RSSI             Null[float64] `rapt:"rssi"`
	FirmwareVersion  Null[string]  `rapt:"firmwareVersion"`
	IsLatestFirmware Null[bool]    `rapt:"isLatestFirmware"`
	ActiveProfileID  Null[string]  `rapt:"activeProfileId,uuid"`
	// ActiveProfileStepID is null for moments between two steps (observed).
	ActiveProfileStepID Null[string] `rapt:"activeProfileStepId,uuid"`
	// ActiveProfileSession is nil unless a profile runs.
	ActiveProfileSession *ProfileSession `rapt:"activeProfileSession"`

	// Who owns the device: nothing a bridge needs, and it identifies people.
	_ ignored `rapt:"username"`
}

// TelemetryRow is what the telemetry rows of all families share.
type TelemetryRow struct {
	ID Null[string] `rapt:"id,uuid"`
	// RowKey tells the rows of a device apart.
	RowKey Null[string] `rapt:"rowKey"`
	// CreatedOn is when the device took the reading.
	CreatedOn  Null[time.Time] `rapt:"createdOn"`
	MACAddress Null[string]    `rapt:"macAddress"`
	// RSSI is the signal strength in dBm, negative.
	RSSI Null[float64] `rapt:"rssi"`
}
