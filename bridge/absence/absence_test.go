package absence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestADeviceIsAskedForAfterTwoListsWithoutIt(t *testing.T) {
	var a absence
	assert.False(t, a.missed(noon))
	assert.Zero(t, a.lookAt, "one list may be a mistake")
	assert.False(t, a.missed(noon.Add(time.Minute)))
	assert.Equal(t, noon.Add(time.Minute), a.lookAt)
}

func TestLooksBecomeRarer(t *testing.T) {
	var (
		a   absence
		now = noon
		gap []time.Duration
	)
	a.missed(now)
	a.missed(now)
	for range 5 {
		a.looked(now)
		gap = append(gap, a.lookAt.Sub(now))
		now = a.lookAt
		a.missed(now)
	}
	assert.Equal(t, []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour}, gap)
	a.looked(now)
	a.postponed(now)
	assert.Equal(t, now, a.lookAt, "it was not made")
}

func TestListsAloneAreBelievedAfterADay(t *testing.T) {
	var a absence
	a.missed(noon)
	a.missed(noon.Add(time.Hour))
	assert.False(t, a.missed(noon.Add(24*time.Hour-1)))
	assert.True(t, a.missed(noon.Add(24*time.Hour)))

	a.shown(noon.Add(24 * time.Hour))
	assert.False(t, a.missed(noon.Add(47*time.Hour)), "an answer that has it counts more")
	assert.True(t, a.missed(noon.Add(48*time.Hour)))
}

func TestOneListADayApartIsNoDayOfLists(t *testing.T) {
	var a absence
	assert.False(t, a.missed(noon))
}
