package discovery

// Platforms of Home Assistant that the catalogue uses.
const (
	Sensor       = "sensor"
	BinarySensor = "binary_sensor"
	Switch       = "switch"
	Number       = "number"
	Climate      = "climate"
	Event        = "event"
	Button       = "button"
	Text         = "text"
)

// Entity categories of Home Assistant. An entity without one is among a device's main controls or readings.
const (
	Diagnostic = "diagnostic"
	Setting    = "config" // not for sensors and binary sensors: Home Assistant refuses that
)

// State classes of Home Assistant's long-term statistics.
const (
	Measurement     = "measurement"
	TotalIncreasing = "total_increasing"
)

// Entity is a row of the catalogue: one thing that Home Assistant shows, or that can be commanded.
type Entity struct {
	// Key is the suffix of the unique id and the segment of the command topic, and the member of the state document unless
	// Source names another.
	Key string
	// Platform is Home Assistant's. Empty for a command without an entity.
	Platform string
	// Name is what Home Assistant shows after the device's name, in English. Empty only for the device's main entity,
	// which goes by the device's name.
	Name string
	// ClassNamed says that Name is what Home Assistant calls the device class, so that the payload leaves it out and Home
	// Assistant writes it in its user's language.
	ClassNamed bool

	DeviceClass string
	Unit        string
	StateClass  string
	Category    string
	Icon        string // empty where the device class has one
	// Precision is the decimals that are shown. A sensor's value is rounded to them, so that what can't be seen is no
	// change to Home Assistant's recorder. nil leaves the value as it is.
	Precision *int
	// StateDecimals are the decimals of the value where they are more than are shown: what somebody has set in °F is
	// whole there, and not in tenths of a degree Celsius.
	StateDecimals int
	Disabled      bool // by default; the user can enable it. See DisabledFor.
	// AlwaysAvailable says that it is available whenever the bridge is, also while the device is silent.
	AlwaysAvailable bool

	Options    []string // of an enum sensor; anything else shows as unknown
	Modes      []string // of a climate entity
	EventTypes []string // of an event entity

	// Commandable says whether <key>/set takes commands.
	Commandable bool
	Setter
	Source
}

// Setter is what a command takes.
type Setter struct {
	Accepts string // in words
	Example string // a payload
	// Min, Max and Step are in the entity's unit. A device's own limits go before them: see Limits.
	Min, Max, Step float64
	Slider         bool // a number shown as a slider; else as a box
}

// Source is where an entity's value comes from, in the state document, and what is made of it.
type Source struct {
	Member   string // empty: the key
	Document Document
	// Divisor and Multiplier, where they are set, turn the member into the entity's unit: a long time is in seconds there,
	// and in hours in Home Assistant. DocumentUnit is the unit before.
	Divisor, Multiplier float64
	DocumentUnit        string

	// Inverted shows true as off.
	Inverted bool
	// On is the text that shows as on, and Off the one that shows as off, compared in lower case, where the document
	// has a text for a binary sensor. Any other text shows as unknown.
	On, Off string
	// Empty is what a text shows where the document has none, in English. Without it that shows as unknown.
	Empty string
	// RoundDown is the length in seconds to which a time is rounded down, so that one that merely wobbles doesn't change.
	RoundDown int
	// Composed is a text that is made of several members.
	Composed *composition
	// Attributes are members of the document that Home Assistant shows beside the state, by the attribute's name.
	Attributes []attribute
}

// Document is which of a device's documents an entity shows.
type Document int

// The documents.
const (
	StateDocument Document = iota // Topics.State, or Topics.Result for an event
	BatchDocument                 // Topics.Batch, or Topics.BatchEvent for an event
)

// attribute is an attribute of an entity: its name and the template of its value.
type attribute struct{ name, template string }

// DocumentKey is the member of the state document that the entity shows.
func (e Entity) DocumentKey() string {
	if e.Member != "" {
		return e.Member
	}
	return e.Key
}

// DisabledFor says whether the entity is disabled by default for a device. Home Assistant looks at that when it first
// sees the entity; later its user's choice counts.
func (e Entity) DisabledFor(d Device) bool {
	return e.Disabled || d.NoControlDevice && e.Key == "control_device_temperature"
}

func decimals(n int) *int { return &n }
