package poll

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var usual = Bounds{Min: time.Minute, Max: 15 * time.Minute}

// every is a device whose rhythm is known to be exact, and whose next reading is due so long after noon.
func every(interval, next time.Duration) *Estimator {
	at := noon.Add(next - interval)
	return &Estimator{last: at, phase: at, interval: interval, intervalConfirmed: true}
}

// late is a device whose reading was due before noon and did not come, as so many answers have shown.
func late(interval, by time.Duration, emptyPolls int) *Estimator {
	at := noon.Add(-by - interval)
	return &Estimator{last: at, phase: at, interval: interval, emptyPolls: emptyPolls, emptyDue: 1, intervalConfirmed: true}
}

// known is a device whose readings have shown that one may be late, by up to most.
func known(r *Estimator, most ...time.Duration) *Estimator {
	r.spread = append(make([]time.Duration, 4), most...)
	return r
}

// TestWhenAFamilyIsDue is what the schedule promises. In every case the family was asked for last at noon.
func TestWhenAFamilyIsDue(t *testing.T) {
	const m, s = time.Minute, time.Second
	for _, c := range []struct {
		is   string
		a    State
		want time.Duration // after noon
	}{
		{"a Pill at 15 minutes: when its next reading is due", State{Devices: []*Estimator{every(15*m, 5*m)}}, 5 * m},
		{"and not before the cloud shows it", State{Devices: []*Estimator{{last: noon.Add(-10 * m), phase: noon.Add(-10 * m), interval: 15 * m, lag: 3 * s, slack: 2 * s, intervalConfirmed: true}}}, 5*m + 5*s},
		{"its reading is late: again after a minute", State{Devices: []*Estimator{late(15*m, 10*s, 1)}}, m},
		{"still late: after two more", State{Devices: []*Estimator{late(15*m, 70*s, 2)}}, 2 * m},
		{"still late: after four more", State{Devices: []*Estimator{late(15*m, 190*s, 3)}}, 4 * m},
		{"lost: when the one after it is due", State{Devices: []*Estimator{late(15*m, 430*s, 4)}}, 15*m - 430*s},
		{"late, but the next one comes sooner than another try", State{Devices: []*Estimator{late(15*m, 13*m, 3)}}, 2 * m},

		{"rhythm unknown: after the least interval", State{Devices: []*Estimator{{last: noon}}}, m},
		{"nothing new: after two", State{Devices: []*Estimator{{last: noon, emptyPolls: 1}}}, 2 * m},
		{"nothing new again: after four", State{Devices: []*Estimator{{last: noon, emptyPolls: 2}}}, 4 * m},
		{"never anything new: at the greatest interval", State{Devices: []*Estimator{{last: noon, emptyPolls: 40}}}, 15 * m},

		{"no device reports any more: at the greatest interval", State{Devices: []*Estimator{every(5*m, 2*m)}, Silent: []bool{true}}, 15 * m},
		{"a silent device doesn't slow the others down", State{Devices: []*Estimator{every(5*m, 2*m), every(5*m, 4*m)}, Silent: []bool{true, false}}, 4 * m},

		{"a family without devices: once more after a quarter of an hour", State{Empty: 1}, 15 * m},
		{"then every hour", State{Empty: 2}, time.Hour},
		{"also much later", State{Empty: 1000}, time.Hour},

		{"a kettle that heats and reports rarely: at the least interval", State{Devices: []*Estimator{every(15*m, 9*m)}, Heating: true}, m},
		{"one that reports every minute: reading by reading", State{Devices: []*Estimator{every(m, 75*s)}, Heating: true}, 75 * s},
		{"a device that was just commanded: at the least interval", State{Devices: []*Estimator{every(15*m, 9*m)}, CommandedUntil: noon.Add(m)}, m},
		{"commanded some time ago: as usual", State{Devices: []*Estimator{every(15*m, 9*m)}, CommandedUntil: noon}, 9 * m},
		{"a device that reports every minute, cold: its fourth reading", State{Devices: []*Estimator{every(m, 55*s)}}, 3*m + 55*s},
		{"a heating kettle that has stopped reporting: at the least interval, since it may be back", State{Devices: []*Estimator{every(m, 30*s)}, Silent: []bool{true}, Heating: true}, m},

		{"two readings close together share a request", State{Devices: []*Estimator{every(15*m, 5*m), every(15*m, 5*m+20*s)}}, 5*m + 20*s},
		{"unless waiting costs more than asking twice", State{Devices: []*Estimator{every(15*m, 5*m), every(15*m, 5*m+50*s)}}, 5 * m},
		{"readings far apart don't", State{Devices: []*Estimator{every(15*m, 5*m), every(15*m, 7*m)}}, 5 * m},
		{"a fast device doesn't shut out a slow one", State{Devices: []*Estimator{every(m, 60*s), every(15*m, 90*s)}, Heating: true}, 90 * s},
		{"whatever their order", State{Devices: []*Estimator{every(15*m, 90*s), every(m, 60*s)}, Heating: true}, 90 * s},

		{"never sooner than the least interval", State{Devices: []*Estimator{every(15*m, 10*s)}}, m},
		{"never later than the greatest", State{Devices: []*Estimator{every(time.Hour, 40*m)}}, 15 * m},
		{"but for a tenth, when a reading is due then", State{Devices: []*Estimator{every(time.Hour, 16*m)}}, 16 * m},
		{"and no more than that", State{Devices: []*Estimator{every(time.Hour, 17*m)}}, 15 * m},

		{"after a failure: when the back-off says so", State{Devices: []*Estimator{every(15*m, 5*m)}, Retry: noon.Add(7 * m)}, 7 * m},
		{"also before the first answer", State{Retry: noon.Add(2 * m)}, 2 * m},
		{"somebody wants fresh values: at once", State{Devices: []*Estimator{every(15*m, 5*m)}, Refresh: true}, 0},
		{"also of a family without devices", State{Empty: 5, Refresh: true}, 0},
		{"fresh values after a failure: not before the back-off", State{Refresh: true, Retry: noon.Add(m)}, m},

		{"a look between two readings, whether there is one",
			State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m}}}, 5*m + 30*s},
		{"every third reading another one, whether the device has become faster",
			State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 5, intervalConfirmed: true}}}, 5*m + 30*s},
		{"ever more rarely while there is none", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 15, probed: 9, intervalConfirmed: true}}}, 10 * m},
		{"after as many readings as it has kept its rhythm for", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 18, probed: 9, intervalConfirmed: true}}}, 5*m + 30*s},
		{"but at least every 64", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 664, probed: 600, intervalConfirmed: true}}}, 5*m + 30*s},
		{"every 96th where the cloud states the frequency", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 96, intervalConfirmed: true, stated: 10}}}, 5*m + 30*s},
		{"an early reading: whether another one follows as soon", State{Devices: []*Estimator{{last: noon, phase: noon.Add(-3 * m), other: noon, early: 3 * m, interval: 15 * m, intervalConfirmed: true}}}, 3 * m},
		{"not where the cloud states the frequency", State{Devices: []*Estimator{{last: noon, phase: noon.Add(-3 * m), other: noon, early: 3 * m, interval: 15 * m, intervalConfirmed: true, stated: 15}}}, 12 * m},
		{"late, and readings have never been so late: only once more", State{Devices: []*Estimator{known(late(15*m, 70*s, 2))}}, 15*m - 70*s},
		{"late, and readings have been later: again after a minute", State{Devices: []*Estimator{known(late(15*m, 70*s, 2), 2*m)}}, m},
		{"a look doesn't shut out a reading that is due within the least interval",
			State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m}, every(15*m, 6*m)}}, 6 * m},
		{"not else", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 10 * m, readings: 5, intervalConfirmed: true, stated: 10}}}, 10 * m},
		{"a look for nothing doesn't stretch the greatest interval", State{Devices: []*Estimator{{last: noon, phase: noon, interval: 29 * m, readings: 5, intervalConfirmed: true}}}, 15 * m},
	} {
		t.Run(c.is, func(t *testing.T) {
			c.a.Asked = noon
			for len(c.a.Silent) < len(c.a.Devices) {
				c.a.Silent = append(c.a.Silent, false)
			}
			assert.Equal(t, c.want, c.a.Due(usual).At.Sub(noon))
		})
	}
}

