package history

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	pill = device.Ref{Family: discovery.Hydrometer, ID: "00000000-0000-4000-8000-000000000001"}
)

// brewer has the rows of one device in a simulated cloud, and a history that follows it by hand.
type brewer struct {
	t      *testing.T
	h      *History
	rows   []device.Telemetry // that the cloud has, oldest first
	stream []Outgoing
	asked  []Request
	now    time.Time
}

// rowsOf are rows of a Pill at a cloud that has been running for a while.
func rowsOf(t testing.TB, past, every time.Duration) []device.Telemetry {
	t.Helper()
	cloud := raptsim.New(raptsim.Options{
		Now: func() time.Time { return noon }, Latency: &raptsim.Latency{}, ReportLagMax: -1, Telemetry: raptsim.Telemetry{Past: past},
		Devices: []raptsim.DeviceSpec{{Family: raptsim.Hydrometer, ID: pill.ID, Name: "Pill", ReportEvery: every, TimeDigits: 7, Jitter: 0.01}},
	})
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
	})
	require.NoError(t, err)
	list, err := device.Families()[0].Telemetry(context.Background(), client, pill.ID, time.Time{}, time.Time{})
	require.NoError(t, err)
	return list.Rows
}

func newBrewer(t *testing.T, o Options, rows []device.Telemetry) *brewer {
	t.Helper()
	if o.Pace == 0 {
		o.Pace = 4 * time.Minute
	}
	return &brewer{t: t, h: New(o), rows: rows, now: rows[0].At}
}

// poll shows the newest row at its time, with the time of the poll before.
func (b *brewer) poll(i int, before time.Time, interval time.Duration) {
	b.now = b.rows[i].At.Add(2 * time.Second)
	b.h.Observe(pill, b.rows[i], Observation{Now: b.now, Before: before, Interval: interval})
	b.handOn()
}

// handOn has the broker take all that waits.
func (b *brewer) handOn() {
	for {
		out, _, ok := b.h.Next()
		if !ok {
			return
		}
		b.stream = append(b.stream, out)
		b.h.Acknowledge(true)
	}
}

// elapse lets time go on, answering what is asked from rows.
func (b *brewer) elapse(d time.Duration, answer func(Request) []device.Telemetry) {
	for end := b.now.Add(d); ; {
		due := b.h.Due()
		if due.IsZero() || due.After(end) {
			b.now = end
			return
		}
		b.now = times.Latest(b.now, due)
		r, ok := b.h.Request(b.now)
		require.True(b.t, ok, "due and nothing to ask")
		b.asked = append(b.asked, r)
		require.Less(b.t, len(b.asked), 500, "it asks without end")
		b.h.Answer(r, answer(r), b.now, b.now)
		b.handOn()
	}
}

// within is what the cloud answers when it has all rows.
func (b *brewer) within(r Request) []device.Telemetry {
	var out []device.Telemetry
	for _, row := range b.rows {
		if !row.At.Before(r.From) && !row.At.After(r.To) {
			out = append(out, row)
		}
	}
	return out
}

func (b *brewer) position() position {
	b.t.Helper()
	var p position
	require.NoError(b.t, json.Unmarshal(b.h.Position(pill), &p))
	return p
}

// once checks that rows from to are in the stream, each once.
func (b *brewer) once(from, to int) {
	b.t.Helper()
	seen := map[string]int{}
	for _, o := range b.stream {
		seen[o.Row.At.String()]++
	}
	for _, row := range b.rows[from:to] {
		assert.Equal(b.t, 1, seen[row.At.String()], row.At)
	}
	assert.Equal(b.t, to-from, len(b.stream))
}

