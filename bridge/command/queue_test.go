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

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func waiting(id, key string, value float64) *Command {
	ref := Ref{Ref: device.Ref{Family: discovery.BrewZilla, ID: id}, Key: key}
	c := &Command{Request: Request{Ref: ref, At: noon}, Asked: number(value)}
	if key == "pid_proportional" || key == "pid_integral" {
		c.Setter.Keys = []string{"pid_proportional", "pid_integral", "pid_derivative"}
	}
	return c
}

func TestALaterValueTakesTheEarliersPlace(t *testing.T) {
	var q Queue
	first, second, third := waiting("a", "pump_utilisation", 1), waiting("b", "pump_utilisation", 2), waiting("a", "pump_utilisation", 3)
	for _, c := range []*Command{first, second} {
		replaced, ok := q.Add(c)
		assert.Nil(t, replaced)
		assert.True(t, ok)
	}
	replaced, ok := q.Add(third)
	assert.True(t, ok)
	assert.Same(t, first, replaced)
	assert.Equal(t, Queue{third, second}, q)
	assert.False(t, q.PutBack(first), "its key has a later value")
}

func TestGainsOfOneDeviceShareACall(t *testing.T) {
	var q Queue
	p, other, i := waiting("a", "pid_proportional", 1), waiting("b", "pid_integral", 2), waiting("a", "pid_integral", 3)
	for _, c := range []*Command{p, other, i} {
		q.Add(c)
	}
	assert.Equal(t, []*Command{p, i}, q.Take(noon, Opening{}))
	assert.Equal(t, []*Command{other}, q.Take(noon, Opening{}))
	assert.Nil(t, q.Take(noon, Opening{}))
}

func TestNoGainIsMadeUp(t *testing.T) {
	p, i, d := waiting("a", "pid_proportional", 1), waiting("a", "pid_integral", 2), device.Number(7.5)
	_, err := Arguments([]*Command{p, i}, device.Reading{})
	assert.Equal(t, ErrGainsUnknown, err)
	shown := shownBy(t, discovery.BrewZilla)
	values, err := Arguments([]*Command{p, i}, shown.With(map[string]device.Value{"pid_derivative": d}))
	require.NoError(t, err)
	assert.Equal(t, []device.Value{device.Number(1), device.Number(2), d}, values)
	_, err = Arguments([]*Command{p}, shown.With(map[string]device.Value{"pid_integral": {}}))
	assert.Equal(t, ErrGainsUnknown, err)
}

// TestOnlyWhatMayLeaveIsReady: a command that waits for its own time, for its list, or to be read back later must not have
// a poll cancelled.
func TestOnlyWhatMayLeaveIsReady(t *testing.T) {
	var q Queue
	assert.True(t, q.Ready(Opening{}).IsZero())
	c := waiting("a", "telemetry", 1)
	c.NotBefore = noon.Add(40 * time.Second)
	q.Add(c)
	assert.Equal(t, noon.Add(40*time.Second), q.Ready(Opening{}))
	assert.Nil(t, q.Take(noon, Opening{}))
	list := waiting("b", "pump_utilisation", 1)
	list.AwaitsList = true
	q.Add(list)
	assert.Equal(t, noon.Add(40*time.Second), q.Ready(Opening{}))
	verify := waiting("c", "pump_utilisation", 1)
	verify.VerifyAt = noon.Add(3 * time.Second)
	q.Add(verify)
	assert.Equal(t, noon.Add(3*time.Second), q.Ready(Opening{}))
	assert.Nil(t, q.Take(noon.Add(5*time.Second), Opening{}), "it is read back before it leaves again")
	assert.Same(t, verify, q.TakeUnverified(noon.Add(5*time.Second), Opening{}))
	assert.Equal(t, []*Command{c}, q.Take(noon.Add(time.Minute), Opening{}))
}

func TestCommandsExpireAMinuteAfterTheirTime(t *testing.T) {
	var q Queue
	paced, plain := waiting("a", "telemetry", 1), waiting("b", "pump_utilisation", 1)
	paced.NotBefore = noon.Add(30 * time.Second)
	q.Add(paced)
	q.Add(plain)
	assert.Empty(t, q.Expired(noon.Add(MaxWait)))
	assert.Equal(t, []*Command{plain}, q.Expired(noon.Add(MaxWait+time.Second)))
	assert.Equal(t, []*Command{paced}, q.Expired(noon.Add(MaxWait+31*time.Second)))
	assert.True(t, q.Wake(Opening{Commands: noon}).IsZero())
}

func TestAFullQueueTakesNoMore(t *testing.T) {
	var q Queue
	for i := range maxQueued {
		_, ok := q.Add(waiting(string(rune('a'+i)), "pump_utilisation", 1))
		require.True(t, ok)
	}
	_, ok := q.Add(waiting("one more", "pump_utilisation", 1))
	assert.False(t, ok)
	assert.Len(t, q, maxQueued)
}

func TestAFullQueueTakesWhatSwitchesOff(t *testing.T) {
	var q Queue
	for i := range maxQueued {
		_, refused := q.Admit(waiting(strconv.Itoa(i), "target_temperature", 1))
		assert.Nil(t, refused)
	}
	late := waiting("late", "target_temperature", 1)
	_, refused := q.Admit(late)
	assert.Same(t, late, refused)
	same := waiting("3", "target_temperature", 2)
	replaced, refused := q.Admit(same)
	assert.Nil(t, refused)
	assert.Equal(t, "3", replaced.Ref.ID, "a later value takes the place of the one before")
	heater := off("late", "heating_enabled")
	_, refused = q.Admit(heater)
	assert.Equal(t, strconv.Itoa(maxQueued-1), refused.Ref.ID, "the youngest makes room")
	assert.Contains(t, q, heater)
}

func TestWhatSwitchesOffIsReadyUntilItIsLookedAfter(t *testing.T) {
	var q Queue
	q.Add(pump(50))
	assert.Zero(t, q.OffReady(Opening{}))
	off := heating(false)
	off.Off = true
	q.Add(off)
	assert.Equal(t, noon.Add(time.Minute), q.OffReady(Opening{Off: noon.Add(time.Minute)}))
	off.VerifyAgain(noon)
	assert.Zero(t, q.OffReady(Opening{}), "it has been sent")
}
