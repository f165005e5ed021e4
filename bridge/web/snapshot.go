package web

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Snapshot is the bridge at one moment, for the status page and the health check. It holds no secret, no address of
// the account and no serial number. It is never changed once handed out.
type Snapshot struct {
	At        time.Time
	Started   time.Time
	Version   string
	Connected bool      // to the broker
	Since     time.Time // of the broker's state
	Broken    string    // why the broker can't be used
	Standby   bool      // another bridge of the account is active; this one takes over when that is gone

	Listed             bool // every family's list was answered, or failed for a reason of its own
	APIStatus          string
	APISince           time.Time // of the status and its reason
	APIReason          string    // what is wrong, as a sentence without its full stop; empty while all is well
	APIAdvice          string    // what to do about it, as a sentence; empty where nobody can do anything
	NextRequest        time.Time // when the API is asked next; zero while this bridge doesn't ask
	LastSuccessfulPoll time.Time
	RequestsLastHour   int
	RequestsPerHour    int // the ceiling
	RequestsRemaining  int
	RateLimitReset     time.Time
	UnknownFields      int
	ReadOnly           bool
	// Statistics says how it goes with Home Assistant's statistics; empty where they are left alone.
	Statistics string
	// Refresh is what happens when somebody asks for fresh readings now.
	Refresh Plan
	// Pushed is how many devices' readings come by webhooks, LastHook when one last came; zero for never.
	Pushed   int
	LastHook time.Time
	// Day counts the requests of the last 24 hours in quarters of an hour, oldest first.
	Day []int

	// Dashboard makes a dashboard of the devices for Home Assistant, in YAML; nil where nothing can.
	Dashboard func() []byte `json:"-"`

	Devices  []DeviceStatus
	Commands []CommandRecord // newest last, at most 20
	Problems []Problem       // newest last, at most 20
}

// DeviceStatus is one device in a Snapshot.
type DeviceStatus struct {
	Family       discovery.Family
	ID           string
	Name         string
	LastActivity time.Time                // zero while the device has never reported
	Expected     time.Time                // when the next reading should show; zero while unknown
	Temperature  raptclient.Null[float64] // °C
	Gravity      raptclient.Null[float64] // SG
	Battery      raptclient.Null[float64] // percent; not valid where the family has none
	Online       bool
	Missing      bool // the lists of its family lack it, so that it can be taken out
	// Paired is the id of the device that heats or cools what this one is in; empty for none.
	Paired string
	Target raptclient.Null[float64] // °C; not valid where the family has none
	// Heating and Cooling say what it did between its last two readings.
	Heating, Cooling bool
	// Curve is what a hydrometer measured lately.
	Curve Curve
	// Batch is the batch in it; nil for none, and for devices that measure no gravity.
	Batch *Batch
}

// Batch is a batch of beer as its analysis finds it. What is not known is not valid, or zero.
type Batch struct {
	Name   string // the owner's or the profile's; empty for none
	Number int    // batches of the device so far
	Began  time.Time
	Day    int    // 1 on the first
	Stage  string // lag, active, slowing, finishing, complete or cold_crash

	OriginalGravity      raptclient.Null[float64] // SG
	Gravity              raptclient.Null[float64] // SG, without outliers
	ExpectedFinalGravity raptclient.Null[float64] // SG
	ABV                  raptclient.Null[float64] // % by volume

	// The end is expected at ExpectedEnd, and between the others with 80 %; all three are zero where none is.
	EarliestEnd, ExpectedEnd, LatestEnd time.Time

	Stuck     bool // it stands still well above its final gravity
	Disturbed bool // the gravity moved lately for another reason than fermentation
}

// Plan is what happens when somebody asks for fresh readings.
type Plan struct {
	At    time.Time // when the bridge asks; zero for at once
	Why   string    // why nothing is asked before, as a sentence without its full stop; empty for the bridge's own limits
	Later []LaterList
}

// LaterList is a family whose list failed before, and when it is asked for again.
type LaterList struct {
	Family discovery.Family
	At     time.Time
}

// CommandRecord is one command and what became of it.
type CommandRecord struct {
	At                 time.Time
	Device, Key, Value string
	Outcome, Error     string
}

// Problem is something that went wrong, as often as it did in a row.
type Problem struct {
	At    time.Time
	Text  string
	Count int
}
