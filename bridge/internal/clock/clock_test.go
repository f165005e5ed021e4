package clock

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAWallClockThatIsSetMovesNoSteadyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set time.Duration
		c := New(func() time.Time { return time.Now().Add(set) })
		before := c.Now()
		time.Sleep(time.Minute)
		set = 3 * time.Hour
		assert.Equal(t, time.Minute, c.Now().Sub(before))
		assert.Equal(t, 3*time.Hour, c.Wall().Sub(c.Now()))
		assert.Equal(t, c.Wall().Add(time.Minute), c.Read(c.Now().Add(time.Minute)), "what people read is the wall clock as it is now")
		assert.Equal(t, c.Wall().Format("15:04:05 MST"), c.Text(c.Now()))
		m := c.Moment()
		assert.Equal(t, 3*time.Hour, m.Wall.Sub(m.Steady))
	})
}
