package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// shownBy is the first reading of a family of the demo brewery.
func shownBy(t *testing.T, name discovery.Family) device.Reading {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport()})
	require.NoError(t, err)
	for _, f := range device.Families() {
		if f.Name == name {
			list, err := f.List(t.Context(), client)
			require.NoError(t, err)
			return list.Readings[0]
		}
	}
	require.FailNow(t, "no such family")
	return device.Reading{}
}

// pump sets the utilisation of a pump.
func pump(percent float64) *Command { return waiting("a", "pump_utilisation", percent) }

// with is what the cloud shows once it shows a command's value.
func with(r device.Reading, c *Command) device.Reading {
	return r.With(map[string]device.Value{c.Key: c.Asked.Value})
}

// outcomes are the outcomes of resolutions with their reasons.
func outcomes(rs []Resolution) map[Outcome]error {
	out := map[Outcome]error{}
	for _, r := range rs {
		out[r.Outcome] = r.Err
	}
	return out
}

func TestAWriteIsShownUntilTheCloudShowsIt(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	w := NewWrites()
	w.Taken(pump(40), true, before, noon, 4)
	shown, _ := w.Shown(before).Value("pump_utilisation")
	assert.True(t, shown.Same(device.Number(40)))
	assert.Empty(t, w.Compare(before, noon.Add(time.Second)), "the cloud doesn't show it yet")
	assert.False(t, w.None())
	assert.Equal(t, map[Outcome]error{Confirmed: nil}, outcomes(w.Compare(with(before, pump(40)), noon.Add(time.Minute))))
	assert.True(t, w.None())
}

func TestAnotherValueMeanwhileIsSomebodyElses(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	w := NewWrites()
	w.Taken(pump(40), true, before, noon, 4)
	assert.Empty(t, w.Compare(with(before, pump(70)), noon), "that reading may be from before")
	assert.Equal(t, map[Outcome]error{Unconfirmed: ErrOverridden}, outcomes(w.Compare(with(before, pump(70)), noon.Add(time.Second))))
	assert.True(t, w.None())
}

func TestALaterWriteRemembersWhatWasShownBeforeTheFirst(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	w := NewWrites()
	w.Taken(pump(40), true, before, noon, 4)
	w.Taken(pump(60), true, with(before, pump(40)), noon.Add(time.Second), 4)
	assert.Empty(t, w.Compare(before, noon.Add(time.Minute)))
	assert.Empty(t, w.Compare(with(before, pump(40)), noon.Add(time.Minute)), "the first of the two is nobody else's")
	assert.Equal(t, map[Outcome]error{Confirmed: nil}, outcomes(w.Compare(with(before, pump(60)), noon.Add(time.Minute))))
}

func TestASliderThatIsDraggedTakesBoundedMemory(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	w := NewWrites()
	for i := range 1000 {
		w.Taken(pump(float64(i%100)), true, before, noon.Add(time.Duration(i)*time.Second), 4)
	}
	assert.LessOrEqual(t, len(w.of["pump_utilisation"].Earlier), mostEarlier+1)
}

func TestWhatChangedNothingIsNotWaitedFor(t *testing.T) {
	shown := with(shownBy(t, discovery.BrewZilla), pump(40))
	w := NewWrites()
	w.Taken(pump(40), false, shown, noon, 4)
	assert.True(t, w.None())
	w.Taken(pump(60), false, shown, noon, 4)
	assert.False(t, w.None(), "the cloud shows another value all the same")
}

func TestReadbacks(t *testing.T) {
	for _, n := range []int{4, 2, 1, 0} {
		w := NewWrites()
		w.Taken(pump(40), true, device.Reading{}, noon, n)
		assert.Equal(t, noon.Add(pendingFor), w.Ends())
		for range n {
			at := w.NextReadback()
			require.True(t, at.After(noon) && at.Before(w.Ends()))
			assert.Empty(t, w.GiveUp())
			w.ReadBack(at.Add(-1))
			assert.Equal(t, at, w.NextReadback(), "not yet")
			w.ReadBack(at)
		}
		assert.Zero(t, w.NextReadback())
		assert.Equal(t, map[Outcome]error{Unconfirmed: ErrNotShown}, outcomes(w.GiveUp()))
		assert.Empty(t, w.GiveUp(), "once")
		assert.False(t, w.None(), "it is shown until its end")
	}
}

