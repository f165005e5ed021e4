package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// TestWhatIsStillOffIsSwitchedOffAgain: what shows that something may be on makes switching it off no repetition.
func TestWhatIsStillOffIsSwitchedOffAgain(t *testing.T) {
	reading := shownBy(t, discovery.BrewZilla)
	heater := func(at time.Time, on bool) *Command {
		c := waiting("a", "heating_enabled", 0)
		c.At, c.Asked.Value, c.Off = at, device.Flag(on), !on
		return c
	}
	on, offShown := with(reading, heater(noon, true)), with(reading, heater(noon, false))
	for name, c := range map[string]struct {
		then  func(w *Writes)
		after time.Duration
		again bool
	}{
		"just so":                         {func(*Writes) {}, time.Minute, true},
		"a quarter of an hour later":      {func(*Writes) {}, againAfter, false},
		"the cloud shows it off":          {func(w *Writes) { w.Compare(offShown, noon.Add(time.Second)) }, time.Minute, true},
		"the cloud doesn't show it yet":   {func(w *Writes) { w.Compare(on, noon.Add(-time.Minute)) }, time.Minute, true},
		"the cloud never shows it":        {func(w *Writes) { w.Compare(on, noon.Add(-time.Minute)); w.Expire(noon.Add(pendingFor)) }, 2 * time.Minute, false},
		"the cloud shows nothing of it":   {func(w *Writes) { w.Compare(device.Reading{}, noon); w.Expire(noon.Add(pendingFor)) }, 2 * time.Minute, false},
		"the bridge switched it on since": {func(w *Writes) { w.Taken(heater(noon, true), true, offShown, noon.Add(time.Second), 0) }, time.Minute, false},
		"somebody else switched it on": {func(w *Writes) {
			w.Compare(offShown, noon.Add(time.Second))
			w.Compare(on, noon.Add(time.Minute))
		}, time.Minute, false},
		"switched on and off elsewhere": {func(w *Writes) {
			w.Compare(offShown, noon.Add(time.Second))
			w.Compare(on, noon.Add(time.Minute))
			w.Compare(offShown, noon.Add(2*time.Minute))
		}, 3 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWrites()
			assert.False(t, w.Again(heater(noon, false)), "the first time")
			w.Taken(heater(noon, false), true, on, noon, 0)
			c.then(&w)
			assert.Equal(t, c.again, w.Again(heater(noon.Add(c.after), false)))
			assert.False(t, w.Again(heater(noon.Add(c.after), true)), "the other direction")
			assert.False(t, w.Again(off("a", "pump_enabled")), "another key")
		})
	}
}

func TestWhatIsSwitchedOffAgainWaitsForTheLimitsOfCommands(t *testing.T) {
	c := off("a", "pump_enabled")
	c.Again = true
	heater := off("a", "heating_enabled")
	q := Queue{c, heater}
	later := noon.Add(time.Hour)
	full := Opening{Commands: later}
	assert.Equal(t, []*Command{heater}, q.Take(noon, full))
	assert.Nil(t, q.Take(noon, full))
	assert.Equal(t, later, q.Ready(full))
	c.VerifyAt = noon.Add(3 * time.Second)
	assert.Nil(t, q.Take(noon.Add(4*time.Second), full))
	assert.NotZero(t, c.VerifyAt, "it is still to be read back")
	assert.Empty(t, c.Change(), "no limit of changes holds it back")
}