func TestAFamilyIsDueAtOnceAtTheStart(t *testing.T) {
	var a State
	assert.False(t, a.Due(usual).At.After(noon))
}

func TestAFamilyWhoseFirstListFailedIsStillToBeLearned(t *testing.T) {
	a := State{Asked: noon, Retry: noon.Add(time.Minute)}
	assert.Equal(t, Turn{At: a.Retry, Learn: a.Retry}, a.Due(usual))
	a.Answered = noon
	assert.Equal(t, Turn{At: a.Retry}, a.Due(usual))
}

func TestOtherBoundsHoldAsWell(t *testing.T) {
	a := State{Asked: noon, Devices: []*Estimator{every(time.Minute, 2*time.Second)}, Silent: []bool{false}, Heating: true}
	assert.Equal(t, 10*time.Minute, a.Due(Bounds{10 * time.Minute, 30 * time.Minute}).At.Sub(noon).Round(time.Minute))
	assert.Equal(t, 2*time.Second, a.Due(Bounds{time.Second, time.Minute}).At.Sub(noon))
	same := Bounds{5 * time.Minute, 5 * time.Minute}
	assert.Equal(t, 5*time.Minute, a.Due(same).At.Sub(noon).Round(time.Minute), "a fixed clock, for who wants one")
}

