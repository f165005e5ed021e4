package limit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestADayIsCountedInQuartersOfAnHour(t *testing.T) {
	sum := func(day []int) (n int) {
		for _, c := range day {
			n += c
		}
		return n
	}
	var d DayCount
	d.Add(noon)
	d.Add(noon.Add(14 * time.Minute))
	d.Add(noon.Add(15 * time.Minute))
	day := d.Day(noon.Add(time.Hour))
	assert.Len(t, day, 96)
	assert.Equal(t, []int{2, 1, 0, 0, 0}, day[91:])
	d.Add(noon.Add(-5 * time.Hour))
	assert.Equal(t, 4, sum(d.Day(noon)), "a clock set back counts into the newest quarter")
	assert.Zero(t, sum(d.Day(noon.Add(25*time.Hour))))
	assert.Zero(t, sum(d.Day(noon.AddDate(200, 0, 0))), "a clock that jumps by centuries")
}
