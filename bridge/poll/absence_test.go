package poll

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestADeviceIsAskedForAfterTwoListsWithoutIt(t *testing.T) {
	var a Absence
	assert.False(t, a.Missed(noon))
	assert.Zero(t, a.LookAt(), "one list may be a mistake")
	assert.False(t, a.Missed(noon.Add(time.Minute)))
	assert.Equal(t, noon.Add(time.Minute), a.LookAt())
}

func TestLooksBecomeRarer(t *testing.T) {
	var (
		a   Absence
		now = noon
		gap []time.Duration
	)
	a.Missed(now)
	a.Missed(now)
	for range 5 {
		a.Looked(now)
		gap = append(gap, a.LookAt().Sub(now))
		now = a.LookAt()
		a.Missed(now)
	}
	assert.Equal(t, []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour}, gap)
	a.Looked(now)
	a.Postponed(now)
	assert.Equal(t, now, a.LookAt(), "it was not made")
}

func TestListsAloneAreBelievedAfterADay(t *testing.T) {
	var a Absence
	a.Missed(noon)
	a.Missed(noon.Add(time.Hour))
	assert.False(t, a.Missed(noon.Add(24*time.Hour-1)))
	assert.True(t, a.Missed(noon.Add(24*time.Hour)))

	a.Shown(noon.Add(24 * time.Hour))
	assert.False(t, a.Missed(noon.Add(47*time.Hour)), "an answer that has it counts more")
	assert.True(t, a.Missed(noon.Add(48*time.Hour)))
}

func TestOneListADayApartIsNoDayOfLists(t *testing.T) {
	var a Absence
	assert.False(t, a.Missed(noon))
}

func TestAFamilyThatWasFullIsAskedAsBefore(t *testing.T) {
	b := Bounds{Min: time.Minute, Max: 15 * time.Minute}
	s := State{Asked: noon, Answered: noon, Usual: 5 * time.Minute}
	for s.Empty = 1; time.Duration(s.Empty)*s.Usual < 24*time.Hour; s.Empty++ {
		assert.Equal(t, noon.Add(5*time.Minute), s.Due(b).At)
	}
	assert.Equal(t, noon.Add(time.Hour), s.Due(b).At, "after a day it is like one that never had a device")
	s.Empty, s.Usual = 1, time.Second
	assert.Equal(t, noon.Add(b.Min), s.Due(b).At, "never more often than allowed")
}
