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
