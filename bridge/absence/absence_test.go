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

// lacked counts a list each hour, from one hour after noon to another, and returns what the last one says.
func (a *absence) lacked(from, to int) (gone bool) {
	for h := from; h <= to; h++ {
		gone = a.missed(noon.Add(time.Duration(h) * time.Hour))
	}
	return gone
}

func TestListsAloneAreBelievedAfterADay(t *testing.T) {
	var a absence
	a.lacked(0, 1)
	a.open = noon.Add(time.Hour)
	assert.False(t, a.lacked(2, 23))
	assert.True(t, a.lacked(24, 24))

	a.shown(noon.Add(24 * time.Hour))
	assert.False(t, a.lacked(25, 60), "an answer that has it counts more, until another one leaves it open")
	a.open = noon.Add(60 * time.Hour)
	assert.True(t, a.lacked(61, 61))
}

func TestAnOutageBeginsTheDayAnew(t *testing.T) {
	var a absence
	a.lacked(0, 5)
	a.open = noon.Add(5 * time.Hour)
	assert.False(t, a.lacked(30, 30), "the first list after it")
	assert.True(t, a.doubtful(), "it may be asked for by itself")
	assert.False(t, a.lacked(31, 60), "nobody has asked for it since")
	a.open = noon.Add(60 * time.Hour)
	assert.True(t, a.lacked(61, 61))
}
