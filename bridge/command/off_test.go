package command

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestWhatSwitchesOff(t *testing.T) {
	v := Validator{Families: device.Families()}
	for _, c := range []struct {
		family       discovery.Family
		key, payload string
		off          bool
	}{
		{discovery.BrewZilla, "heating_enabled", "OFF", true},
		{discovery.BrewZilla, "heating_enabled", "off", true},
		{discovery.BrewZilla, "heating_enabled", "heat", false},
		{discovery.Still, "pump_enabled", "0", true},
		{discovery.Still, "pump_enabled", "1", false},
		{discovery.TemperatureController, "pid_enabled", "false", true},
		{discovery.FermentationChamber, "pid_enabled", "true", false},
		{discovery.BrewZilla, "heating_utilisation", "0", true},
		{discovery.BrewZilla, "heating_utilisation", "0.5", false},
		{discovery.BrewZilla, "pump_utilisation", "0", false},
		{discovery.BrewZilla, "pid_proportional", "0", false},
		{discovery.BrewZilla, "target_temperature", "1", false}, // what is shown is not known
	} {
		command, err := v.Parse(Request{Ref: Ref{Ref: device.Ref{Family: c.family}, Key: c.key}, Payload: []byte(c.payload)})
		require.NoError(t, err)
		assert.Equal(t, c.off, command.Off, "%s %s %s", c.family, c.key, c.payload)
	}
	assert.True(t, isLower(device.Number(65.9), device.Number(66)))
	assert.False(t, isLower(device.Number(66), device.Number(66)))
	assert.False(t, isLower(device.Number(67), device.Number(66)))
}

func off(id, key string) *Command {
	c := waiting(id, key, 0)
	c.Off = true
	return c
}

func TestWhatSwitchesOffGoesFirst(t *testing.T) {
	var q Queue
	first, second, pump, heater := waiting("a", "target_temperature", 1), waiting("b", "target_temperature", 1), off("a", "pump_enabled"), off("c", "heating_enabled")
	for _, c := range []*Command{first, pump, second, heater} {
		q.Add(c)
	}
	for _, want := range []*Command{pump, heater, first, second} {
		assert.Equal(t, []*Command{want}, q.Take(noon, Opening{}))
	}
}

func TestTheLimitsOfCommandsHoldNothingBackThatSwitchesOff(t *testing.T) {
	var q Queue
	full := Opening{Commands: noon.Add(time.Hour)}
	q.Add(waiting("a", "target_temperature", 1))
	assert.Nil(t, q.Take(noon, full))
	assert.Equal(t, noon.Add(time.Hour), q.Ready(full))
	heater := off("a", "heating_enabled")
	q.Add(heater)
	assert.Equal(t, noon, q.Ready(full))
	assert.Equal(t, noon, q.Wake(full))
	assert.Equal(t, []*Command{heater}, q.Take(noon, full))
	assert.Nil(t, q.Take(noon, full))
}

// TestWithoutRoomToLookItIsSwitchedOffAgain: an unanswered call is read back first, unless the limits let nobody look.
func TestWithoutRoomToLookItIsSwitchedOffAgain(t *testing.T) {
	heater, target := off("a", "heating_enabled"), waiting("a", "target_temperature", 1)
	heater.VerifyAt, target.VerifyAt = noon.Add(3*time.Second), noon.Add(3*time.Second)
	q := Queue{heater, target}
	at := noon.Add(4 * time.Second)
	assert.Nil(t, q.Take(at, Opening{}), "there is room to look")
	full := Opening{Commands: noon.Add(time.Hour)}
	assert.Nil(t, q.Take(noon, full), "it is not time yet")
	assert.Nil(t, q.TakeUnverified(at, full))
	assert.Equal(t, []*Command{heater}, q.Take(at, full))
	assert.Nil(t, q.Take(at, full), "the target is never sent twice without a look")
}

