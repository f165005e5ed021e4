package fermentation

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

var (
	begin = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	pill  = device.Ref{Family: discovery.Hydrometer, ID: "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0c01"}
)

func ptr[T any](v T) *T { return &v }

// brew adds the rows of a beer that lags for twelve hours, falls from og to fg, and stands.
func (b *beer) brew(from time.Time, og, fg, days float64) (until time.Time) {
	for at := from; at.Sub(from).Hours() < 24*days; at = at.Add(15 * time.Minute) {
		h := max(0, at.Sub(from).Hours()-12)
		g := fg + (og-fg)/(1+math.Exp((h-36)/9))
		b.analysis.Add(batch.Row{At: at, Gravity: &g, Temperature: ptr(19.0)})
		until = at
	}
	b.changed = true
	return until
}

// followed is a device whose rows are there.
func followed(s *Beers) *beer {
	b := s.beer(pill)
	b.seen, b.done, b.changed = true, true, true
	return b
}

// run steps until nothing is to do, and returns all that came of it.
func run(t testing.TB, s *Beers, now time.Time) (all Output) {
	t.Helper()
	for range 1000 {
		out, worked := s.Step(now)
		if !worked {
			return all
		}
		if out.Document != nil {
			all.Document = out.Document
		}
		all.Ended, all.Events = append(all.Ended, out.Ended...), append(all.Events, out.Events...)
	}
	require.Fail(t, "it comes to no end")
	return all
}

func kinds(t testing.TB, events [][]byte) (out []string) {
	for _, payload := range events {
		var e Event
		require.NoError(t, json.Unmarshal(payload, &e))
		out = append(out, e.Kind)
	}
	return out
}

func read(t testing.TB, payload []byte) (d Document) {
	t.Helper()
	require.NoError(t, json.Unmarshal(payload, &d), string(payload))
	return d
}

func TestEveryKeyIsAlwaysThere(t *testing.T) {
	keys := strings.Fields("entries number id batch_name began batch_day happened stage gravity_rate filtered_gravity batch_original_gravity batch_final_gravity " +
		"expected_final_gravity expected_end earliest_end latest_end stuck disturbed outside_yeast_range abv apparent_attenuation real_attenuation calories " +
		"lowest_temperature highest_temperature disturbances heating_hours cooling_hours paired_device_id")
	s := New(Options{})
	b := followed(s)
	for _, payload := range [][]byte{run(t, s, begin).Document, run(t, s, b.brew(begin, 1.052, 1.011, 3)).Document} {
		var doc map[string]any
		require.NoError(t, json.Unmarshal(payload, &doc))
		for _, key := range keys {
			assert.Contains(t, doc, key)
		}
		for _, e := range discovery.Entities(discovery.Hydrometer) {
			if e.Document == discovery.BatchDocument && e.Platform != discovery.Event && e.Platform != discovery.Button {
				assert.Contains(t, doc, e.DocumentKey(), "an entity shows it")
			}
		}
	}
}

func TestEventsAreToldOnce(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	assert.Empty(t, run(t, s, begin).Events)
	var reported []string
	happened := map[batch.EventKind]time.Time{}
	end := b.brew(begin, 1.052, 1.011, 12)
	for at := begin; at.Before(end); at = at.Add(time.Hour) {
		b.changed = true
		out := run(t, s, at)
		reported = append(reported, kinds(t, out.Events)...)
		for _, raw := range out.Events {
			var e Event
			require.NoError(t, json.Unmarshal(raw, &e))
			happened[batch.EventKind(e.Kind)] = e.At
		}
	}
	assert.Equal(t, []string{"started", "slowing", "complete"}, reported)
	assert.Equal(t, happened, read(t, b.payload).Happened, "for whoever has missed the events")

	again := New(Options{})
	require.True(t, again.Restore(pill, b.payload, end))
	c := followed(again)
	c.brew(begin.Add(40*time.Minute), 1.0522, 1.011, 12) // the same beer, as other rows show it
	out := run(t, again, end)
	assert.Empty(t, kinds(t, out.Events))
	assert.Equal(t, 1, *read(t, out.Document).Number)
}

