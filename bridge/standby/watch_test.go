package standby

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// asking is a watch of instance m whose question has come back at noon.
func asking(lost bool, tell func(*Watch)) *Watch {
	w := New("m", lost)
	if tell != nil {
		tell(&w)
	}
	w.Asked(noon)
	w.Heard(w.Sign(), noon)
	return &w
}

func TestWhenTheNameMayBeTaken(t *testing.T) {
	online := func(last string) func(*Watch) {
		return func(w *Watch) { w.Availability(true); w.State(last) }
	}
	offline := func(w *Watch) { w.Availability(false); w.State("a") }
	for name, c := range map[string]struct {
		watch *Watch
		after time.Duration
	}{
		"nobody was ever there":                   {asking(false, nil), startWait},
		"the last one has gone":                   {asking(false, offline), startWait},
		"the last one was this one":               {asking(false, online("m")), startWait},
		"another is said to be there":             {asking(false, online("a")), answerWait},
		"one of an older version is":              {asking(false, online("")), answerWait},
		"it lost the name, and nobody is there":   {asking(true, offline), answerWait},
		"it lost the name to one that is silent":  {asking(true, online("a")), deadAfter},
		"it lost the name, and nothing was there": {asking(true, nil), answerWait},
	} {
		assert.Equal(t, noon.Add(c.after), c.watch.TakeAt(), name)
	}
}

func TestAnActiveBridgeIsWaitedFor(t *testing.T) {
	w := asking(false, func(w *Watch) { w.Availability(true); w.State("a") })
	assert.False(t, w.Heard(Sign{Instance: "a", Active: true}, noon))
	assert.True(t, w.Active())
	assert.Zero(t, w.TakeAt())
	assert.False(t, w.Availability(true), "nothing new")
	assert.True(t, w.Availability(false), "its will or its goodbye")
	w.Asked(noon.Add(time.Hour))
	w.Heard(w.Sign(), noon.Add(time.Hour))
	assert.Equal(t, noon.Add(time.Hour+startWait), w.TakeAt())
	assert.True(t, w.Other())
}

func TestAnActiveBridgeMayDieBeforeItIsOnline(t *testing.T) {
	w := asking(false, func(w *Watch) { w.Availability(false) })
	w.Heard(Sign{Instance: "a", Active: true}, noon)
	assert.Zero(t, w.TakeAt())
	assert.True(t, w.Availability(false), "its will")
	assert.False(t, w.Active())
	assert.False(t, w.Availability(false), "the same once more")
	w.Asked(noon.Add(time.Minute))
	w.Heard(w.Sign(), noon.Add(time.Minute))
	assert.Equal(t, noon.Add(time.Minute+startWait), w.TakeAt())
}

func TestAMessageAloneIsNotBelievedForEver(t *testing.T) {
	w := asking(false, nil)
	claim := Sign{Instance: "a", Active: true}
	w.Heard(claim, noon)
	assert.Zero(t, w.TakeAt())
	assert.Equal(t, noon.Add(checkEvery), w.Wake())
	assert.False(t, w.MayAsk(noon.Add(checkEvery-1)))
	at := noon.Add(checkEvery)
	assert.True(t, w.MayAsk(at))

	w.Asked(at)
	w.Heard(w.Sign(), at)
	assert.False(t, w.MayAsk(at.Add(time.Hour)), "once, until it is heard again")
	assert.Equal(t, at.Add(deadAfter), w.TakeAt(), "the will of one that hangs comes before that")
	answered := *w
	answered.Heard(claim, at.Add(time.Second))
	assert.Zero(t, answered.TakeAt(), "it is there")
	assert.Equal(t, at.Add(time.Second+checkEvery), answered.Wake())
	w.Availability(true)
	assert.Zero(t, w.Wake(), "the broker shows it as online")
}

func TestAnActiveBridgeThatIsOnlineIsNotAskedAgain(t *testing.T) {
	w := asking(false, func(w *Watch) { w.Availability(true) })
	w.Heard(Sign{Instance: "a", Active: true}, noon)
	assert.Zero(t, w.Wake())
	assert.False(t, w.MayAsk(noon.Add(24*time.Hour)))
}

func TestWithoutTheEchoItWaitsLonger(t *testing.T) {
	w := New("m", false)
	assert.Zero(t, w.TakeAt(), "nothing is known before the question")
	w.Asked(noon)
	assert.Equal(t, noon.Add(echoWait+startWait), w.TakeAt())
	w.Heard(Sign{Instance: "m", Active: true}, noon.Add(time.Second))
	assert.Equal(t, noon.Add(echoWait+startWait), w.TakeAt(), "an own sign from before is no echo")
}

func TestOfTwoThatAskTheLesserGoesFirst(t *testing.T) {
	lesser, greater := asking(false, nil), New("z", false)
	assert.False(t, lesser.Heard(greater.Sign(), noon))
	assert.Equal(t, noon.Add(startWait), lesser.TakeAt())
	greater.Asked(noon)
	greater.Heard(greater.Sign(), noon)
	assert.True(t, greater.Heard(lesser.Sign(), noon))
	assert.Equal(t, noon.Add(yield), greater.TakeAt())
	assert.False(t, greater.Heard(lesser.Sign(), noon.Add(yield/2)), "once, or they would ask each other without end")
}

func TestWhatThisOneKnowsIsOldAfterAnotherWasActive(t *testing.T) {
	assert.False(t, asking(false, nil).Other())
	assert.False(t, asking(false, func(w *Watch) { w.State("m") }).Other())
	assert.True(t, asking(false, func(w *Watch) { w.State("a") }).Other())
}