// TestTheQueueWakesForWhatIsSwitchedOffAgain: the wait for the next look at the queue ends when something can be done, and
// not before.
func TestTheQueueWakesForWhatIsSwitchedOffAgain(t *testing.T) {
	look, soon, later := noon.Add(3*time.Second), noon.Add(10*time.Second), noon.Add(time.Hour)
	for name, c := range map[string]struct {
		open Opening
		want time.Time
	}{
		"both are open":                   {Opening{}, look},
		"nobody may look, but send":       {Opening{Commands: later}, look},
		"nobody may look, but send soon":  {Opening{Commands: later, Off: soon}, soon},
		"nobody may send, but look":       {Opening{Off: later}, look},
		"nobody may send, but look soon":  {Opening{Commands: soon, Off: later}, soon},
		"neither before its time is over": {Opening{Commands: later, Off: later}, later},
	} {
		t.Run(name, func(t *testing.T) {
			heater := off("a", "heating_enabled")
			heater.VerifyAt = look
			q := Queue{heater}
			assert.Equal(t, c.want, q.Ready(c.open))
			if c.want == later {
				assert.Equal(t, heater.Expires().Add(time.Millisecond), q.Wake(c.open))
				return
			}
			assert.Equal(t, c.want, q.Wake(c.open))
			for _, early := range []time.Duration{time.Millisecond, 0} {
				done := q.Take(c.want.Add(-early), c.open) != nil || q.TakeUnverified(c.want.Add(-early), c.open) != nil
				assert.Equal(t, early == 0, done, "%s early", early)
			}
		})
	}
}

func TestWhatMayHaveBeenSwitchedOffIsNotToldToBeUnsent(t *testing.T) {
	heater := off("a", "heating_enabled")
	heater.Attempts, heater.Why, heater.VerifyAt = 1, "no answer", noon.Add(3*time.Second)
	q := Queue{heater}
	assert.Nil(t, q.Take(noon.Add(4*time.Second), Opening{Commands: noon.Add(time.Hour), Off: noon.Add(time.Hour)}))
	expired := q.Expired(noon.Add(MaxWait + time.Second))
	require.Equal(t, []*Command{heater}, expired)
	outcome, err := heater.Expired("the cloud asks for fewer requests")
	assert.Equal(t, Failed, outcome)
	assert.ErrorContains(t, err, "it may have been carried out")
}

func TestAFullQueueMakesRoomForSwitchingOff(t *testing.T) {
	var q Queue
	for i := range maxQueued {
		q.Add(waiting(strconv.Itoa(i), "pump_utilisation", 1))
	}
	_, ok := q.Add(off("kettle", "heating_enabled"))
	require.False(t, ok)
	gone := q.MakeRoom()
	require.NotNil(t, gone)
	assert.Equal(t, strconv.Itoa(maxQueued-1), gone.Ref.ID, "the youngest goes")
	_, ok = q.Add(off("kettle", "heating_enabled"))
	assert.True(t, ok)
	assert.Nil(t, (&Queue{off("kettle", "heating_enabled")}).MakeRoom())
}

func TestAgedCommandsExpireSooner(t *testing.T) {
	c := waiting("a", "pump_utilisation", 1)
	paced := waiting("b", "telemetry", 1)
	paced.NotBefore = noon.Add(time.Minute)
	q := Queue{c, paced}
	q.Age(30 * time.Second)
	assert.Equal(t, noon.Add(30*time.Second), c.Expires())
	assert.True(t, c.VerifyAt.IsZero())
	assert.Equal(t, noon.Add(90*time.Second), paced.Expires())
	assert.Equal(t, []*Command{c}, q.Expired(noon.Add(31*time.Second)))
}

func TestWhatAwaitsItsListHasItAskedFor(t *testing.T) {
	target, heater := waiting("a", "target_temperature", 1), off("b", "heating_enabled")
	target.AwaitsList, heater.AwaitsList = true, true
	q := Queue{target, heater}
	full := Opening{Commands: noon.Add(time.Hour)}
	assert.Same(t, heater, q.Listless(noon, Opening{}))
	assert.Same(t, heater, q.Listless(noon, full))
	assert.Equal(t, noon, q.ListlessFrom(full))
	q = Queue{target}
	assert.Same(t, target, q.Listless(noon, Opening{}))
	assert.Nil(t, q.Listless(noon, full))
	assert.Equal(t, noon.Add(time.Hour), q.ListlessFrom(full))
	assert.Nil(t, q.Take(noon, Opening{}))
	target.AwaitsList = false
	assert.Nil(t, q.Listless(noon, Opening{}))
	assert.True(t, q.ListlessFrom(full).IsZero())
}
