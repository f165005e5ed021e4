package absence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// pill is the n-th hydrometer.
func pill(n int) device.Ref {
	return device.Ref{Family: "hydrometer", ID: fmt.Sprintf("0b1d1a4e-8f4e-4b8f-9a54-%012x", n)}
}

func nowhere(device.Ref) bool { return false }

// missed counts n lists of a family at noon.
func missed(s *Set, n int, family discovery.Family) (gone []device.Ref) {
	for range n {
		gone = s.Missed(family, noon, nowhere)
	}
	s.Plan()
	return gone
}

func TestAfterTwoListsTheDeviceIsDueByItself(t *testing.T) {
	s := NewSet()
	s.Add(pill(1), "")
	missed(s, 1, "hydrometer")
	assert.Zero(t, s.NextLook())
	assert.Equal(t, []device.Ref{pill(1)}, s.Missing(pill(1).ID), "somebody may take it out who knows better")
	missed(s, 1, "still")
	assert.Zero(t, s.NextLook(), "another family's list says nothing of it")
	missed(s, 1, "hydrometer")
	due, ok := s.Due(noon)
	assert.True(t, ok && due == pill(1))
	assert.True(t, s.Doubtful(pill(1)))
	s.Looked(pill(1), noon)
	_, ok = s.Due(noon)
	assert.False(t, ok, "it is being asked for")
}

func TestWhatNeedsNoQuestionIsGoneAfterTwoLists(t *testing.T) {
	s := NewSet()
	s.Add(pill(1), "")
	s.Add(device.Ref{Family: "hydrometer", ID: "no-uuid"}, "")
	gone := missed(s, 2, "hydrometer")
	assert.Equal(t, []device.Ref{{Family: "hydrometer", ID: "no-uuid"}}, gone)
	gone = s.Missed("hydrometer", noon, func(ref device.Ref) bool { return ref == pill(1) })
	assert.Contains(t, gone, pill(1), "another family's list has it")
}

func TestLooksKeepADistance(t *testing.T) {
	s := NewSet()
	for i := range manyLooks {
		s.Add(pill(i), "")
	}
	missed(s, 2, "hydrometer")
	first, _ := s.Due(noon)
	s.Looked(first, noon)
	assert.Equal(t, noon.Add(looksApart), s.NextLook())

	s.Add(pill(manyLooks), "")
	missed(s, 2, "hydrometer")
	assert.Equal(t, noon.Add(manyLooksApart), s.NextLook(), "a family that vanishes as a whole")
}

func TestTheOneThatWaitsLongestIsAskedForFirst(t *testing.T) {
	s := NewSet()
	for i := range 5 {
		s.Add(pill(i), "")
		s.of[pill(i)].lists = listsWithout
		s.of[pill(i)].lookAt = noon.Add(-time.Duration(i) * time.Second)
	}
	s.Plan()
	due, ok := s.Due(noon)
	assert.True(t, ok && due == pill(4))
}

func TestWhatTheAnswerMeans(t *testing.T) {
	s := NewSet()
	s.Add(pill(1), "")
	missed(s, 2, "hydrometer")
	s.Looked(pill(1), noon)
	s.Answered(pill(1), Open, noon)
	assert.True(t, s.Unproven(pill(1)))
	s.Answered(pill(1), Shown, noon)
	assert.False(t, s.Unproven(pill(1)))
	assert.True(t, s.Has(pill(1)), "the list still lacks it")
	s.Answered(pill(1), Postponed, noon.Add(looksApart))
	s.Plan()
	_, ok := s.Due(noon.Add(looksApart))
	assert.True(t, ok, "it was not asked for after all")
	s.Remove(pill(1))
	assert.False(t, s.Has(pill(1)) || s.Doubtful(pill(1)) || s.Unproven(pill(1)))
}

func TestWhatAnEarlierRunAnnouncedIsKnown(t *testing.T) {
	s := NewSet()
	s.Add(pill(1), "homeassistant/device/rapt_1/config")
	assert.Equal(t, "homeassistant/device/rapt_1/config", s.Config(pill(1)))
	assert.Empty(t, s.Config(pill(2)))
}

func TestWhatWasLeftBehindIsListedByItsId(t *testing.T) {
	s := NewSet()
	for _, i := range []int{3, 1, 2} {
		s.Add(pill(i), "")
	}
	assert.Empty(t, s.LeftBehind(nowhere), "no list has lacked them yet")
	missed(s, 2, "hydrometer")
	assert.Equal(t, []device.Ref{pill(1), pill(3)}, s.LeftBehind(func(ref device.Ref) bool { return ref == pill(2) }))
	for i := range 100 {
		s.Add(pill(i), "")
	}
	missed(s, 2, "hydrometer")
	assert.Len(t, s.LeftBehind(nowhere), manyLooks)
}
