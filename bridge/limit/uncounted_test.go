package limit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACountThatIsAnsweredLateIsNone(t *testing.T) {
	assert.False(t, Uncounted{Asked: noon, Answered: noon.Add(staleCount)}.Late())
	assert.True(t, Uncounted{Asked: noon, Answered: noon.Add(staleCount + 1)}.Late())
}

func TestWhatIsNotCountedDoesNotLeaveAndHoldsTheNextBack(t *testing.T) {
	g := open(60)
	require.NoError(t, g.Pass(noon, ForPoll, false))
	u := Uncounted{Asked: noon, Answered: noon.Add(time.Minute), Purpose: ForPoll}
	var held *RateLimitedError
	require.ErrorAs(t, u.Err(), &held)
	assert.Equal(t, noon.Add(time.Minute+afterUncounted), held.At)
	g.Withdraw(u)
	assert.Zero(t, g.Requests.LastHour(noon.Add(time.Minute)))
	assert.Equal(t, held.At, g.UncountedUntil)
}