func TestAPolledRowGoesOutAtOnceAndOnce(t *testing.T) {
	b := newBrewer(t, Options{}, rowsOf(t, 5*time.Hour, 15*time.Minute))
	b.poll(0, time.Time{}, 0)
	b.poll(0, b.now, 0)
	for i := 1; i < 6; i++ {
		b.poll(i, b.rows[i].At.Add(-time.Minute), 15*time.Minute)
	}
	b.once(0, 6)
	for _, o := range b.stream {
		assert.False(t, o.Backfilled)
	}
	assert.Zero(t, b.h.Due(), "nothing is missing")
	p := b.position()
	assert.True(t, p.CompleteUntil.Equal(b.rows[5].At))
	assert.Equal(t, 6, p.Rows)
}

func TestANewInstallationLooksBack(t *testing.T) {
	rows := rowsOf(t, 40*24*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{Days: 30}, rows)
	last := len(rows) - 1
	b.poll(last, time.Time{}, 0)
	b.elapse(time.Hour, b.within)
	from := slices.IndexFunc(rows, func(r device.Telemetry) bool { return !r.At.Before(rows[last].At.AddDate(0, 0, -30)) })
	b.once(from, last+1)
	assert.LessOrEqual(t, len(b.asked), 4)
	for i := 2; i < len(b.stream); i++ {
		assert.True(t, b.stream[i].Row.At.After(b.stream[i-1].Row.At), "in the order of their times")
		assert.True(t, b.stream[i].Backfilled)
	}
	p := b.position()
	assert.True(t, p.CompleteUntil.Equal(rows[last].At))
	assert.Empty(t, p.Gaps)
	assert.Empty(t, p.Missing)
	assert.Equal(t, len(b.stream)-1, p.Backfilled)
}

func TestAYoungDeviceHasNothingMissingBeforeItsFirstRow(t *testing.T) {
	rows := rowsOf(t, 3*24*time.Hour, time.Minute)
	b := newBrewer(t, Options{Days: 30}, rows)
	b.poll(len(rows)-1, time.Time{}, time.Minute)
	b.elapse(24*time.Hour, b.within)
	b.once(0, len(rows))
	assert.Empty(t, b.position().Missing)
	assert.Empty(t, b.position().Gaps)
	assert.LessOrEqual(t, len(b.asked), 20)
}

func TestAnInterruptionIsOneRequest(t *testing.T) {
	for name, outage := range map[string]time.Duration{"five hours": 5 * time.Hour, "five days": 5 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			rows := rowsOf(t, 6*24*time.Hour, 15*time.Minute)
			b := newBrewer(t, Options{}, rows)
			for i := range 6 {
				b.poll(i, rows[i].At.Add(-time.Minute), 15*time.Minute)
			}
			back := 5 + int(outage/(15*time.Minute))
			b.poll(back, rows[5].At.Add(5*time.Minute), 15*time.Minute)
			assert.True(t, b.position().CompleteUntil.Equal(rows[5].At), "until the interruption")
			b.elapse(time.Hour, b.within)
			b.once(0, back+1)
			assert.Len(t, b.asked, 1)
			assert.True(t, b.position().CompleteUntil.Equal(rows[back].At))
		})
	}
}

func TestAnAnswerThatWasCutIsAskedOn(t *testing.T) {
	for name, cut := range map[string]func(rows []device.Telemetry) []device.Telemetry{
		"at its end":       func(rows []device.Telemetry) []device.Telemetry { return rows[:min(len(rows), 100)] },
		"at its beginning": func(rows []device.Telemetry) []device.Telemetry { return rows[max(0, len(rows)-100):] },
		"newest first": func(rows []device.Telemetry) []device.Telemetry {
			slices.Reverse(rows)
			return rows[:min(len(rows), 100)]
		},
		"in no order": func(rows []device.Telemetry) []device.Telemetry {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			return rows
		},
	} {
		t.Run(name, func(t *testing.T) {
			rows := rowsOf(t, 6*24*time.Hour, 15*time.Minute)
			b := newBrewer(t, Options{}, rows)
			b.poll(0, time.Time{}, 0)
			b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
			b.elapse(2*time.Hour, func(r Request) []device.Telemetry { return cut(b.within(r)) })
			b.once(0, len(rows))
			assert.LessOrEqual(t, len(b.asked), len(rows)/100+3)
			assert.Empty(t, b.position().Gaps)
		})
	}
}

