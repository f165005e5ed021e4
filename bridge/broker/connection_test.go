package broker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/internal/retry"
)

func TestReconnectingTakesItsTime(t *testing.T) {
	for _, ready := range []bool{false, true} {
		c := &client{ready: ready, backOff: retry.New(shortestReconnect, longestReconnect, 0)}
		for range 2 { // a connection that was made starts over
			first := c.reconnectAfter(0)
			if ready {
				assert.Equal(t, time.Second, first, "one that lost its connection waits, or two of one id would fight without end")
			} else {
				assert.Zero(t, first, "the very first attempt is at once")
			}
			for attempt, want := range []time.Duration{2, 4, 8, 16, 30, 30, 30} {
				assert.Equal(t, want*time.Second, c.reconnectAfter(attempt+1), attempt)
			}
		}
	}
}
