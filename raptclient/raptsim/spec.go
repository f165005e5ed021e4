package raptsim

import "time"

// The device families. Each has its own list endpoint.
const (
	Hydrometer            = "hydrometer"
	TemperatureController = "temperature_controller"
	FermentationChamber   = "fermentation_chamber"
	BrewZilla             = "brewzilla"
	Still                 = "still"
	CanFiller             = "can_filler"
	BondedDevice          = "bonded_device"
	ExternalDevice        = "external_device"
)

// DeviceSpec describes a device of the account.
type DeviceSpec struct {
	Family string // one of the families
	ID     string // uuid, lower case; made from the seed and the name when empty
	Name   string

	// ReportEvery is the device's rhythm in brewing time. The family's own when zero; negative: it never reports by
	// itself (an external device that lives from submitted readings).
	ReportEvery time.Duration
	// Reporting is how it keeps to that rhythm.
	Reporting Reporting
	// Jitter is how far each interval may be off, as a fraction of ReportEvery to both sides.
	Jitter float64
	// Miss is the probability that a report is lost.
	Miss float64

	// OriginalGravity and FinalGravity of the beer in the API's scale (SG x 1000); 1050 and 1010 when zero.
	OriginalGravity, FinalGravity float64
	// Fermentation is the law by which it falls from one to the other, Sensor what reads it, and Events happen to each
	// batch. They are for hydrometers and external devices.
	Fermentation Fermentation
	Sensor       Sensor
	Events       []Event
	// Age is how long the batch, the brew day, the still's run or the filling session has been going at the start, in
	// brewing time.
	Age time.Duration
	// Profile lets the device run its family's profile: a fermentation, or a mash on the BrewZilla.
	Profile bool
	// PairedWith is the id of the controller or chamber whose beer a hydrometer floats in and which it steers, or of the
	// device beside which a bonded thermometer hangs.
	PairedWith string
	// TimeDigits is the number of fractional digits of its dates: 0 to 7. Without digits they end in +00:00, else in Z.
	TimeDigits int
	// Values are other starting values by the API's field names, as for [Cloud.Set].
	Values map[string]any
}

// Info names a device of the account.
type Info struct {
	Family, ID, Name string
}

// Report is a reading that a device has sent.
type Report struct {
	At        time.Time // the time of the reading by the passed clock: the last activity, without the cloud's clock offset
	VisibleAt time.Time // from when on the replies show it
	Repeated  bool      // it is the reading before, sent again with a new time
}

// Request is a line of the log of requests.
type Request struct {
	At            time.Time // arrival, by the passed clock
	Method        string
	Path          string // "/api/Hydrometers/GetHydrometers", "/connect/token"
	Query         string // as sent
	Status        int    // 0: no answer was given (reset, or the caller went away)
	SignIn        bool
	UserAgent     string
	Authenticated bool // carried a token that was good
	Executed      bool // carried out, whatever became of the answer
}
