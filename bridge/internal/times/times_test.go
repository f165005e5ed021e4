package times

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestZeroMeansNone(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	later := noon.Add(time.Second)
	assert.Equal(t, noon, Soonest(time.Time{}, noon))
	assert.Equal(t, noon, Soonest(noon, time.Time{}))
	assert.Equal(t, noon, Soonest(later, noon))
	assert.Equal(t, noon, Soonest(noon, later))
	assert.True(t, Soonest(time.Time{}, time.Time{}).IsZero())
	assert.Equal(t, later, Latest(time.Time{}, noon, later, noon))
	assert.Equal(t, later, Latest(later))
}

func TestClocksDifferByLessThanADay(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	assert.False(t, Ahead(noon, noon))
	assert.False(t, Ahead(noon.Add(24*time.Hour-1), noon))
	assert.True(t, Ahead(noon.Add(24*time.Hour), noon))
	assert.False(t, Ahead(time.Time{}, noon))
}
