package batch

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Row is one reading of a hydrometer.
type Row struct {
	At          time.Time
	Gravity     *float64 // SG; nil when unknown
	Temperature *float64 // °C; nil when unknown
}

const (
	// slot is the time of which one reading is kept: the first with a gravity. A device that reports each minute needs no more.
	slot = 5 * 60
	// maxPoints bounds the readings that are kept: four months, one each slot.
	maxPoints = 120 * 24 * 3600 / slot
	// overlap is how far back the analysis of a reading looks.
	overlap = 5 * 24 * 3600
)

// Plausible readings. Outside of them a device is in the air, in cleaner or broken: a probe in the air reports an SG of
// 0 for days, a Tilt in the hand up to 2.138.
const (
	minGravity, maxGravity         = -30, 160 // points
	minTemperature, maxTemperature = -5, 60   // °C
)

// point is a kept reading. Gravity is in points (thousandths of SG above 1): NaN when unknown, infinite when there was a
// reading that can't be true.
type point struct {
	at                   int64 // Unix seconds
	gravity, temperature float32
}

func newPoint(r Row) point {
	p := point{at: r.At.Unix(), gravity: unknown32, temperature: unknown32}
	plausible := true
	if r.Temperature != nil && !math.IsNaN(*r.Temperature) {
		p.temperature = float32(*r.Temperature)
		plausible = *r.Temperature >= minTemperature && *r.Temperature <= maxTemperature
	}
	if r.Gravity != nil && !math.IsNaN(*r.Gravity) {
		points := inPoints(*r.Gravity)
		plausible = plausible && points >= minGravity && points <= maxGravity
		p.gravity = float32(points)
	}
	if !plausible {
		p.gravity, p.temperature = float32(math.Inf(1)), unknown32
	}
	return p
}

var unknown32 = float32(math.NaN())

// known is whether there is a gravity that may be true.
func (p point) known() bool { return p.gravity <= maxGravity }

// junk is whether the reading can't be true.
func (p point) junk() bool { return p.gravity > maxGravity }

// before orders the readings of one slot, so that the one that is kept does not depend on which came first.
func (p point) before(q point) bool {
	if p.known() != q.known() {
		return p.known()
	}
	order := cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.gravity, q.gravity), cmp.Compare(p.temperature, q.temperature))
	return order < 0
}

// points are the kept readings, oldest first, one a slot.
type points []point

// add takes a reading in and says from which index on the readings have changed; ok is false when none has.
func (s *points) add(p point) (from int, ok bool) {
	at, found := slices.BinarySearchFunc(*s, p, func(a, b point) int { return cmp.Compare(floorDiv(a.at), floorDiv(b.at)) })
	switch {
	case !found && len(*s) >= 2*maxPoints:
		return 0, false
	case !found:
		*s = slices.Insert(*s, at, p)
	case p.before((*s)[at]):
		(*s)[at] = p
	default:
		return 0, false
	}
	return at, true
}

// floorDiv is the slot of a time, also before 1970.
func floorDiv(at int64) int64 {
	q := at / slot
	if at%slot < 0 {
		q--
	}
	return q
}

// since is the index of the first reading at or after a time.
func (s points) since(at int64) int {
	i, _ := slices.BinarySearchFunc(s, at, func(p point, at int64) int { return cmp.Compare(p.at, at) })
	return i
}
