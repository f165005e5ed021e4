package poll

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAWebhookIsAskedForOnceAndSoon(t *testing.T) {
	h := &Hook{}
	at := h.Hint(noon, "1", noon.Add(-15*time.Minute))
	assert.Equal(t, 2*time.Second, at.Sub(noon))
	assert.Equal(t, at, h.Hint(noon.Add(time.Second), "1", noon), "the same row again")
	assert.Equal(t, at, h.Hint(noon.Add(time.Second), "2", noon), "another one meanwhile")
	h.Polled(noon.Add(3*time.Second), true)
	assert.True(t, h.Pending().IsZero())
	assert.True(t, h.Pushes(noon.Add(30*time.Minute), 15*time.Minute))
	assert.False(t, h.Pushes(noon.Add(33*time.Minute), 15*time.Minute), "two rhythms without one")
}

func TestAWebhookThatBringsNothingMakesTheNextOneWait(t *testing.T) {
	h, now := &Hook{}, noon
	var waits []time.Duration
	for range 8 {
		at := h.Hint(now, "", now.Add(-time.Minute))
		waits = append(waits, at.Sub(now).Round(time.Minute))
		h.Polled(at, false)
		now = at
	}
	assert.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute, 15 * time.Minute}, waits)
	assert.Equal(t, hookDelayMax, h.delay, "the cloud may show readings later than the webhook says")
	assert.False(t, h.Pushes(now, 15*time.Minute))
	h.Hint(now, "", now)
	h.Polled(now.Add(time.Hour), true)
	assert.Zero(t, h.wrong, "one that is true makes up for it")
}

func TestAWebhookAfterThePollThatItIsAboutCostsNothing(t *testing.T) {
	h := &Hook{}
	h.Polled(noon, true)
	assert.True(t, h.Hint(noon.Add(4*time.Second), "1", noon.Add(-3*time.Second)).IsZero())
	assert.True(t, h.Pushes(noon.Add(time.Minute), 15*time.Minute), "it was true")
	assert.False(t, h.Hint(noon.Add(30*time.Second), "2", noon).IsZero(), "another one")

	h = &Hook{}
	h.Polled(noon, true)
	assert.True(t, h.Hint(noon.Add(2*time.Minute), "1", noon).IsZero(), "late")
	assert.False(t, h.Pushes(noon.Add(2*time.Minute), 15*time.Minute), "and of no use to follow the device by")
}

func TestWhenAPushedDeviceIsAskedFor(t *testing.T) {
	const m, s = time.Minute, time.Second
	due := func(a State, hooks ...*Hook) time.Duration {
		a.Asked, a.Silent, a.Pushed, a.Hooks = noon, make([]bool, len(a.Devices)), make([]bool, len(a.Devices)), hooks
		for i := range a.Pushed {
			a.Pushed[i] = true
		}
		return a.Due(usual).At.Sub(noon)
	}
	assert.Equal(t, 6*m, due(State{Devices: []*Estimator{every(15*m, 5*m)}}, &Hook{}), "a minute after its reading is due")
	assert.Equal(t, 15*m, due(State{Devices: []*Estimator{every(15*m, -2*m)}}, &Hook{}), "it has not come: at the longest interval")
	assert.Equal(t, 90*s, due(State{Devices: []*Estimator{every(15*m, 5*m)}}, &Hook{pending: noon.Add(90 * s)}), "a webhook")
	assert.Equal(t, m, due(State{Devices: []*Estimator{every(15*m, 5*m)}}, &Hook{pending: noon.Add(2 * s)}), "not before the least interval")
	assert.Equal(t, 4*m, due(State{Devices: []*Estimator{every(m, m)}}, &Hook{pending: noon.Add(70 * s)}), "a device that reports every minute, cold")
	assert.Equal(t, 70*s, due(State{Heating: true, Devices: []*Estimator{every(m, m)}}, &Hook{pending: noon.Add(70 * s)}), "and hot")
}
