package fermentation

import (
	"math"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// runTime is where a controller's counters stood when the batch began, in seconds; null where that was not seen.
type runTime struct {
	Paired  string     `json:"paired_device_id"`
	Began   *time.Time `json:"began"`
	Heating *float64   `json:"heating"`
	Cooling *float64   `json:"cooling"`
}

func (r runTime) believed(now time.Time) runTime {
	if r.Began = past(r.Began, now); r.Began == nil || len(r.Paired) > 64 {
		return runTime{}
	}
	r.Heating, r.Cooling = between(r.Heating, 0, 1e12), between(r.Cooling, 0, 1e12)
	return r
}

// controller is what steers the temperature of a beer.
type controller struct {
	counters
	profile device.Session // the one that runs and tells of a beer; the zero Session for none
}

// sample is where the counters of a controller stood.
type sample struct {
	at               time.Time
	heating, cooling float64 // seconds; NaN for not known
}

// counters are the samples of a controller, the first of each hour, oldest first, and the newest.
type counters struct {
	hourly []sample
	newest sample
}

const (
	maxSamples = 40 * 24 // hours
	// nearBegin is how far from a moment the sample may be that stands for it.
	nearBegin = 2 * time.Hour
)

// counterKeys are the run-time counters of the families that a hydrometer can be paired with. A chamber cools with a
// compressor of its own.
func counterKeys(t device.Telemetry) (heating, cooling float64) {
	value := func(keys ...string) float64 {
		for _, key := range keys {
			if v, ok := t.Value(key); ok {
				if n, ok := v.Number(); ok {
					return n
				}
			}
		}
		return math.NaN()
	}
	return value("heating_run_time"), value("cooling_run_time", "compressor_run_time")
}

// add takes a row of the controller.
func (c *counters) add(t device.Telemetry) {
	s := sample{at: t.At}
	if s.heating, s.cooling = counterKeys(t); math.IsNaN(s.heating) && math.IsNaN(s.cooling) {
		return
	}
	if s.at.After(c.newest.at) {
		c.newest = s
	}
	hour := s.at.Truncate(time.Hour)
	i, found := slices.BinarySearchFunc(c.hourly, hour, func(s sample, hour time.Time) int { return s.at.Truncate(time.Hour).Compare(hour) })
	switch {
	case !found:
		c.hourly = slices.Insert(c.hourly, i, s)
	case s.at.Before(c.hourly[i].at):
		c.hourly[i] = s
	}
	c.hourly = c.hourly[max(0, len(c.hourly)-maxSamples):]
}

// at is where the counters stood about a moment.
func (c *counters) at(moment time.Time) (s sample, ok bool) {
	nearest := nearBegin
	see := func(other sample) {
		if d := other.at.Sub(moment).Abs(); d <= nearest {
			s, nearest, ok = other, d, true
		}
	}
	for _, other := range c.hourly {
		see(other)
	}
	see(c.newest)
	return s, ok
}

// between is how many hours a controller heated and cooled from where the counters stood until a moment; NaN where that is
// not known, as for a counter that was reset meanwhile.
func (c *counters) between(from sample, until sample) (heating, cooling float64) {
	heating, cooling = (until.heating-from.heating)/3600, (until.cooling-from.cooling)/3600
	before := from
	for _, s := range c.hourly {
		if !s.at.After(from.at) || s.at.After(until.at) {
			continue
		}
		if s.heating < before.heating {
			heating = math.NaN()
		}
		if s.cooling < before.cooling {
			cooling = math.NaN()
		}
		before = s
	}
	if heating < 0 {
		heating = math.NaN()
	}
	if cooling < 0 {
		cooling = math.NaN()
	}
	return heating, cooling
}

// tenth is a number of hours to a tenth; nil for NaN.
func tenth(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = math.Round(v*10) / 10
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func orNil(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}
