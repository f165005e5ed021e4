package raptsim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Cloud is a simulated RAPT cloud with the devices of one account. It is safe for use by several goroutines.
type Cloud struct {
	opts     Options
	families []familyRow
	fields   []field
	byName   map[string]*field
	shows    map[familySet][]*field // what a family's replies carry
	routes   map[string]route

	mu      sync.Mutex
	clock   clock
	latest  time.Time
	world   world
	devices []*device
	byID    map[string]*device
	due     due
	made    int

	latency *rand.Rand
	tokens  tokens
	faults  faults
	limit   rateLimit
	log     requestLog
}

// New returns a cloud whose brewing time starts now, or by Telemetry.Past earlier. It panics when a device's family is not one of the eight.
func New(o Options) *Cloud {
	o = o.withDefaults()
	c := &Cloud{
		opts:     o,
		families: families(),
		fields:   fields(),
		byName:   map[string]*field{},
		shows:    map[familySet][]*field{},
		byID:     map[string]*device{},
		world:    world{profiles: profiles(), oneBatch: o.OneBatch, resets: o.ProfileResetsTarget},
		clock:    clock{start: o.Now().Add(-time.Duration(float64(o.Telemetry.Past) / o.Speed)), speed: o.Speed},
	}
	if o.BeerInRealTime {
		c.clock = clock{start: o.Now().Add(-o.Telemetry.Past), slow: o.Telemetry.Past, speed: o.Speed}
		c.world.beerSpeed, c.world.slow = 1/o.Speed, brewTime(o.Telemetry.Past)
	}
	c.latest = c.clock.start
	c.latency = rand.New(rand.NewPCG(o.Seed, hash("latency")))
	c.tokens = newTokens(o)
	c.log.limit = o.KeepRequests
	for i := range c.fields {
		f := &c.fields[i]
		c.byName[f.name] = f
		for _, fam := range c.families {
			pumpOfStill := fam.bit == inStill && strings.HasPrefix(f.name, "pump")
			if f.in&fam.bit != 0 && (!pumpOfStill || o.StillReportsPump) {
				c.shows[fam.bit] = append(c.shows[fam.bit], f)
			}
		}
	}
	c.routes = c.makeRoutes()
	for _, s := range o.Devices {
		c.add(s, len(o.Devices))
	}
	c.link()
	for _, d := range c.devices {
		c.join(d)
	}
	c.catchUp()
	return c
}

// Add puts a device into the account, or replaces the one of the same id. It reports at once.
func (c *Cloud) Add(s DeviceSpec) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.catchUp()
	d := c.add(s, len(c.devices)+1)
	c.link()
	c.join(d)
}

// add makes a device of an account with so many of them. It still has to be linked and to join the others.
func (c *Cloud) add(s DeviceSpec, of int) *device {
	var fam *familyRow
	for i := range c.families {
		if c.families[i].name == s.Family {
			fam = &c.families[i]
		}
	}
	if fam == nil {
		panic(fmt.Sprintf("raptsim: device %q: unknown family %q", s.Name, s.Family))
	}
	if s.ID == "" {
		s.ID = uuid(hash(s.Family, s.Name, fmt.Sprint(c.made, c.opts.Seed)))
	}
	s.ID = strings.ToLower(s.ID)
	c.remove(s.ID)
	seed := hash(s.ID)
	d := &device{
		spec: s, fam: fam, index: c.made,
		serial:         fmt.Sprintf("%05d-%08x", 10000+seed%80000, uint32(seed>>20)),
		mac:            fmt.Sprintf("%02x-%02x-%02x-%02x-%02x-%02x", 0x78, 0xe3, 0x6d, byte(seed>>16), byte(seed>>8), byte(seed)),
		rng:            rand.New(rand.NewPCG(c.opts.Seed, seed)),
		reportSchedule: reportSchedule{every: s.ReportEvery},
		at:             c.clock.brew(c.latest).Truncate(5 * time.Minute),
	}
	c.made++
	setDefault(&d.every, fam.every)
	d.reports.limit = c.opts.KeepReports
	d.rows = newRows(c.opts.Telemetry.rowsPerDevice(of), c.shows[fam.bit], fam)
	fam.start(d)
	if s.Profile && fam.runs != nil {
		d.begin(&c.world, s.Age)
	}
	c.devices, c.byID[s.ID] = append(c.devices, d), d
	for name, v := range s.Values {
		c.put(d, name, v)
	}
	return d
}

// join puts the device's last report a part of its interval into the past, where it is visible, and its next one into the
// future.
func (c *Cloud) join(d *device) {
	if d.host != nil {
		d.s.temperature = d.host.s.temperature
	}
	if d.bound() {
		d.s.controlTemperature = d.s.temperature
	}
	now := c.clock.brew(c.latest)
	ago := brewTime(0)
	if c.latest.Equal(c.clock.start) && d.every > 0 {
		ago = brewTime(d.rng.Float64() * float64(d.every))
	}
	d.next = never
	if d.every > 0 {
		d.next = now - ago + d.interval()
	}
	c.post(d, now-ago, 0)
	first := d.queue[0]
	d.queue = nil
	d.show(first)
	heap.Push(&c.due, d)
}

// Remove takes a device out of the account.
func (c *Cloud) Remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.catchUp()
	c.remove(strings.ToLower(id))
	c.link()
}

func (c *Cloud) remove(id string) {
	d := c.byID[id]
	if d == nil {
		return
	}
	delete(c.byID, id)
	c.devices = without(c.devices, d)
	c.due = without(c.due, d)
	heap.Init(&c.due)
}

func without[S ~[]*device](s S, d *device) S {
	out := make(S, 0, len(s))
	for _, x := range s {
		if x != d {
			out = append(out, x)
		}
	}
	return out
}

// uuid makes a version 4 uuid of 64 bits.
func uuid(n uint64) string {
	r := rand.New(rand.NewPCG(n, 0))
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a>>32), uint16(a>>16), uint16(a)&0xfff, 0x8000|uint16(b>>48)&0x3fff, b&0xffffffffffff)
}