// TestDueStaysWithinTheBounds tries states at random: none makes the bridge ask in a loop, or never again.
func TestDueStaysWithinTheBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	some := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
	for range 20_000 {
		a := State{Asked: noon, Heating: r.IntN(4) == 0}
		if r.IntN(4) == 0 {
			a.CommandedUntil = noon.Add(some(4*time.Minute) - 2*time.Minute)
		}
		b := Bounds{Min: time.Second + some(2*time.Minute)}
		b.Max = b.Min + some(30*time.Minute)
		for range 1 + r.IntN(12) {
			d := &Estimator{
				last: noon.Add(some(3*time.Hour) - 150*time.Minute), fraction: r.IntN(4), emptyDue: r.IntN(3), readings: r.IntN(50), emptyPolls: r.IntN(8),
				lag: some(10*time.Second) - 2*time.Second, slack: some(time.Minute) - 10*time.Second, stated: float64(r.IntN(2)),
			}
			if d.phase = d.last; r.IntN(4) == 0 {
				d.phase, d.other, d.early = d.last.Add(-some(time.Hour)), d.last, some(time.Hour)
			}
			if r.IntN(3) == 0 {
				d.spread = []time.Duration{some(time.Minute), -some(time.Minute), 0, some(time.Minute)}
			}
			if r.IntN(5) > 0 {
				d.interval = time.Second + some(2*time.Hour)
			}
			a.Devices, a.Silent = append(a.Devices, d), append(a.Silent, r.IntN(6) == 0)
		}
		due := a.Due(b).At
		require.False(t, due.Before(noon.Add(b.Min)), "%s, %+v", due.Sub(noon), a)
		require.False(t, due.After(noon.Add(b.Max+b.Max/maxPollGrace+b.Min)), "%s, %+v", due.Sub(noon), a)
	}
}

func TestNext(t *testing.T) {
	at := func(minutes ...int) []Turn {
		var out []Turn
		for _, m := range minutes {
			out = append(out, Turn{At: noon.Add(time.Duration(m) * time.Minute)})
		}
		return out
	}
	learning := func(turns []Turn, which int) []Turn {
		turns[which].Learn = turns[which].At
		return turns
	}
	idle := func(turns []Turn, which int) []Turn {
		turns[which].Idle = true
		return turns
	}
	for _, c := range []struct {
		is    string
		turns []Turn
		open  int // minutes after noon
		want  Plan
	}{
		{"no family is due: wake for the first", at(5, 3, 9), -1, Plan{Ask: -1, Wake: noon.Add(3 * time.Minute)}},
		{"one is due", at(5, 0, 9), -1, Plan{Ask: 1, Wake: noon}},
		{"of several the one that has waited longest", at(-1, -3, -2), -5, Plan{Ask: 1, Wake: noon.Add(-3 * time.Minute)}},
		{"of those that have waited alike the first", at(-1, -1), -5, Plan{Ask: 0, Wake: noon.Add(-time.Minute)}},
		{"one with a reading expected goes before one that has only waited long", idle(at(-1, -3, -2), 1), -5, Plan{Ask: 2, Wake: noon.Add(-3 * time.Minute)}},
		{"unless it has waited for five minutes", idle(at(-1, -5, -2), 1), -5, Plan{Ask: 1, Wake: noon.Add(-5 * time.Minute)}},
		{"nothing is expected yet: the idle one", idle(at(1, -3, 2), 1), -5, Plan{Ask: 1, Wake: noon.Add(-3 * time.Minute)}},
		{"the ceiling holds: wake when it opens", at(-1, 3), 2, Plan{Ask: -1, Wake: noon.Add(2 * time.Minute)}},
		{"but not for one that teaches a rhythm", learning(at(-1, 0, 3), 1), 2, Plan{Ask: 1, Wake: noon}},
		{"wake for that one", learning(at(-1, 1, 3), 1), 2, Plan{Ask: -1, Wake: noon.Add(time.Minute)}},
		{"the ceiling opens before anything is due", at(8, 7), 2, Plan{Ask: -1, Wake: noon.Add(7 * time.Minute)}},
		{"no family at all", nil, -1, Plan{Ask: -1}},
	} {
		t.Run(c.is, func(t *testing.T) {
			assert.Equal(t, c.want, Next(noon, c.turns, Open{Learning: noon.Add(-time.Hour), Other: noon.Add(time.Duration(c.open) * time.Minute)}))
		})
	}
	assert.Equal(t, 0, Next(noon, at(-1), Open{}).Ask, "nothing holds a poll back")
}

func TestAFamilyThatWasFullIsAskedAsBefore(t *testing.T) {
	b := Bounds{Min: time.Minute, Max: 15 * time.Minute}
	s := State{Asked: noon, Answered: noon, Usual: 5 * time.Minute}
	for s.Empty = 1; time.Duration(s.Empty)*s.Usual < 24*time.Hour; s.Empty++ {
		assert.Equal(t, noon.Add(5*time.Minute), s.Due(b).At)
	}
	assert.Equal(t, noon.Add(time.Hour), s.Due(b).At, "after a day it is like one that never had a device")
	s.Empty, s.Usual = 1, time.Second
	assert.Equal(t, noon.Add(b.Min), s.Due(b).At, "never more often than allowed")
}
