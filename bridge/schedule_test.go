package bridge

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var usual = bounds{min: time.Minute, max: 15 * time.Minute}

// every is a device whose rhythm is known to be exact, and whose next reading is due so long after noon.
func every(interval, next time.Duration) *rhythm {
	return &rhythm{last: noon.Add(next - interval), interval: interval, proved: true}
}

// late is a device whose reading was due before noon and did not come, as so many answers have shown.
func late(interval, by time.Duration, asks int) *rhythm {
	return &rhythm{last: noon.Add(-by - interval), interval: interval, asks: asks, proved: true}
}

// TestWhenAFamilyIsDue is what the schedule promises. In every case the family was asked for last at noon.
func TestWhenAFamilyIsDue(t *testing.T) {
	const m, s = time.Minute, time.Second
	for _, c := range []struct {
		is   string
		a    asking
		want time.Duration // after noon
	}{
		{"a Pill at 15 minutes: when its next reading is due", asking{rhythms: []*rhythm{every(15*m, 5*m)}}, 5 * m},
		{"and not before the cloud shows it", asking{rhythms: []*rhythm{{last: noon.Add(-10 * m), interval: 15 * m, lag: 3 * s, slack: 2 * s, proved: true}}}, 5*m + 5*s},
		{"its reading is late: again after a minute", asking{rhythms: []*rhythm{late(15*m, 10*s, 1)}}, m},
		{"still late: after two more", asking{rhythms: []*rhythm{late(15*m, 70*s, 2)}}, 2 * m},
		{"still late: after four more", asking{rhythms: []*rhythm{late(15*m, 190*s, 3)}}, 4 * m},
		{"lost: when the one after it is due", asking{rhythms: []*rhythm{late(15*m, 430*s, 4)}}, 15*m - 430*s},
		{"late, but the next one comes sooner than another try", asking{rhythms: []*rhythm{late(15*m, 13*m, 3)}}, 2 * m},

		{"rhythm unknown: after the least interval", asking{rhythms: []*rhythm{{last: noon}}}, m},
		{"nothing new: after two", asking{rhythms: []*rhythm{{last: noon, asks: 1}}}, 2 * m},
		{"nothing new again: after four", asking{rhythms: []*rhythm{{last: noon, asks: 2}}}, 4 * m},
		{"never anything new: at the greatest interval", asking{rhythms: []*rhythm{{last: noon, asks: 40}}}, 15 * m},

		{"no device reports any more: at the greatest interval", asking{rhythms: []*rhythm{every(5*m, 2*m)}, silent: []bool{true}}, 15 * m},
		{"a silent device doesn't slow the others down", asking{rhythms: []*rhythm{every(5*m, 2*m), every(5*m, 4*m)}, silent: []bool{true, false}}, 4 * m},

		{"a family without devices: once more after a quarter of an hour", asking{empty: 1}, 15 * m},
		{"then every hour", asking{empty: 2}, time.Hour},
		{"also much later", asking{empty: 1000}, time.Hour},

		{"a kettle that heats and reports rarely: at the least interval", asking{rhythms: []*rhythm{every(15*m, 9*m)}, hot: true}, m},
		{"one that reports every minute: reading by reading", asking{rhythms: []*rhythm{every(m, 75*s)}, hot: true}, 75 * s},
		{"a device that was just commanded: at the least interval", asking{rhythms: []*rhythm{every(15*m, 9*m)}, urgent: noon.Add(m)}, m},
		{"commanded some time ago: as usual", asking{rhythms: []*rhythm{every(15*m, 9*m)}, urgent: noon}, 9 * m},
		{"a device that reports every minute, cold: its fourth reading", asking{rhythms: []*rhythm{every(m, 55*s)}}, 3*m + 55*s},
		{"a heating kettle that has stopped reporting: at the least interval, since it may be back", asking{rhythms: []*rhythm{every(m, 30*s)}, silent: []bool{true}, hot: true}, m},

		{"two readings close together share a request", asking{rhythms: []*rhythm{every(15*m, 5*m), every(15*m, 5*m+20*s)}}, 5*m + 20*s},
		{"unless waiting costs more than asking twice", asking{rhythms: []*rhythm{every(15*m, 5*m), every(15*m, 5*m+50*s)}}, 5 * m},
		{"readings far apart don't", asking{rhythms: []*rhythm{every(15*m, 5*m), every(15*m, 7*m)}}, 5 * m},
		{"a fast device doesn't shut out a slow one", asking{rhythms: []*rhythm{every(m, 60*s), every(15*m, 90*s)}, hot: true}, 90 * s},
		{"whatever their order", asking{rhythms: []*rhythm{every(15*m, 90*s), every(m, 60*s)}, hot: true}, 90 * s},

		{"never sooner than the least interval", asking{rhythms: []*rhythm{every(15*m, 10*s)}}, m},
		{"never later than the greatest", asking{rhythms: []*rhythm{every(time.Hour, 40*m)}}, 15 * m},
		{"but for a tenth, when a reading is due then", asking{rhythms: []*rhythm{every(time.Hour, 16*m)}}, 16 * m},
		{"and no more than that", asking{rhythms: []*rhythm{every(time.Hour, 17*m)}}, 15 * m},

		{"after a failure: when the back-off says so", asking{rhythms: []*rhythm{every(15*m, 5*m)}, retry: noon.Add(7 * m)}, 7 * m},
		{"also before the first answer", asking{retry: noon.Add(2 * m)}, 2 * m},
		{"somebody wants fresh values: at once", asking{rhythms: []*rhythm{every(15*m, 5*m)}, refresh: true}, 0},
		{"also of a family without devices", asking{empty: 5, refresh: true}, 0},
		{"fresh values after a failure: not before the back-off", asking{refresh: true, retry: noon.Add(m)}, m},

		{"a look between two readings, whether there is one",
			asking{rhythms: []*rhythm{{last: noon, interval: 10 * m}}}, 5*m + 30*s},
		{"every third reading another one, whether the device has become faster",
			asking{rhythms: []*rhythm{{last: noon, interval: 10 * m, readings: 5, proved: true}}}, 5*m + 30*s},
		{"every twelfth where the cloud states the frequency", asking{rhythms: []*rhythm{{last: noon, interval: 10 * m, readings: 11, proved: true, stated: 10}}}, 5*m + 30*s},
		{"not else", asking{rhythms: []*rhythm{{last: noon, interval: 10 * m, readings: 5, proved: true, stated: 10}}}, 10 * m},
		{"a look for nothing doesn't stretch the greatest interval", asking{rhythms: []*rhythm{{last: noon, interval: 29 * m, readings: 5, proved: true}}}, 15 * m},
	} {
		t.Run(c.is, func(t *testing.T) {
			c.a.asked = noon
			for len(c.a.silent) < len(c.a.rhythms) {
				c.a.silent = append(c.a.silent, false)
			}
			assert.Equal(t, c.want, c.a.due(usual).Sub(noon))
		})
	}
}

