package raptsim

import (
	"container/heap"
	"math"
	"time"
)

// world is what devices share: the room and the profiles.
type world struct {
	profiles []profile
	oneBatch bool
	resets   bool // a profile resets the target
	// beerSpeed is how fast beers ferment in brewing time after the first of it, slow; 0 for as fast as all else.
	beerSpeed float64
	slow      brewTime
}

// ambient is the temperature of the room in C: warm in the afternoon, cool at night.
func (w *world) ambient(at brewTime) float64 {
	return 20.5 + 2.5*math.Sin(2*math.Pi*at.Hours()/24)
}

// due orders the devices by their next report.
type due []*device

func (q due) Len() int { return len(q) }
func (q due) Less(i, j int) bool {
	if q[i].next != q[j].next {
		return q[i].next < q[j].next
	}
	return q[i].index < q[j].index
}
func (q due) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *due) Push(x any)   { *q = append(*q, x.(*device)) }
func (q *due) Pop() any {
	last := len(*q) - 1
	d := (*q)[last]
	*q = (*q)[:last]
	return d
}

// now is the passed clock, which is taken to stand still while it goes backwards.
func (c *Cloud) now() time.Time {
	if t := c.opts.Now(); t.After(c.latest) {
		c.latest = t
	}
	return c.latest
}

// published is a time by the cloud's clock.
func (c *Cloud) published(t time.Time) time.Time { return t.Add(c.opts.ClockOffset).UTC() }

// catchUp lets all reports happen that were due by now, in their order.
func (c *Cloud) catchUp() time.Time {
	now := c.now()
	brew := c.clock.brew(now)
	for len(c.due) > 0 && c.due[0].next <= brew {
		d := c.due[0]
		switch {
		case d.silent:
		case d.again:
			c.repeat(d, d.next)
		case d.extra || !d.missed():
			c.report(d, d.next)
		}
		if now.Sub(c.clock.wall(d.next)) > c.opts.ReportLagMax {
			d.update(c.clock.wall(d.next)) // keeps the queue short while days go by
		}
		d.schedule()
		heap.Fix(&c.due, 0)
	}
	return now
}

// advanceTo moves the physics of a device to the brewing time t, with that of the one whose temperature it shares.
func (c *Cloud) advanceTo(d *device, t brewTime) {
	if d.host != nil {
		d.host.advance(&c.world, t)
	}
	d.advance(&c.world, t)
}

// link finds out which hydrometers and thermometers share the temperature of which device.
func (c *Cloud) link() {
	for _, d := range c.devices {
		d.host, d.riders = nil, nil
	}
	for _, d := range c.devices {
		p := c.byID[d.spec.PairedWith]
		if p == nil || d.fam.bit&(inHydrometer|inBonded) == 0 || p.fam.bit&inControlling == 0 {
			continue
		}
		d.host, p.riders = p, append(p.riders, d)
	}
}

// report takes a reading of the device at the brewing time t.
func (c *Cloud) report(d *device, t brewTime) {
	c.advanceTo(d, t)
	if d.s.battery > 0 {
		d.s.battery = max(0, d.s.battery-d.fam.drain)
	}
	c.post(d, t, c.lag(d))
}

// repeat sends the device's last reading again, with a new time.
func (c *Cloud) repeat(d *device, t brewTime) {
	c.advanceTo(d, t)
	c.send(d, t, c.lag(d), d.last)
	d.reports.last().Repeated = true
}

// lag is the time until the device's next report is visible.
func (c *Cloud) lag(d *device) time.Duration {
	return c.opts.ReportLagMin + time.Duration(d.rng.Float64()*float64(c.opts.ReportLagMax-c.opts.ReportLagMin))
}

// post sends a reading of the device.
func (c *Cloud) post(d *device, t brewTime, lag time.Duration) {
	d.last = d.reading()
	c.send(d, t, lag, d.last)
}

func (c *Cloud) send(d *device, t brewTime, lag time.Duration, s state) {
	at := c.clock.wall(t)
	visible := at.Add(lag)
	if n := len(d.queue); n > 0 && visible.Before(d.queue[n-1].visible) {
		visible = d.queue[n-1].visible
	}
	d.queue = append(d.queue, sent{at: at, visible: visible, brew: t, s: s})
	d.reports.add(Report{At: at, VisibleAt: visible})
}

// reschedule puts the device's next report at t.
func (c *Cloud) reschedule(d *device, t brewTime) {
	d.next, d.extra, d.again = t, false, false
	for i := range c.due {
		if c.due[i] == d {
			heap.Fix(&c.due, i)
			return
		}
	}
}