func TestWhatHappenedWhileTheBridgeWasAwayIsToldAfterwards(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	run(t, s, begin)
	b.brew(begin, 1.052, 1.011, 2)
	run(t, s, begin.Add(48*time.Hour))
	again := New(Options{})
	require.True(t, again.Restore(pill, b.payload, begin.Add(12*24*time.Hour)))
	end := followed(again).brew(begin, 1.052, 1.011, 12)
	assert.Equal(t, []string{"slowing", "complete"}, kinds(t, run(t, again, end).Events))
}

func TestTheLastTwentyBatchesAreKept(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	at := begin.AddDate(0, -3, 0)
	retained := map[int][]byte{}
	for i := range 23 {
		b.said = b.said.add(batch.Entry{At: at, NewBatch: true}, time.Time{})
		b.setNotes()
		at = b.brew(at, 1.048, 1.010, 5).Add(time.Hour)
		for _, e := range run(t, s, at).Ended {
			if retained[e.Number] = e.Payload; e.Payload == nil {
				delete(retained, e.Number)
			}
		}
		assert.Equal(t, i+1, *b.doc.Number)
	}
	assert.Len(t, retained, 20)
	assert.Contains(t, retained, 22)
	assert.NotContains(t, retained, 2)
	assert.LessOrEqual(t, len(b.payload), maxDocument/4)

	again := New(Options{})
	require.True(t, again.Restore(pill, b.payload, at))
	for number, payload := range retained {
		again.RestoreEnded(pill, number, payload, at)
	}
	c := followed(again)
	c.from = at.AddDate(0, 0, -12) // the rows reach back over two batches only
	c.forgetBefore(c.from)
	c.brew(at.AddDate(0, 0, -4), 1.048, 1.010, 4)
	out := run(t, again, at)
	assert.Equal(t, 23, *read(t, out.Document).Number, "numbers stay")
	assert.Len(t, c.ended, 20)
	assert.ElementsMatch(t, slices.Collect(func(yield func(int) bool) {
		for number := range retained {
			if !yield(number) {
				return
			}
		}
	}), again.Remove(pill))
}

func TestWhileRowsAreMissingNothingPoorerIsSaid(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	now := b.brew(begin, 1.052, 1.011, 2.5)
	run(t, s, now)
	again := New(Options{History: true, Days: 30})
	require.True(t, again.Restore(pill, b.payload, now))
	c := again.beer(pill)
	c.seen, c.from, c.to = true, begin, now
	asked := 0
	waiting := true
	look := func() {
		again.LookBacks(now, func(device.Ref, time.Time, time.Time) bool { return waiting }, func(device.Ref, LookBack) { asked++ })
	}
	look()
	c.analysis.Add(batch.Row{At: now, Gravity: ptr(1.02)})
	c.changed = true
	d := read(t, run(t, again, now).Document)
	assert.Equal(t, "active", *d.Stage)
	assert.True(t, d.Restored)
	again.Failed(pill)
	waiting = false
	look()
	look()
	assert.Equal(t, 1, asked, "not at once again")
	assert.True(t, again.Looking())
	now = now.Add(lookAgain)
	look()
	assert.Equal(t, 2, asked)
	c.brew(begin, 1.052, 1.011, 2.5)
	again.Rows(pill, nil)
	look()
	assert.False(t, again.Looking())
	d = read(t, run(t, again, now).Document)
	assert.False(t, d.Restored)
}

func TestRowsThatAreMissingAreLookedAfterWhenSomethingHasCome(t *testing.T) {
	s := New(Options{History: true, Days: 30})
	for i := range 100 {
		b := s.beer(device.Ref{Family: pill.Family, ID: fmt.Sprint(i)})
		b.seen, b.from, b.to = true, begin.AddDate(0, 0, -30), begin
	}
	looked, now := 0, begin
	look := func() int {
		before := looked
		s.LookBacks(now, func(device.Ref, time.Time, time.Time) bool { looked++; return true }, func(device.Ref, LookBack) {})
		return looked - before
	}
	look() // asks
	s.Rows(pill, nil)
	assert.Equal(t, 100, look())
	for range 10 {
		assert.Zero(t, look(), "nothing has come, and each turn of the loop would look at all devices")
	}
	s.Failed(pill)
	assert.Equal(t, 100, look())
}

