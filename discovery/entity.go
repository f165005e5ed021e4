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
	// Key is the member of the state document, the suffix of the unique id and the segment of the command topic.
	Key string
	// Platform is Home Assistant's. Empty for a command without an entity.
	Platform string
	// Name is what Home Assistant shows after the device's name. Empty only for the device's main entity, which goes
	// by the device's name.
	Name string

	DeviceClass string
	Unit        string
	StateClass  string
	Category    string
	Icon        string // empty where the device class has one
	// Divisor, where it is set, turns the member of the state document into Unit: a long time is in seconds there, and in
	// hours in Home Assistant. DocumentUnit is the unit before.
	Divisor      float64
	DocumentUnit string
	Precision    *int // decimals to show; nil leaves it to Home Assistant
	Disabled     bool // by default; the user can enable it

	Options    []string // of an enum sensor; anything else shows as unknown
	Modes      []string // of a climate entity
	EventTypes []string // of an event entity

	// Min, Max and Step of what a command takes, in Unit. A device's own limits go before them: see Limits.
	Min, Max, Step float64
	Slider         bool // a number shown as a slider; else as a box

	// Commandable says whether <key>/set takes commands.
	Commandable bool
	// Accepts says in words what payload a command takes.
	Accepts string
	// Example is a payload that a command takes.
	Example string

	// Inverted shows true as off.
	Inverted bool
	// On is the text that shows as on, and Off the one that shows as off, compared in lower case, where the document
	// has a text for a binary sensor. Any other text shows as unknown.
	On, Off string
}

func decimals(n int) *int { return &n }