func TestAFamilyIsDueAtOnceAtTheStart(t *testing.T) {
	var a asking
	assert.False(t, a.due(usual).After(noon))
}

func TestOtherBoundsHoldAsWell(t *testing.T) {
	a := asking{asked: noon, rhythms: []*rhythm{every(time.Minute, 2*time.Second)}, silent: []bool{false}, hot: true}
	assert.Equal(t, 10*time.Minute, a.due(bounds{10 * time.Minute, 30 * time.Minute}).Sub(noon).Round(time.Minute))
	assert.Equal(t, 2*time.Second, a.due(bounds{time.Second, time.Minute}).Sub(noon))
	same := bounds{5 * time.Minute, 5 * time.Minute}
	assert.Equal(t, 5*time.Minute, a.due(same).Sub(noon).Round(time.Minute), "a fixed clock, for who wants one")
}

// TestDueStaysWithinTheBounds tries states at random: none makes the bridge ask in a loop, or never again.
func TestDueStaysWithinTheBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	some := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
	for range 20_000 {
		a := asking{asked: noon, hot: r.IntN(4) == 0}
		if r.IntN(4) == 0 {
			a.urgent = noon.Add(some(4*time.Minute) - 2*time.Minute)
		}
		b := bounds{min: time.Second + some(2*time.Minute)}
		b.max = b.min + some(30*time.Minute)
		for range 1 + r.IntN(12) {
			d := &rhythm{
				last: noon.Add(some(3*time.Hour) - 150*time.Minute), readings: r.IntN(50), asks: r.IntN(8),
				lag: some(10*time.Second) - 2*time.Second, slack: some(time.Minute) - 10*time.Second, stated: float64(r.IntN(2)),
			}
			if r.IntN(5) > 0 {
				d.interval = time.Second + some(2*time.Hour)
			}
			a.rhythms, a.silent = append(a.rhythms, d), append(a.silent, r.IntN(6) == 0)
		}
		due := a.due(b)
		require.False(t, due.Before(noon.Add(b.min)), "%s, %+v", due.Sub(noon), a)
		require.False(t, due.After(noon.Add(b.max+b.max/maxPollGrace+b.min)), "%s, %+v", due.Sub(noon), a)
	}
}

func TestNext(t *testing.T) {
	at := func(minutes ...int) []time.Time {
		var out []time.Time
		for _, m := range minutes {
			out = append(out, noon.Add(time.Duration(m)*time.Minute))
		}
		return out
	}
	for _, c := range []struct {
		is   string
		dues []time.Time
		open int // minutes after noon
		want plan
	}{
		{"no family is due: wake for the first", at(5, 3, 9), -1, plan{ask: -1, wake: noon.Add(3 * time.Minute)}},
		{"one is due", at(5, 0, 9), -1, plan{ask: 1, wake: noon}},
		{"of several the one that has waited longest", at(-1, -3, -2), -5, plan{ask: 1, wake: noon.Add(-3 * time.Minute)}},
		{"of those that have waited alike the first", at(-1, -1), -5, plan{ask: 0, wake: noon.Add(-time.Minute)}},
		{"the ceiling holds: wake when it opens", at(-1, 3), 2, plan{ask: -1, wake: noon.Add(2 * time.Minute)}},
		{"the ceiling opens before anything is due", at(8, 7), 2, plan{ask: -1, wake: noon.Add(7 * time.Minute)}},
		{"no family at all", nil, -1, plan{ask: -1}},
	} {
		t.Run(c.is, func(t *testing.T) {
			assert.Equal(t, c.want, next(noon, c.dues, noon.Add(time.Duration(c.open)*time.Minute)))
		})
	}
	assert.Equal(t, 0, next(noon, at(-1), time.Time{}).ask, "nothing holds a poll back")
}