func TestEntriesAreBounded(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	now := b.brew(begin, 1.052, 1.011, 2)
	for i := range 500 {
		e, err := Read("batch_original_gravity", fmt.Appendf(nil, "1.0%d", 40+i%20))
		require.NoError(t, err)
		s.Enter(pill, e, now.Add(time.Duration(i)*time.Second))
	}
	assert.Len(t, b.said, 1, "the last word counts")
	for i := range 100 {
		e, err := Read("new_batch", []byte("PRESS"))
		require.NoError(t, err)
		s.Enter(pill, e, now.Add(time.Duration(i)*time.Hour))
	}
	assert.LessOrEqual(t, len(b.said), maxEntries)
}

func TestForgedDocumentsDoNoHarm(t *testing.T) {
	now := begin
	for _, forged := range []string{
		"", "null", "[]", "7", `"x"`, "{", `{"entries":null}`, `{"entries":[null]}`, `{"entries":[{"at":"9999-12-31T23:59:59Z","new_batch":true,"original_gravity":1e300}]}`,
		`{"number":-4,"began":"2026-09-01T00:00:00Z","stage":"<script>","abv":1e308}`, `{"number":2147483647,"began":"0001-01-01T00:00:00Z"}`,
		`{"told":{"until":"9999-12-31T23:59:59Z","number":-1,"kinds":["x","slowing","slowing"],"alerts":["` + strings.Repeat("a", 5000) + `"]}}`,
		`{"run_time":{"began":"2026-09-01T00:00:00Z","heating":-1,"cooling":1e300}}`, `{"sessions":[{"id":"","started":"2026-09-01T00:00:00Z"},{"id":"` + strings.Repeat("é", 3000) + `","started":"2026-09-01T00:00:00Z","attenuation":-5}]}`,
		`{"entries":[` + strings.Repeat(`{"at":"2026-09-20T00:00:00Z","new_batch":true},`, 300) + `{"at":"2026-09-21T00:00:00Z","name":"last"}]}`,
		strings.Repeat("[", 20000), `{"batch_name":"` + strings.Repeat("x", 30000) + `"}`, `{"batch_name":"` + strings.Repeat("x", 300000) + `"}`,
	} {
		restoreForged(t, []byte(forged), now, 3)
	}
}

// restoreForged restores a document and has it followed on for some days.
func restoreForged(t testing.TB, payload []byte, now time.Time, days float64) {
	s := New(Options{})
	s.Restore(pill, payload, now)
	s.RestoreEnded(pill, 7, payload, now)
	b := followed(s)
	assert.LessOrEqual(t, len(b.said), maxEntries)
	assert.LessOrEqual(t, len(b.sessions), maxSessions)
	out := run(t, s, now)
	require.NotEmpty(t, out.Document)
	assert.LessOrEqual(t, len(out.Document), maxDocument)
	d := read(t, out.Document)
	require.NotNil(t, d.Stage)
	b.brew(now, 1.05, 1.01, days)
	after := run(t, s, now.Add(time.Duration(days*24*float64(time.Hour))))
	if after.Document == nil {
		return // as it was
	}
	if d := read(t, after.Document); d.ExpectedEnd != nil {
		assert.False(t, d.ExpectedEnd.Before(now))
	}
	s.Remove(pill)
}

// FuzzDocument restores what anybody may have retained.
func FuzzDocument(f *testing.F) {
	s := New(Options{})
	b := followed(s)
	e, _ := Read("batch_name", []byte("Pale Ale"))
	s.Enter(pill, e, begin)
	now := b.brew(begin, 1.052, 1.011, 4)
	f.Add(run(f, s, now).Document)
	f.Add([]byte(`{"number":3,"id":"x","stage":"active","began":"2026-09-30T00:00:00Z","ended":"2026-10-01T00:00:00Z","entries":[{"at":"2026-09-30T12:00:00Z","new_batch":true,"original_gravity":1.2}]}`))
	f.Add([]byte(`{"sessions":[{"id":"s","name":"n","started":"2026-09-30T00:00:00Z","attenuation":75,"min_temperature":15,"max_temperature":22}],"told":{"until":"2026-10-01T00:00:00Z","number":2,"kinds":["started"],"alerts":["00ff"]}}`))
	f.Fuzz(func(t *testing.T, payload []byte) { restoreForged(t, payload, begin, 0.2) })
}

