package retry

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWaitsDoubleUpToTheBound(t *testing.T) {
	b := New(time.Minute, 5*time.Minute, 0)
	for _, want := range []time.Duration{1, 2, 4, 5, 5} {
		assert.Equal(t, want*time.Minute, b.NextBackOff())
	}
	b.Reset()
	assert.Equal(t, time.Minute, b.NextBackOff())
	assert.Equal(t, time.Second, New(time.Hour, time.Second, 0).NextBackOff())
}

func TestChanceStaysWithinTheBound(t *testing.T) {
	b := New(time.Minute, 5*time.Minute, 0.3)
	first := b.NextBackOff()
	assert.GreaterOrEqual(t, first, 42*time.Second)
	assert.LessOrEqual(t, first, 78*time.Second)
	for range 100 {
		assert.LessOrEqual(t, b.NextBackOff(), 5*time.Minute)
	}
}
