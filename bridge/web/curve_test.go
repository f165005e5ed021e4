package web

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestACurveKeepsOnePointEachHalfHourForAMonth(t *testing.T) {
	var c Curve
	for i := range 60 * 24 * 12 { // two months of a reading in five minutes
		c = c.With(NewPoint(noon.Add(time.Duration(i)*5*time.Minute), 1.05, 20, math.NaN()))
	}
	assert.Len(t, c, maxCurve)
	assert.Equal(t, int64(30*60), c[1].at-c[0].at)
	assert.Len(t, c.With(NewPoint(time.Unix(c[0].at, 0).Add(-24*time.Hour), 1, 1, 1)), maxCurve, "one that is too old adds nothing")
	assert.Len(t, c.With(NewPoint(time.Unix(c[len(c)-1].at, 0).Add(time.Hour), math.NaN(), math.NaN(), 18)), maxCurve, "nor does one that measured nothing")
	assert.Empty(t, Curve(nil).With(NewPoint(noon, math.NaN(), math.NaN(), 18)))
}

func TestACurveIsTheSameInWhateverOrderItsPointsCome(t *testing.T) {
	var points []Point
	for i := range 200 {
		points = append(points, NewPoint(noon.Add(time.Duration(i)*time.Hour), 1.05-float64(i)/10000, 20, 18))
	}
	var inOrder Curve
	for _, p := range points {
		inOrder = inOrder.With(p)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	var c Curve
	for _, p := range append(points, points[:50]...) {
		c = c.With(p)
	}
	assert.Equal(t, inOrder, c)
}

func TestACurveThatWasHandedOutStaysAsItIs(t *testing.T) {
	c := fermenting(noon, 10)
	handed := c
	want := append(Curve(nil), c...)
	c = c.With(NewPoint(noon.Add(90*time.Minute), 1, 1, 1)) // in between
	c = c.With(NewPoint(noon.Add(20*time.Hour), 1, 1, 1))
	_ = c.With(NewPoint(noon.Add(-time.Hour), 1, 1, 1))
	assert.Equal(t, fmt.Sprint(want), fmt.Sprint(handed))
	assert.Len(t, c.since(noon.Add(time.Hour)), 11)
	assert.Empty(t, c.since(noon.Add(48*time.Hour)))
}
