package bridge

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

	APIStatus          string
	APIReason          string // what is wrong and what to do; empty while all is well
	LastSuccessfulPoll time.Time
	RequestsLastHour   int
	RequestsPerHour    int // the ceiling
	RequestsRemaining  int
	RateLimitReset     time.Time
	UnknownFields      int
	ReadOnly           bool
	// Day counts the requests of the last 24 hours in quarters of an hour, oldest first.
	Day []int

	Devices  []DeviceStatus
	Commands []CommandRecord // newest last, at most 20
	Problems []Problem       // newest last, at most 20
}

// DeviceStatus is one device in a Snapshot.
type DeviceStatus struct {
	Family       discovery.Family
	Name         string
	LastActivity time.Time                // zero while the device has never reported
	Expected     time.Time                // when the next reading should show; zero while unknown
	Temperature  raptclient.Null[float64] // °C
	Gravity      raptclient.Null[float64] // SG
	Battery      raptclient.Null[float64] // percent; not valid where the family has none
	Online       bool
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

// snapshotApart is the least time between two snapshots.
const snapshotApart = time.Second

// snapshot hands out what the status page shows, at most once a second.
func (b *bridge) snapshot(now time.Time) {
	if b.snapshotLate = now.Sub(b.snapshotAt) < snapshotApart && !b.snapshotAt.IsZero(); b.snapshotLate {
		return // wake comes back to it
	}
	b.snapshotAt = now
	b.gauges(now)
	if b.options.OnSnapshot == nil {
		return
	}
	status, reason := b.status(now)
	s := &Snapshot{
		At: b.options.Wall(), Started: b.wall(b.origin), Version: b.options.Version,
		Connected: b.phase != away, Since: b.wall(b.brokerSince), Broken: b.trouble,
		APIStatus: string(status), APIReason: reason, LastSuccessfulPoll: b.lastPoll,
		RequestsLastHour: b.ledger.lastHour(now), RequestsPerHour: b.options.MaxRequestsPerHour, RequestsRemaining: b.remaining(now),
		UnknownFields: b.unknown, ReadOnly: b.options.ReadOnly, Day: b.requests.day(b.options.Wall()),
		Commands: append([]CommandRecord(nil), b.records...), Problems: append([]Problem(nil), b.problems...),
	}
	if reset := b.limitReset(now); !reset.IsZero() {
		s.RateLimitReset = b.wall(reset)
	}
	for _, f := range b.families {
		for _, d := range f.order {
			status := DeviceStatus{
				Family: f.name, Name: d.name(), LastActivity: d.reading.activity(), Expected: d.findings.expected, Online: d.online == online,
			}
			if f.glance != nil && d.reading.value != nil {
				status.Temperature, status.Gravity, status.Battery = f.glance(d.shown())
			}
			s.Devices = append(s.Devices, status)
		}
	}
	b.options.OnSnapshot(s)
}

func (b *bridge) gauges(now time.Time) {
	b.metrics.remaining.Set(float64(b.remaining(now)))
	b.metrics.lastHour.Set(float64(b.ledger.lastHour(now)))
	b.metrics.unknown.Set(float64(b.unknown))
	connected := 0.0
	if b.phase != away {
		connected = 1
	}
	b.metrics.broker.Set(connected)
	for _, f := range b.families {
		on := 0
		for _, d := range f.order {
			if d.online == online {
				on++
			}
		}
		b.metrics.devices.WithLabelValues(string(f.name), "online").Set(float64(on))
		b.metrics.devices.WithLabelValues(string(f.name), "offline").Set(float64(len(f.order) - on))
	}
}

// history counts requests by quarters of an hour.
type history struct {
	counts [96]int
	last   int64 // the quarter counted in last
}

const quarter = 15 * time.Minute

// add counts a request at a time of the wall clock. A clock set back counts into the newest quarter.
func (h *history) add(at time.Time) {
	h.forward(at)
	h.counts[h.last%96]++
}

func (h *history) forward(at time.Time) {
	now := at.Unix() / int64(quarter/time.Second)
	if h.last == 0 {
		h.last = now
	}
	for range min(96, max(0, now-h.last)) {
		h.last++
		h.counts[h.last%96] = 0
	}
	h.last = max(h.last, now)
}

// day returns the counts of the last 24 hours, oldest first.
func (h *history) day(at time.Time) []int {
	h.forward(at)
	out := make([]int, 0, 96)
	for i := range int64(96) {
		out = append(out, h.counts[(h.last+1+i)%96])
	}
	return out
}
