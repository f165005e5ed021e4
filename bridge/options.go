package bridge

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/statistics"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/bridge/webhook"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Options are what a bridge is made of. RAPT's and the broker's credentials are required, the rest has defaults.
type Options struct {
	// RAPT is the account. The bridge sets Permit, Answered and Now itself.
	RAPT raptclient.Options
	// Account tells the account from others' in what the broker retains. Default a hash, see retained.AccountHash.
	Account string
	// VendorHost says that RAPT is the vendor's own service: no setting raises the requests per minute there.
	VendorHost bool
	// MinPollInterval and MaxPollInterval bound how often one family's list is asked for. Default 60 s and 15 min.
	MinPollInterval, MaxPollInterval time.Duration
	// MaxRequestsPerHour counts every request, sign-ins and repeats too. Default 240.
	MaxRequestsPerHour int
	// MaxRequestsPerMinute overrides the 30 per minute. For a simulated cloud only. 0 means the default.
	MaxRequestsPerMinute int

	// FindBroker looks for the broker at the start, and again each time it refuses the credentials.
	FindBroker broker.Find
	// ClientID is the MQTT client id. Two clients with one id take the connection from each other for ever.
	ClientID string
	// TopicPrefix is "rapt" by default.
	TopicPrefix string

	// Discovery announces the devices to Home Assistant under DiscoveryPrefix, "homeassistant" by default.
	Discovery       bool
	DiscoveryPrefix string
	Language        string // one of discovery.Languages, English by default
	// ReadOnly refuses every command and announces none.
	ReadOnly bool

	// History hands every telemetry row on.
	History HistoryOptions
	// MaxChangesPerHour is how often the same key of a device may be set, half of it within ten minutes. What switches off is
	// always sent. Default 60.
	MaxChangesPerHour int

	// Statistics, when set, fills Home Assistant's statistics from the rows of History. Run runs it.
	Statistics *statistics.Writer

	// Version of the program, for the bridge's own device.
	Version string
	Log     *slog.Logger
	// Metrics, when set, gets the bridge's collectors.
	Metrics prometheus.Registerer
	// Wall is the wall clock, for what people read. Default time.Now. It may jump; nothing is timed by it.
	Wall func() time.Time
	// Refresh, when set, has every family with devices asked for on each receive, within the ceiling.
	Refresh <-chan struct{}
	// Forget, when set, gives ids of devices to take out that no list has.
	Forget <-chan string
	// Diagnose, when set, gives where an anonymous file of what was seen is wanted, see package diagnose. The channels must have room.
	Diagnose <-chan chan<- []byte
	// Heartbeat, when set, is called once a second at the least, as long as the loop turns. It must not block.
	Heartbeat func()
	// Hints, when set, has what webhooks said that came to a listener of the program.
	Hints <-chan []webhook.Hint
	// Dashboard, when set, makes a dashboard of devices for Home Assistant, for the status page; paired are the ids of the
	// controllers by those of what measures their beer. It is called from another goroutine.
	Dashboard func(o discovery.Options, devices []discovery.Device, paired map[string]string) []byte
	// OnSnapshot, when set, is handed what the status page shows, at most once a second. It must not block.
	OnSnapshot func(*web.Snapshot)
}

// HistoryOptions say whether and how far telemetry rows are handed on.
type HistoryOptions struct {
	Enabled bool
	// Days is how far back a device is looked at that was never seen before; 0 for not at all.
	Days int
	// EveryReading completes devices that report more often than they are polled, once an hour.
	EveryReading bool
}

func (o *Options) defaults() {
	setDefault(&o.MinPollInterval, time.Minute)
	setDefault(&o.MaxPollInterval, 15*time.Minute)
	setDefault(&o.MaxRequestsPerHour, 240)
	setDefault(&o.MaxRequestsPerMinute, limit.MinuteLimit(o.MaxRequestsPerHour, o.VendorHost))
	setDefault(&o.MaxChangesPerHour, 60)
	setDefault(&o.ClientID, "rapt-bridge")
	setDefault(&o.TopicPrefix, "rapt")
	setDefault(&o.DiscoveryPrefix, "homeassistant")
	setDefault(&o.Version, "dev")
	setDefault(&o.Account, retained.AccountHash(o.RAPT.Username, o.TopicPrefix))
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
