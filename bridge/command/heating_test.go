package command

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

var kettle = device.Ref{Family: discovery.BrewZilla, ID: strings.Repeat("a", 36)}

// heating is a command for the kettle's heating.
func heating(on bool) *Command {
	c := waiting(kettle.ID, "heating_enabled", 0)
	c.Asked.Value = device.Flag(on)
	return c
}

// switchedOnAtNoon is a watch of the kettle.
func switchedOnAtNoon() HeatingWatch {
	w := HeatingWatch{}
	w.Taken(heating(true), true, device.Reading{}, noon, noon)
	return w
}

func TestAnOldOffIsNotTakenForSomebodyElses(t *testing.T) {
	r := shownBy(t, discovery.BrewZilla)
	on, off := with(r, heating(true)), with(r, heating(false))
	type look struct {
		shown         device.Reading
		activity, now time.Duration // after the command
	}
	for name, c := range map[string]struct {
		looks   []look
		watched bool
	}{
		"shown as off at once":                       {[]look{{off, -time.Minute, time.Second}}, true},
		"still off in new reports":                   {[]look{{off, 3 * time.Minute, 3 * time.Minute}}, true},
		"silent since, the cloud keeps the old":      {[]look{{off, time.Minute, 6 * time.Hour}}, true},
		"still off in reports after ten minutes":     {[]look{{off, staleFor + time.Second, 11 * time.Minute}}, false},
		"silent, and never shown as on for too long": {[]look{{off, time.Minute, unshownFor + time.Second}}, false},
		"shown as on":                         {[]look{{on, time.Minute, time.Minute}}, true},
		"shown as on, silent since":           {[]look{{on, time.Minute, time.Minute}, {on, time.Minute, 48 * time.Hour}}, true},
		"shown as on, and off soon after":     {[]look{{on, 20 * time.Second, 20 * time.Second}, {off, 30 * time.Second, 30 * time.Second}}, true},
		"shown as on, and off":                {[]look{{on, time.Minute, time.Minute}, {off, 2 * time.Minute, 2 * time.Minute}}, false},
		"off soon after on, and silent since": {[]look{{on, time.Minute, time.Minute}, {off, 70 * time.Second, 5 * time.Minute}}, false},
		"a reading without the value":         {[]look{{device.Reading{}, time.Hour, time.Hour}}, true},
	} {
		w := switchedOnAtNoon()
		for _, l := range c.looks {
			w.Seen(kettle, l.shown, noon.Add(l.activity), noon.Add(l.now))
		}
		assert.Equal(t, c.watched, len(w) == 1, name)
	}
}

func TestAKettleIsWatchedFromOnToOff(t *testing.T) {
	w := switchedOnAtNoon()
	quiet := func(device.Ref) time.Time { return noon }
	assert.Empty(t, w.Unseen(noon.Add(unseenAfter), quiet))
	assert.Equal(t, []device.Ref{kettle}, w.Unseen(noon.Add(unseenAfter+1), quiet))
	w.Taken(pump(0), true, device.Reading{}, noon, noon)
	assert.Len(t, w, 1)
	w.Taken(heating(false), true, device.Reading{}, noon, noon)
	assert.Empty(t, w)
}

// TestAnOffBeforeTheOnIsNotTakenForSomebodyElses: the cloud shows each of them minutes later.
func TestAnOffBeforeTheOnIsNotTakenForSomebodyElses(t *testing.T) {
	r := shownBy(t, discovery.BrewZilla)
	on, off := with(r, heating(true)), with(r, heating(false))
	w := switchedOnAtNoon()
	w.Seen(kettle, on, noon, noon)
	w.Taken(heating(false), true, on, noon.Add(30*time.Minute), noon)
	w.Taken(heating(true), true, on, noon.Add(32*time.Minute), noon)
	seen := func(r device.Reading, after time.Duration) bool {
		w.Seen(kettle, r, noon.Add(after), noon.Add(after))
		return len(w) == 1
	}
	assert.True(t, seen(on, 33*time.Minute), "as it was first of all")
	assert.True(t, seen(off, 34*time.Minute))
	assert.True(t, seen(on, 36*time.Minute))
	assert.True(t, seen(on, 43*time.Minute))
	assert.False(t, seen(off, 44*time.Minute), "somebody else")
}

// TestACommandWithoutAnAnswerIsWatchedForTheWorse: it may have been carried out, or not.
func TestACommandWithoutAnAnswerIsWatchedForTheWorse(t *testing.T) {
	w := HeatingWatch{}
	w.Taken(heating(true), false, device.Reading{}, noon, noon)
	assert.Len(t, w, 1)
	w.Taken(heating(false), false, device.Reading{}, noon, noon)
	assert.Len(t, w, 1)
}

func TestARestartKnowsWhatTheCloudHasStillToShow(t *testing.T) {
	r := shownBy(t, discovery.BrewZilla)
	name := "brewzilla/" + kettle.ID
	w := switchedOnAtNoon()
	assert.Equal(t, []string{name, name + "/2026-11-22T12:00:00Z"}, w.Save(), "the first is all that older versions know")

	restored := func(saved ...string) HeatingWatch {
		w := HeatingWatch{}
		w.Restore(saved, noon.Add(time.Minute), noon.Add(time.Minute))
		return w
	}
	assert.Equal(t, w, restored(w.Save()...))
	assert.Equal(t, w.Save(), restored(w.Save()...).Save())

	w.Seen(kettle, with(r, heating(true)), noon, noon)
	assert.Equal(t, []string{name}, w.Save())
	w = restored(name)
	w.Seen(kettle, with(r, heating(false)), noon, noon.Add(time.Minute))
	assert.Empty(t, w, "it was shown as on, or an older version has saved it")

	ahead := restored(name, name+"/2099-01-01T00:00:00Z")
	assert.Equal(t, noon.Add(time.Minute), ahead[kettle].at, "nothing was switched on later than now")
	for _, s := range []string{"", "x", "pill/" + kettle.ID, "brewzilla/1", name + "/", name + "/noon", name + "/2026-11-22T12:00:00Z/x"} {
		assert.Empty(t, restored(s), s)
	}
}
