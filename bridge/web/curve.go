package web

import (
	"math"
	"slices"
	"time"
)

// Of a curve one point in each half hour is kept, and a month in all: 1440 points, 35 KB.
const (
	curveSlot = 30 * time.Minute
	curveAge  = 30 * 24 * time.Hour
	maxCurve  = int(curveAge / curveSlot)
)

// Point is what a hydrometer measured at one moment. What is not known is NaN.
type Point struct {
	at                           int64   // Unix seconds
	gravity, temperature, target float32 // SG; °C
}

// NewPoint is a point of these values, in SG and °C, NaN for what is not known.
func NewPoint(at time.Time, gravity, temperature, target float64) Point {
	return Point{at.Unix(), float32(gravity), float32(temperature), float32(target)}
}

// Curve is the points of a device in the order of their times. A copy of it stays as it is while points are added.
type Curve []Point

// With is the curve with one point more. One of a half hour that has a point adds nothing, and so does one that is a month
// older than the newest.
func (c Curve) With(p Point) Curve {
	slot := func(at int64) int64 { return at / int64(curveSlot/time.Second) }
	i, there := slices.BinarySearchFunc(c, p, func(a, b Point) int { return int(slot(a.at) - slot(b.at)) })
	switch {
	case there || math.IsNaN(float64(p.gravity)) && math.IsNaN(float64(p.temperature)):
		return c
	case i < len(c):
		if c[len(c)-1].at-p.at > int64(curveAge/time.Second) {
			return c
		}
		c = slices.Insert(slices.Clone(c), i, p) // a copy, so that what was handed out stays as it is
	default:
		c = append(c, p)
	}
	oldest := c[len(c)-1].at - int64(curveAge/time.Second)
	for len(c) > maxCurve || c[0].at < oldest {
		c = c[1:]
	}
	return c
}

// since is the part of the curve from a time on.
func (c Curve) since(t time.Time) Curve {
	i, _ := slices.BinarySearchFunc(c, t.Unix(), func(p Point, at int64) int { return int(p.at - at) })
	return c[i:]
}
