package limit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSameThingIsNotSetTooOften(t *testing.T) {
	clock := func(at time.Time) string { return at.Format(time.TimeOnly) }
	c := NewChanges(60)
	var made []time.Time
	for now := noon; now.Before(noon.Add(3 * time.Hour)); now = now.Add(5 * time.Second) {
		if c.Check(now, "kettle target", clock) == nil {
			c.Record(now, "kettle target")
			made = append(made, now)
		}
		require.NoError(t, c.Check(now, "kettle pump", clock), "another key")
	}
	assert.Equal(t, 30, mostIn(made, burst))
	assert.Equal(t, 60, mostIn(made, time.Hour))
	assert.GreaterOrEqual(t, len(made), 3*60-1)

	c = NewChanges(60)
	for range 30 {
		c.Record(noon, "x")
	}
	require.EqualError(t, c.Check(noon.Add(time.Minute), "x", clock), "it was set 30 times in ten minutes or 60 times in an hour, which is the limit "+
		"(control.max_changes_per_hour); the next change is accepted at 12:10:01; switching off always is")
	c.Withdraw("x")
	require.NoError(t, c.Check(noon.Add(time.Minute), "x", clock), "what did not leave is not counted")
	c.Record(noon.Add(time.Minute), "x")
	require.Error(t, c.Check(noon.Add(time.Minute), "x", clock))
	c.Withdraw("z")
	c.Withdraw("x")
	require.NoError(t, c.Check(noon.Add(burst+windowMargin), "x", clock))

	c.Record(noon.Add(2*time.Hour), "y")
	assert.Len(t, c.of, 1, "what was set long ago is forgotten")
}