func TestNumbersStay(t *testing.T) {
	var n numbers
	at := func(day float64) time.Time { return begin.Add(time.Duration(day * 24 * float64(time.Hour))) }
	taken := map[int]bool{}
	assert.Equal(t, 1, n.of(at(0), taken))
	assert.Equal(t, 2, n.of(at(10), taken))
	assert.Equal(t, 3, n.current(at(20), taken))
	taken = map[int]bool{}
	assert.Equal(t, 0, n.of(at(5), taken), "nobody knew it")
	assert.Equal(t, 2, n.of(at(10.2), taken))
	assert.Equal(t, 3, n.current(at(19.9), taken))
	taken = map[int]bool{}
	assert.Equal(t, 4, n.current(at(30), taken))
}

func TestHoursAreThoseOfTheBatch(t *testing.T) {
	var c counters
	for h := range 50 {
		at := begin.Add(time.Duration(h) * time.Hour)
		c.hourly = append(c.hourly, sample{at, float64(h) * 600, 5000 + float64(h)*1800})
		c.newest = c.hourly[h]
	}
	from, ok := c.at(begin.Add(10*time.Hour + 20*time.Minute))
	require.True(t, ok)
	heating, cooling := c.between(from, c.newest)
	assert.InDelta(t, 39*600/3600.0, heating, 1e-9)
	assert.InDelta(t, 39*0.5, cooling, 1e-9)
	_, ok = c.at(begin.Add(-24 * time.Hour))
	assert.False(t, ok, "nobody looked")
	c.hourly[30].heating = 5
	heating, cooling = c.between(from, c.newest)
	assert.True(t, math.IsNaN(heating), "it was reset")
	assert.False(t, math.IsNaN(cooling))
}

// BenchmarkStep is a step of the work on a month of rows, as after a restart: the longest that the loop is held up.
func BenchmarkStep(b *testing.B) {
	longest := time.Duration(0)
	for b.Loop() {
		s := New(Options{})
		beer := followed(s)
		now := beer.brew(begin, 1.060, 1.012, 30)
		for worked := true; worked; {
			at := time.Now()
			_, worked = s.Step(now)
			longest = max(longest, time.Since(at))
		}
	}
	b.ReportMetric(float64(longest.Microseconds()), "µs/longest-step")
}

// TestAnAlertOfAProfileIsToldOnce has one that was sent before the first start, which is not told, one that is sent later,
// and a restart.
func TestAnAlertOfAProfileIsToldOnce(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	now := b.brew(begin, 1.050, 1.010, 3)
	before := device.Alert{ID: "1", Text: "Pitch the yeast", At: now.Add(-time.Hour)}
	later := device.Alert{ID: "2", Text: "Dry hop now", At: now}
	b.alerts = []device.Alert{before}
	assert.NotContains(t, kinds(t, run(t, s, now).Events), alertKind)

	b.alerts, b.changed = []device.Alert{before, later}, true
	out := run(t, s, now.Add(time.Minute))
	require.Equal(t, []string{alertKind}, kinds(t, out.Events))
	var e Event
	require.NoError(t, json.Unmarshal(out.Events[0], &e))
	assert.Equal(t, "Dry hop now", e.Text)
	assert.Equal(t, later.At, e.At)
	b.changed = true
	assert.Empty(t, run(t, s, now.Add(2*time.Minute)).Events)

	again := New(Options{})
	require.True(t, again.Restore(pill, out.Document, now.Add(time.Hour)))
	restarted := followed(again)
	restarted.brew(begin, 1.050, 1.010, 3)
	restarted.alerts = []device.Alert{before, later}
	assert.NotContains(t, kinds(t, run(t, again, now.Add(time.Hour)).Events), alertKind)
}
