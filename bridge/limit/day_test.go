package limit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADayIsCountedInQuartersOfAnHour(t *testing.T) {
	var d Day
	d.Add(noon)
	d.Add(noon.Add(14 * time.Minute))
	d.Add(noon.Add(15 * time.Minute))
	counts := d.Counts(noon.Add(15 * time.Minute))
	require.Len(t, counts, 96)
	assert.Equal(t, []int{2, 1}, counts[94:])
	d.Add(noon.Add(-time.Hour)) // a clock set back
	assert.Equal(t, []int{2, 2}, d.Counts(noon.Add(15 * time.Minute))[94:])
	assert.Equal(t, 2, d.Counts(noon.Add(24 * time.Hour))[0], "still within the day")
	for _, n := range d.Counts(noon.Add(400 * 24 * time.Hour)) {
		assert.Zero(t, n)
	}
}