func TestACloudWithALimitOfRowsGivesTheWholeMonth(t *testing.T) {
	rows := rowsOf(t, 6*24*time.Hour, 15*time.Minute)
	for name, newest := range map[string]bool{"oldest first": false, "newest first": true} {
		t.Run(name, func(t *testing.T) {
			b := newBrewer(t, Options{Days: 30}, rows)
			b.poll(len(rows)-1, time.Time{}, 0)
			b.elapse(12*time.Hour, func(r Request) []device.Telemetry {
				answer := b.within(r)
				if newest {
					slices.Reverse(answer)
				}
				return answer[:min(len(answer), 50)]
			})
			b.once(0, len(rows))
			assert.Empty(t, b.position().Gaps)
			assert.Empty(t, b.position().Missing)
		})
	}
}

func TestRowsThatAppearLaterAreWaitedFor(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(0, time.Time{}, 0)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	late := b.now.Add(30 * time.Minute)
	b.elapse(3*time.Hour, func(r Request) []device.Telemetry {
		return slices.DeleteFunc(b.within(r), func(row device.Telemetry) bool {
			i := slices.IndexFunc(rows, func(other device.Telemetry) bool { return other.At.Equal(row.At) })
			return i%5 == 2 && b.now.Before(late)
		})
	})
	b.once(0, len(rows))
	assert.Empty(t, b.position().Missing)
}

func TestWhatTheCloudDoesNotHaveIsGivenUpAfterThreeTries(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(0, time.Time{}, 0)
	last := len(rows) - 1
	b.poll(last, time.Time{}, 15*time.Minute)
	b.elapse(24*time.Hour, func(r Request) []device.Telemetry {
		return slices.DeleteFunc(b.within(r), func(row device.Telemetry) bool {
			return row.At.After(rows[9].At) && row.At.Before(rows[20].At)
		})
	})
	p := b.position()
	require.Len(t, p.Missing, 1)
	assert.True(t, p.Missing[0].From.Equal(rows[9].At) && p.Missing[0].To.Equal(rows[20].At), "%v", p.Missing)
	assert.True(t, p.CompleteUntil.Equal(rows[last].At))
	assert.Len(t, b.asked, 3)
	assert.Len(t, b.stream, len(rows)-10)
}

func TestACloudThatAnswersNothingIsGivenUp(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.poll(0, time.Time{}, 0)
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	b.elapse(24*time.Hour, func(Request) []device.Telemetry { return nil })
	assert.Len(t, b.asked, 3)
	assert.Len(t, b.position().Missing, 1)
	assert.Len(t, b.stream, 2)
}

func TestADeviceFasterThanThePollsIsCompletedOnceAnHour(t *testing.T) {
	rows := rowsOf(t, 6*time.Hour, time.Minute)
	for name, every := range map[string]bool{"every reading": true, "polled readings": false} {
		t.Run(name, func(t *testing.T) {
			b := newBrewer(t, Options{EveryReading: every}, rows)
			before, polled := time.Time{}, 0
			for i := 0; i < len(rows); i++ {
				if i < 8 || i%4 == 0 {
					b.poll(i, before, time.Minute)
					before = b.now
					polled++
				}
				b.elapse(0, b.within)
			}
			b.elapse(2*time.Hour, b.within)
			if every {
				b.once(0, slices.IndexFunc(rows, func(r device.Telemetry) bool { return r.At.Equal(b.position().Latest) })+1)
				assert.InDelta(t, 6, len(b.asked), 1)
			} else {
				assert.Len(t, b.stream, polled)
				assert.LessOrEqual(t, len(b.asked), 1)
			}
		})
	}
}

