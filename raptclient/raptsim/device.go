package raptsim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// never is a time of day that does not come.
const never brewTime = math.MaxInt64

// device is one device: its physics, its rhythm, and what the cloud shows of it.
type device struct {
	spec        DeviceSpec
	fam         *familyRow
	index       int
	serial, mac string
	rng         *rand.Rand

	host   *device   // whose temperature it shares
	riders []*device // that share its temperature

	last state // reading
	s    state // as it is at the time at, which lies on the grid of the family's steps
	at   brewTime
	beer beer // hidden from the API
	heat thermals
	can  canLine

	reportSchedule
	silent bool

	shown    state // what the cloud shows
	shownAt  time.Time
	queue    []sent         // reports that are not visible yet, oldest first
	pending  []change       // commands that are not visible yet
	held     []change       // commands that wait for a silent device
	settings map[string]any // what Set left that state can't hold

	reports ring[Report]
	rows    rows
}

// sent is a report on its way or kept as telemetry.
type sent struct {
	at, visible time.Time
	brew        brewTime
	s           state
}

// change is a new value of a setting.
type change struct {
	due   time.Time
	f     *field
	value any // float64 or bool
}

func (ch change) apply(s *state) {
	switch v := ch.value.(type) {
	case float64:
		*ch.f.num(s) = v
	case bool:
		*ch.f.flag(s) = v
	}
}

// keepOld leaves the setting in fresh as it was in old.
func (ch change) keepOld(fresh, old *state) {
	if ch.f.num != nil {
		*ch.f.num(fresh) = *ch.f.num(old)
	} else {
		*ch.f.flag(fresh) = *ch.f.flag(old)
	}
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// number is a setting that the physics needs.
func (d *device) number(name string, def float64) float64 {
	if v, ok := d.settings[name].(float64); ok {
		return v
	}
	return def
}

// bound tells whether a Bluetooth sensor is bound to a controller.
func (d *device) bound() bool {
	_, ok := d.settings["controlDeviceType"].(string)
	return ok
}

// advance moves the physics to the last step at or before t. It goes by fixed steps, so that the outcome does not depend on
// when somebody asks.
func (d *device) advance(w *world, t brewTime) {
	for d.at+d.fam.step <= t {
		d.at += d.fam.step
		d.fam.advance(d, w, d.fam.step.Seconds())
		for _, r := range d.riders {
			r.advance(w, d.at)
		}
	}
}

// reading is the present state with the noise of sensors.
func (d *device) reading() state {
	s := d.s
	s.temperature = d.spec.Sensor.readTemperature(d.rng, s.temperature)
	s.rssi = math.Round(s.rssi + 2*d.rng.NormFloat64())
	if d.fam.bit&(inHydrometer|inExternal) != 0 {
		s.gravity = d.readGravity()
		s.velocity += 0.1 * d.rng.NormFloat64()
	}
	if d.bound() {
		s.controlTemperature += 0.05 * d.rng.NormFloat64()
	}
	return s
}

// update brings what the cloud shows up to date at the real time now: reports that have become visible and commands that
// have come through, in the order of their times.
func (d *device) update(now time.Time) {
	for {
		report := len(d.queue) > 0 && !d.queue[0].visible.After(now)
		first := -1
		for i, p := range d.pending {
			if !p.due.After(now) && (first < 0 || p.due.Before(d.pending[first].due)) {
				first = i
			}
		}
		switch {
		case first >= 0 && (!report || d.pending[first].due.Before(d.queue[0].visible)):
			d.pending[first].apply(&d.shown)
			d.pending = append(d.pending[:first], d.pending[first+1:]...)
		case report:
			d.show(d.queue[0])
			d.queue = append(d.queue[:0], d.queue[1:]...)
		default:
			return
		}
	}
}

func (d *device) show(r sent) {
	old := d.shown
	d.shown, d.shownAt = r.s, r.at
	for _, p := range d.pending {
		p.keepOld(&d.shown, &old)
	}
	d.rows.add(r)
}

// ring keeps the newest values.
type ring[T any] struct {
	items []T
	first int
	limit int
}

func (r *ring[T]) add(v T) {
	if len(r.items) < r.limit {
		r.items = append(r.items, v)
		return
	}
	r.items[r.first] = v
	r.first = (r.first + 1) % r.limit
}

// last is the newest value; there is one.
func (r *ring[T]) last() *T {
	return &r.items[(r.first+len(r.items)-1)%len(r.items)]
}

func (r *ring[T]) all() []T {
	return append(append(make([]T, 0, len(r.items)), r.items[r.first:]...), r.items[:r.first]...)
}
