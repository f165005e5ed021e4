package poll

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAListThatKeepsFailingIsToldOnce(t *testing.T) {
	s := NewState(Bounds{Min: time.Minute, Max: 15 * time.Minute})
	var tells int
	for range 10 {
		before := s.Retry
		if s.Failed(noon, ListTrouble, time.Hour) {
			tells++
		}
		assert.True(t, s.Retry.After(noon) && !s.Retry.Before(before), "ever later")
	}
	assert.Equal(t, 1, tells)
	assert.LessOrEqual(t, s.Retry.Sub(noon), 15*time.Minute)
	before, again := s.Succeeded(noon.Add(time.Hour))
	assert.True(t, again)
	assert.Zero(t, before)
	assert.Zero(t, s.Retry)
	before, again = s.Succeeded(noon.Add(2 * time.Hour))
	assert.False(t, again)
	assert.Equal(t, noon.Add(time.Hour), before)
}

func TestWhatIsNotTheListsFaultMakesItNotWait(t *testing.T) {
	s := NewState(Bounds{Min: time.Minute, Max: 15 * time.Minute})
	s.Succeeded(noon)
	s.Asked = noon.Add(time.Minute)
	for range 10 {
		assert.False(t, s.Failed(noon.Add(time.Minute), APITrouble, time.Hour))
		assert.Equal(t, noon.Add(time.Minute), s.Retry)
	}
	assert.False(t, s.Failed(noon.Add(2*time.Minute), NotAsked, time.Hour))
	assert.Equal(t, noon, s.Asked, "as if it had not been asked")
}

func TestAForbiddenListIsLeftAlone(t *testing.T) {
	s := NewState(Bounds{Min: time.Minute, Max: 15 * time.Minute})
	s.Failed(noon, Forbidden, time.Hour)
	assert.Equal(t, noon.Add(time.Hour), s.Retry)
}

func TestWhatIsUsualIsTheDistanceOfAnswersWithDevices(t *testing.T) {
	s := NewState(Bounds{Min: time.Minute, Max: 15 * time.Minute})
	s.Held(true, noon, time.Time{})
	assert.Zero(t, s.Usual)
	s.Held(true, noon.Add(5*time.Minute), noon)
	assert.Equal(t, 5*time.Minute, s.Usual)
	s.Held(false, noon.Add(30*time.Minute), noon.Add(5*time.Minute))
	assert.Equal(t, 1, s.Empty)
	assert.Equal(t, 5*time.Minute, s.Usual)
	s.Held(true, noon.Add(31*time.Minute), noon.Add(30*time.Minute))
	assert.Zero(t, s.Empty)
}
