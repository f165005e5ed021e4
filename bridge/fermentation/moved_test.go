package fermentation

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// reportedUntil steps as the rows come in, and returns what is reported on the way, and the batches that have ended.
func reportedUntil(t *testing.T, s *Beers, b *beer, end time.Time) (events []Event, summaries map[int][]byte) {
	t.Helper()
	summaries = map[int][]byte{}
	for at := begin; at.Before(end); at = at.Add(15 * time.Minute) {
		b.changed = true
		out := run(t, s, at)
		for _, payload := range out.Events {
			var e Event
			require.NoError(t, json.Unmarshal(payload, &e))
			events = append(events, e)
		}
		for _, e := range out.Ended {
			summaries[e.Number] = e.Payload
		}
	}
	return events, summaries
}

// stay adds rows of one gravity, and returns the time of the last.
func (b *beer) stay(from time.Time, gravity float64, length time.Duration) time.Time {
	at := from
	for at.Before(from.Add(length)) {
		at = at.Add(15 * time.Minute)
		b.analysis.Add(batch.Row{At: at, Gravity: ptr(gravity), Temperature: ptr(19.0)})
	}
	return at
}

// That a beer is another one, water or none shows hours after it has become so, when the disturbance has been reported.
func TestTheEndOfABatchIsReportedAlthoughItIsFoundLate(t *testing.T) {
	for name, c := range map[string]struct {
		days float64
		then func(b *beer, end time.Time) time.Time
		want []string
	}{
		"new wort straight after the beer": {12, func(b *beer, end time.Time) time.Time {
			return b.brew(end.Add(15*time.Minute), 1.060, 1.012, 12)
		}, []string{"1 started", "1 slowing", "1 complete", "1 disturbed", "1 ended", "2 started", "2 slowing", "2 complete"}},
		"rinsed and put into water": {12, func(b *beer, end time.Time) time.Time {
			return b.stay(end, 1.0005, 48*time.Hour)
		}, []string{"1 started", "1 slowing", "1 complete", "1 disturbed", "1 ended"}},
		"taken out while it ferments": {3, func(b *beer, end time.Time) time.Time {
			return b.stay(end, 0, 48*time.Hour)
		}, []string{"1 started", "1 slowing", "1 disturbed", "1 ended"}},
		"wort after two days on the bench": {0, func(b *beer, end time.Time) time.Time {
			return b.brew(b.stay(begin, 1.065, 48*time.Hour).Add(15*time.Minute), 1.080, 1.015, 12)
		}, []string{"1 started", "2 started", "2 slowing", "2 complete"}},
		"lighter wort after six days on the bench": {0, func(b *beer, end time.Time) time.Time {
			return b.brew(b.stay(begin, 1.075, 154*time.Hour).Add(15*time.Minute), 1.060, 1.012, 12)
		}, []string{"1 started", "2 started", "2 slowing", "2 complete"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Options{})
			b := followed(s)
			run(t, s, begin)
			end := begin
			if c.days > 0 {
				end = b.brew(begin, 1.052, 1.011, c.days)
			}
			end = c.then(b, end)
			var got []string
			events, summaries := reportedUntil(t, s, b, end)
			for _, e := range events {
				got = append(got, fmt.Sprint(*e.Number, " ", e.Kind))
			}
			assert.Equal(t, c.want, got)

			again := New(Options{})
			again.RestoreAll(map[device.Ref][]byte{pill: b.payload}, map[device.Ref]map[int][]byte{pill: summaries}, end)
			r := followed(again)
			r.analysis, r.changed = b.analysis, true
			assert.Empty(t, kinds(t, run(t, again, end).Events), "after a restart")
		})
	}
}

// What was before the bridge's first start is not reported, also when it is found after that.
func TestTheEndOfABatchBeforeTheBridgeIsNotReported(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	end := b.brew(begin, 1.052, 1.011, 12)
	out := b.stay(end, 0, 2*time.Hour)
	assert.Empty(t, kinds(t, run(t, s, out).Events))
	b.stay(out, 0, 24*time.Hour)
	events, _ := reportedUntil(t, s, b, out.Add(24*time.Hour))
	assert.Empty(t, events)
}

// A month after an ale has ended the rows begin in the middle of it: what is left looks like a batch.
func TestTheRestOfAnEarlierBatchIsNoBatch(t *testing.T) {
	const day = 24 * time.Hour
	for name, out := range map[string]time.Duration{"taken out": 14 * day, "left in the fermenter": 100 * day} {
		t.Run(name, func(t *testing.T) {
			feed := func(b *beer, from, to time.Time) {
				for at := begin; at.Before(to); at = at.Add(15 * time.Minute) {
					if at.Before(from) {
						continue
					}
					gravity := 1.011 + 0.041/(1+math.Exp((max(0, at.Sub(begin).Hours()-12)-36)/9))
					if at.Sub(begin) >= out {
						gravity = 0
					}
					b.analysis.Add(batch.Row{At: at, Gravity: ptr(gravity), Temperature: ptr(19.0)})
				}
				b.changed = true
			}
			s := New(Options{History: true, Days: 30})
			b := followed(s)
			run(t, s, begin)
			summaries := map[int][]byte{}
			for at := begin; at.Before(begin.Add(20 * day)); at = at.Add(time.Hour) {
				feed(b, at.Add(-2*time.Hour), at)
				for _, e := range run(t, s, at).Ended {
					summaries[e.Number] = e.Payload
				}
			}
			require.Len(t, summaries, 1)
			for hours := 30 * 24; hours < 34*24; hours += 7 {
				now := begin.Add(time.Duration(hours) * time.Hour)
				again := New(Options{History: true, Days: 30})
				again.RestoreAll(map[device.Ref][]byte{pill: b.payload}, map[device.Ref]map[int][]byte{pill: summaries}, now)
				c := followed(again)
				c.from, c.to = now.AddDate(0, 0, -30), now
				feed(c, c.from, now)
				found := run(t, again, now)
				assert.Empty(t, kinds(t, found.Events), "%d hours", hours)
				assert.Empty(t, found.Ended, "%d hours", hours)
				assert.Nil(t, read(t, c.payload).Number, "%d hours", hours)
			}
		})
	}
}

// A Pill that is put into the beer when most of it has fermented shows no original gravity, and an end all the same.
func TestABeerOfWhichTheWortWasNotSeenIsComplete(t *testing.T) {
	s := New(Options{})
	b := followed(s)
	run(t, s, begin)
	at := begin
	for h := 0.0; h < 9*24; h += 0.25 {
		at = at.Add(15 * time.Minute)
		b.analysis.Add(batch.Row{At: at, Gravity: ptr(1.011 + 0.041/(1+math.Exp((h+8)/9))), Temperature: ptr(19.0)})
	}
	var got []string
	events, _ := reportedUntil(t, s, b, at)
	for _, e := range events {
		got = append(got, e.Kind)
	}
	assert.Equal(t, []string{"started", "slowing", "complete"}, got)
	assert.Nil(t, read(t, b.payload).Original)
}
