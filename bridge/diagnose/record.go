package diagnose

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// How much is kept: the newest of what there is more of.
const (
	maxDevices   = 200
	maxReports   = 2000 // of a device
	maxLags      = 500  // of a device
	maxEndpoints = 64
	maxTook      = 200 // of an endpoint and status
	maxWaits     = 50
	maxReadings  = 1000 // of a family, of which the values are noted
)

// Record is what was seen of an account. Its methods are for one goroutine at a time.
type Record struct {
	version, source string
	devices         map[device.Ref]*deviceRecord
	order           []*deviceRecord
	count           map[discovery.Family]int
	answers         map[answerKey]*answers
	shapes          map[string]*shape // by endpoint
	readings        map[discovery.Family]int
	limit           rateLimit
	clock           []float64 // what the cloud's clock is ahead, s
}

// deviceRecord is one device. It doesn't know which.
type deviceRecord struct {
	family    discovery.Family
	number    int
	frequency raptclient.Null[float64] // as the API gives it
	times     []time.Time              // of reports, the cloud's clock
	reports   int
	repeated  int // with the time of the one before
	resent    int // with the values of the one before, and another time
	keyless   int // rows without a key
	last      device.Telemetry
	lags      []lag
}

// lag is how old a report was when it was seen first, and how old when it was looked for in vain; the latter is not valid where
// nobody had looked.
type lag struct {
	seen   float64
	before raptclient.Null[float64]
}

// answerKey tells kinds of answers apart.
type answerKey struct {
	endpoint string
	status   int // 0 for none
	problem  string
}

type answers struct {
	count int
	took  []float64 // s
}

// rateLimit is what the headers say of the vendor's limit.
type rateLimit struct {
	seen, least, most int
	resetIn           []float64 // s
	retryAfter        []float64 // s
}

// New is an empty record of a version of the program. source says who collects: the bridge, or a command.
func New(version, source string) *Record {
	return &Record{
		version: version, source: source, devices: map[device.Ref]*deviceRecord{}, count: map[discovery.Family]int{},
		answers: map[answerKey]*answers{}, shapes: map[string]*shape{}, readings: map[discovery.Family]int{},
	}
}

// keep appends to a list of bounded length: the oldest go, a quarter at a time.
func keep[T any](list []T, v T, most int) []T {
	if len(list) >= most {
		list = append(list[:0], list[most/4:]...)
	}
	return append(list, v)
}

func (r *Record) device(ref device.Ref) *deviceRecord {
	d := r.devices[ref]
	if d == nil && len(r.order) < maxDevices {
		r.count[ref.Family]++
		d = &deviceRecord{family: ref.Family, number: r.count[ref.Family]}
		r.devices[ref], r.order = d, append(r.order, d)
	}
	return d
}

// Device takes what a list says of a device.
func (r *Record) Device(ref device.Ref, reading device.Reading) {
	d := r.device(ref)
	if d == nil {
		return
	}
	v, _ := reading.Value("telemetry_frequency")
	if n, ok := v.Number(); ok {
		d.frequency = raptclient.Some(n)
	}
}

// Accept takes a reading of a running bridge, which counts when a poll has seen it for the first time.
func (r *Record) Accept(u device.Update) {
	r.Device(u.Ref, u.Reading)
	d := r.device(u.Ref)
	if !u.New || d == nil {
		return
	}
	d.report(u.Reading.Telemetry())
	r.rows(u)
	l := lag{seen: u.Age.Seconds()}
	if late := u.Before.Sub(u.Reading.Activity()).Seconds(); !u.Before.IsZero() && late > 0 {
		l.before = raptclient.Some(late)
	}
	d.lags = keep(d.lags, l, maxLags)
}

// Remove has nothing to forget: what was seen of a device stays true, and doesn't say which it was.
func (r *Record) Remove(device.Ref) {}

// Rows takes telemetry rows of a device, oldest first.
func (r *Record) Rows(ref device.Ref, rows []device.Telemetry) {
	d := r.device(ref)
	if d == nil {
		return
	}
	for _, row := range rows {
		d.report(row)
		if row.Row == row.At.UTC().Format(time.RFC3339Nano) {
			d.keyless++
		}
	}
}

func (d *deviceRecord) report(t device.Telemetry) {
	d.reports++
	switch {
	case t.At.Equal(d.last.At):
		d.repeated++
	case t.Resends(d.last):
		d.resent++
	}
	d.last = t
	d.times = keep(d.times, t.At, maxReports)
}

// Answer takes the end of a request. now is the time of this machine.
func (r *Record) Answer(e raptclient.Exchange, now time.Time) {
	key := answerKey{endpoint: e.Endpoint, status: e.Status, problem: problemOf(e.Err)}
	a := r.answers[key]
	if a == nil {
		if len(r.answers) >= maxEndpoints*4 {
			return
		}
		a = &answers{}
		r.answers[key] = a
	}
	a.count++
	a.took = keep(a.took, e.Took.Seconds(), maxTook)
	if e.Date.Valid {
		r.clock = keep(r.clock, e.Date.V.Sub(now).Seconds(), maxWaits)
	}
	r.limit.take(e)
}

func (l *rateLimit) take(e raptclient.Exchange) {
	if left := e.RateLimit.Remaining; left.Valid {
		if l.seen == 0 {
			l.least, l.most = left.V, left.V
		}
		l.seen++
		l.least, l.most = min(l.least, left.V), max(l.most, left.V)
	}
	if e.RateLimit.Reset.Valid && e.Date.Valid {
		l.resetIn = keep(l.resetIn, e.RateLimit.Reset.V.Sub(e.Date.V).Seconds(), maxWaits)
	}
	if e.RateLimit.RetryAfter.Valid {
		l.retryAfter = keep(l.retryAfter, e.RateLimit.RetryAfter.V.Seconds(), maxWaits)
	}
}
