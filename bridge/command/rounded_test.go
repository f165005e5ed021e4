package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// target sets a target temperature.
func target(celsius float64) *Command { return waiting("a", "target_temperature", celsius) }

// Homes with °F send hundredths of a degree, and the cloud may show tenths.
func TestATargetThatTheCloudRoundsIsConfirmed(t *testing.T) {
	for _, f := range []discovery.Family{discovery.TemperatureController, discovery.FermentationChamber, discovery.BrewZilla, discovery.Still} {
		before := with(shownBy(t, f), target(4))
		w := NewWrites()
		w.Taken(target(19.44), true, before, noon, 4)
		assert.Equal(t, map[Outcome]error{Confirmed: nil}, outcomes(w.Compare(with(before, target(19.4)), noon.Add(time.Second))), f)
	}
}

func TestAnEarlierTargetThatTheCloudRoundsIsNobodyElses(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), target(4))
	w := NewWrites()
	w.Taken(target(19.44), true, before, noon, 4)
	w.Taken(target(20), true, before, noon.Add(time.Second), 4)
	assert.Empty(t, w.Compare(with(before, target(19.4)), noon.Add(time.Minute)))
	assert.Equal(t, map[Outcome]error{Unconfirmed: ErrOverridden}, outcomes(w.Compare(with(before, target(19.3)), noon.Add(time.Minute))))
}

func TestATargetThatTheCloudRoundsAndThatChangedNothingIsNotWaitedFor(t *testing.T) {
	w := NewWrites()
	w.Taken(target(19.44), false, with(shownBy(t, discovery.BrewZilla), target(19.4)), noon, 4)
	assert.True(t, w.None())
}

// What is near the wanted target may be the one before, so that a call without an answer is made again: twice does no harm.
func TestANearTargetDoesNotStandForACallWithoutAnAnswer(t *testing.T) {
	c := target(18.55)
	assert.False(t, c.Verified(with(shownBy(t, discovery.BrewZilla), target(18.5))))
	assert.True(t, c.Verified(with(shownBy(t, discovery.BrewZilla), target(18.55))))
}

// A cloud that rounds shows a lower target as it was set: setting it once more is a repetition.
func TestALowerTargetThatTheCloudRoundsIsLowered(t *testing.T) {
	reading := with(shownBy(t, discovery.BrewZilla), target(80))
	lower := target(19.44)
	lower.At, lower.Off = noon, true
	w := NewWrites()
	w.Taken(lower, true, reading, noon, 0)
	w.Compare(with(reading, target(19.4)), noon.Add(time.Second))
	assert.True(t, w.Again(lower))
}