func TestAfterAWhileTheCloudsOwnValueIsShownAgain(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	for name, c := range map[string]struct {
		meanwhile func(w *Writes)
		want      map[Outcome]error
	}{
		"nobody has looked":        {func(*Writes) {}, map[Outcome]error{Unconfirmed: ErrNotRead}},
		"it was not shown":         {func(w *Writes) { w.Compare(before, noon) }, map[Outcome]error{Unconfirmed: ErrNotShown}},
		"it was given up":          {func(w *Writes) { w.GiveUp() }, map[Outcome]error{}},
		"it was asked for in vain": {func(w *Writes) { w.ReadBack(noon.Add(time.Minute)) }, map[Outcome]error{Unconfirmed: ErrNotRead}},
	} {
		w := NewWrites()
		w.Taken(pump(40), true, before, noon, 0)
		c.meanwhile(&w)
		_, expired := w.Expire(noon.Add(pendingFor - 1))
		assert.False(t, expired, name)
		rs, expired := w.Expire(noon.Add(pendingFor))
		assert.True(t, expired && w.None(), name)
		assert.Equal(t, c.want, outcomes(rs), name)
	}
}

// submitted is a submission of a gravity.
func submitted(gravity float64) *Command {
	c := waiting("a", "telemetry", 0)
	c.Asked = Asked{Telemetry: &raptclient.Telemetry{Gravity: raptclient.Some(gravity)}}
	return c
}

func TestTheScaleOfASubmittedGravityIsLookedAtUntilItIsKnown(t *testing.T) {
	shown := shownBy(t, discovery.ExternalDevice)
	v, _ := shown.Value("gravity")
	gravity, _ := v.Number()
	w := NewWrites()
	w.Submitted(submitted(gravity), noon, 4)
	require.False(t, w.None())
	assert.Equal(t, map[Outcome]error{Confirmed: nil}, outcomes(w.Compare(shown, noon.Add(time.Second))))
	w.Submitted(submitted(gravity), noon, 4)
	assert.True(t, w.None(), "it is known")
}

func TestAFewSubmissionsAreLookedAt(t *testing.T) {
	w := NewWrites()
	for range scaleChecks {
		w.Submitted(submitted(1.05), noon, 0)
		assert.Equal(t, map[Outcome]error{Unconfirmed: ErrScaleUnknown}, outcomes(w.GiveUp()))
		w.Clear()
	}
	w.Submitted(submitted(1.05), noon, 0)
	assert.True(t, w.None())
}

func TestAWrongScaleIsToldAlthoughTheWriteWasGivenUp(t *testing.T) {
	shown := shownBy(t, discovery.ExternalDevice)
	v, _ := shown.Value("gravity")
	gravity, _ := v.Number()
	w := NewWrites()
	w.Submitted(submitted(gravity/1000), noon, 0)
	w.GiveUp()
	rs := w.Compare(shown, noon)
	require.Len(t, rs, 1)
	assert.Empty(t, rs[0].Outcome, "which was published already")
	assert.Equal(t, errTooLarge, rs[0].Wrong)
}

func TestForbiddenSubmissionsAreRefusedForAWhile(t *testing.T) {
	var s Submissions
	assert.NoError(t, s.Refusal(noon))
	why := s.Forbid(noon.Add(time.Hour), "13:00:00")
	assert.ErrorContains(t, why, "from 13:00:00")
	assert.Equal(t, why, s.Refusal(noon.Add(time.Minute)))
	assert.NoError(t, s.Refusal(noon.Add(time.Hour)))
}
