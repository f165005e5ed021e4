package device

import (
	"context"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Family is a kind of device: the endpoint that lists it, what its readings hold, and what can be set.
type Family struct {
	Name discovery.Family
	// Floor is the least silence after which a device counts as offline.
	Floor time.Duration
	// Rows are the values of a reading, in the order of the state document.
	Rows []Row
	// Setters are the API's calls that set a value.
	Setters []Setter
	// Submit hands a reading of a device of another maker to the cloud; nil where the family takes none.
	Submit func(ctx context.Context, c *raptclient.Client, id string, t raptclient.Telemetry) error

	index     map[string]int // of Rows by key
	underived *Derived       // nothing known beyond the reading
	telemetry []Row          // that a telemetry row has: those of the Rows, then what only telemetry rows have
	history   func(ctx context.Context, c *raptclient.Client, id string, q raptclient.TelemetryQuery) (TelemetryList, error)
	resends   bool // its devices send some readings twice, with a new time
	list      func(ctx context.Context, c *raptclient.Client) (Listing, error)
	get       func(ctx context.Context, c *raptclient.Client, id string) (Reading, raptclient.Report, error)
	clone     func(r Reading) Reading
	// heatingCounter and coolingCounter are the keys of the counters that advance while the device heats and while it
	// cools; empty for none.
	heatingCounter, coolingCounter string
}

// Setter is a call of the API that sets one value of a device, or several at once.
type Setter struct {
	// Keys are the values that it sets, in the order of the call's arguments.
	Keys []string
	call func(ctx context.Context, c *raptclient.Client, id string, v []Value) (changed bool, err error)
}

// Call sets the values, of which there is one for each key. changed is false when the device had them already.
func (s Setter) Call(ctx context.Context, c *raptclient.Client, id string, v []Value) (changed bool, err error) {
	return s.call(ctx, c, id, v)
}

// Listing is the answer to a family's list.
type Listing struct {
	Readings []Reading
	Report   raptclient.Report
}

// List asks for the newest reading of every device of the family.
func (f *Family) List(ctx context.Context, c *raptclient.Client) (Listing, error) {
	return f.list(ctx, c)
}

// Get asks for the newest reading of one device.
func (f *Family) Get(ctx context.Context, c *raptclient.Client, id string) (Reading, raptclient.Report, error) {
	return f.get(ctx, c, id)
}

// Setter is the call that sets a key.
func (f *Family) Setter(key string) (Setter, bool) {
	for _, s := range f.Setters {
		if slices.Contains(s.Keys, key) {
			return s, true
		}
	}
	return Setter{}, false
}

// Sets reports whether a key of the family can be set.
func (f *Family) Sets(key string) bool {
	_, ok := f.Setter(key)
	return ok
}

// Floors of the silence that counts as offline: a hydrometer sleeps between readings, the others report often.
const (
	hydrometerFloor = 3 * time.Hour
	deviceFloor     = 30 * time.Minute
)

// newFamily makes the family of a resource. shared is where its model keeps what all families share. Of the telemetry rows
// of a listed device only the newest one's time and key are kept: the others say nothing that the device doesn't.
func newFamily[D, T any](
	name discovery.Family, resource func(*raptclient.Client) raptclient.Resource[D, T],
	shared func(*D) *raptclient.Device, telemetry telemetryOf[D, T], rows ...[]row[D],
) *Family {
	f := &Family{Name: name, Floor: deviceFloor, Rows: untyped(slices.Concat(rows...)), index: map[string]int{}, underived: &Derived{}}
	for i, r := range f.Rows {
		f.index[r.Key] = i
	}
	read := func(d *D) Reading {
		r := Reading{family: f, device: shared(d), model: d}
		newest := telemetry.newest(d)
		if !r.device.LastActivityTime.Valid {
			r.device.LastActivityTime = newest.CreatedOn
		}
		if r.device.LastActivityTime.V.Equal(newest.CreatedOn.V) {
			r.rowKey = newest.RowKey.V
		}
		return r
	}
	f.list = func(ctx context.Context, c *raptclient.Client) (Listing, error) {
		list, err := resource(c).List(ctx)
		if err != nil {
			return Listing{}, err
		}
		out := Listing{Readings: make([]Reading, len(list.Items)), Report: list.Report}
		for i := range list.Items {
			out.Readings[i] = read(&list.Items[i])
		}
		return out, nil
	}
	f.get = func(ctx context.Context, c *raptclient.Client, id string) (Reading, raptclient.Report, error) {
		item, err := resource(c).Get(ctx, id)
		if err != nil {
			return Reading{}, raptclient.Report{}, err
		}
		return read(&item.Value), item.Report, nil
	}
	f.clone = func(r Reading) Reading {
		d := *r.model.(*D)
		return read(&d)
	}
	bindTelemetry(f, resource, shared, telemetry)
	return f
}

// newest clears the telemetry rows of a listed device, newest first, and returns the newest.
func (t telemetryOf[D, T]) newest(d *D) raptclient.TelemetryRow {
	if t.listed == nil || len(*t.listed(d)) == 0 {
		return raptclient.TelemetryRow{}
	}
	rows := t.listed(d)
	newest := *t.row(&(*rows)[0])
	*rows = nil
	return newest
}