func TestAReadingThatWasSentTwiceIsHandedOnOnce(t *testing.T) {
	rows := rowsOf(t, 6*time.Hour, 15*time.Minute)
	again := rows[8]
	again.At, again.Row = again.At.Add(3*time.Minute), "again"
	b := newBrewer(t, Options{}, slices.Insert(slices.Clone(rows), 9, again))
	b.poll(0, time.Time{}, 0)
	b.poll(8, time.Time{}, 15*time.Minute)
	b.poll(9, b.now, 15*time.Minute)
	b.poll(10, b.now, 15*time.Minute)
	b.elapse(time.Hour, b.within)
	assert.Len(t, b.stream, 10, "rows 0 to 8 and 10")
	assert.Equal(t, 1, b.position().Resent)

	c := newBrewer(t, Options{}, b.rows)
	c.poll(0, time.Time{}, 0)
	c.poll(12, time.Time{}, 15*time.Minute)
	c.elapse(time.Hour, c.within)
	assert.Len(t, c.stream, 12)
	assert.Equal(t, 1, c.position().Resent, "in the history too")
}

// TestAKillAtAnyMomentRepeatsOneRowAtTheMost kills the process at each step of a recovery, with the position that the
// broker had then.
func TestAKillAtAnyMomentRepeatsOneRowAtTheMost(t *testing.T) {
	rows := rowsOf(t, 12*time.Hour, 15*time.Minute)
	last := len(rows) - 1
	for kill := range 60 {
		b := newBrewer(t, Options{}, rows)
		b.poll(0, time.Time{}, 0)
		retained := b.h.Position(pill)
		steps := 0
		alive := func() bool { steps++; return steps <= kill }
		run := func(alive func() bool) {
			for alive() {
				out, _, ok := b.h.Next()
				if !ok {
					r, due := b.h.Request(b.now.Add(time.Minute))
					if !due {
						return
					}
					b.h.Answer(r, b.within(r), b.now, b.now)
					retained = b.h.Position(pill)
					continue
				}
				b.stream = append(b.stream, out)
				if !alive() {
					return // the broker has the row, and not the position
				}
				b.h.Acknowledge(true)
				retained = b.h.Position(pill)
			}
		}
		b.now = rows[last-1].At
		b.h.Observe(pill, rows[last-1], Observation{Now: b.now, Interval: 15 * time.Minute})
		run(alive)

		b.h = New(Options{Pace: 4 * time.Minute})
		require.True(t, b.h.Restore(pill, retained, b.now))
		b.h.Observe(pill, rows[last-1], Observation{Now: b.now, Interval: 15 * time.Minute})
		run(func() bool { return true })
		b.h.Observe(pill, rows[last], Observation{Now: b.now, Before: b.now, Interval: 15 * time.Minute})
		run(func() bool { return true })
		seen, repeated := map[string]int{}, 0
		for _, o := range b.stream {
			if seen[o.Row.At.String()]++; seen[o.Row.At.String()] > 1 {
				repeated++
			}
		}
		assert.Len(t, seen, len(rows), "killed at %d: none is lost", kill)
		assert.LessOrEqual(t, repeated, 1, "killed at %d", kill)
	}
}

func TestARowThatWasNotTakenIsHandedOnAgain(t *testing.T) {
	rows := rowsOf(t, 3*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	b.h.Observe(pill, rows[0], Observation{Now: noon})
	b.h.Observe(pill, rows[1], Observation{Now: noon, Before: noon})
	out, _, ok := b.h.Next()
	require.True(t, ok)
	_, _, second := b.h.Next()
	assert.False(t, second, "one at a time")
	_, moved := b.h.Acknowledge(false)
	assert.False(t, moved)
	assert.Nil(t, b.h.Position(pill))
	again, _, ok := b.h.Next()
	require.True(t, ok)
	assert.Equal(t, out.Row.At, again.Row.At)
	assert.Equal(t, 2, b.h.Waiting())
}
