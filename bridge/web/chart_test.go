package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChartKeepsWithinItsSpace(t *testing.T) {
	day := make([]int, 96)
	day[0], day[50], day[95] = 1, 1000, 500
	c := newChart(day)
	assert.Equal(t, 1501, c.Total)
	assert.Equal(t, 1000, c.Top)
	assert.Equal(t, []bar{
		{X: 0, Y: 118, Width: 8, Height: 2}, // small, but there
		{X: 500, Y: 0, Width: 8, Height: 120},
		{X: 950, Y: 60, Width: 8, Height: 60},
	}, c.Bars)
	assert.Equal(t, []int{240, 480, 720}, c.Lines)
}

func TestChartOfNothingIsNone(t *testing.T) {
	assert.Equal(t, chart{}, newChart(nil))
	assert.Equal(t, chart{}, newChart(make([]int, 96)))
}
