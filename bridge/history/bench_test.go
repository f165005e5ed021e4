package history

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// BenchmarkRow compares a row's way through the history, its document and the device's position included, with the state
// document of the same reading.
func BenchmarkRow(b *testing.B) {
	rows := rowsOf(b, 20*24*time.Hour, 15*time.Minute)
	reading := readingOf(b)
	var document, row time.Duration
	for range b.N {
		h := New(Options{EveryReading: true, Pace: 4 * time.Minute})
		var buffer []byte
		start := time.Now()
		for i := range rows {
			h.Observe(pill, rows[i], Observation{Now: rows[i].At, Before: rows[i].At.Add(-time.Minute), Interval: 15 * time.Minute})
			out, _, _ := h.Next()
			buffer = out.Row.AppendJSON(buffer[:0], false)
			h.Acknowledge(true)
			h.Position(pill)
		}
		row += time.Since(start)
		start = time.Now()
		for range rows {
			buffer = reading.AppendJSON(buffer[:0], &device.Derived{})
		}
		document += time.Since(start)
	}
	b.ReportMetric(row.Seconds()/document.Seconds(), "row/document")
	b.ReportMetric(float64(row.Nanoseconds())/float64(b.N*len(rows)), "ns/row")
}

func readingOf(tb testing.TB) device.Reading {
	tb.Helper()
	cloud := raptsim.New(raptsim.Options{Latency: &raptsim.Latency{}})
	client, err := raptclient.New(raptclient.Options{
		APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: cloud.Transport(),
	})
	require.NoError(tb, err)
	list, err := device.Families()[0].List(context.Background(), client)
	require.NoError(tb, err)
	return list.Readings[0]
}

// BenchmarkPlanning is what the loop spends on planning the gaps of 1,000 devices after an outage: the longest pause of a
// run, of the run with the least, since a busy machine adds pauses of its own.
func BenchmarkPlanning(b *testing.B) {
	rows := rowsOf(b, 24*time.Hour, 15*time.Minute)
	best := time.Hour
	for range b.N {
		var longest time.Duration
		h := New(Options{EveryReading: true, Pace: 4 * time.Minute})
		now := rows[0].At
		pause := func(do func()) {
			start := time.Now()
			do()
			longest = max(longest, time.Since(start))
		}
		for _, at := range []int{0, len(rows) - 1} {
			for i := range 1000 {
				ref := device.Ref{Family: discovery.Hydrometer, ID: fmt.Sprint(i)}
				now = rows[at].At
				h.Observe(ref, rows[at], Observation{Now: now, Interval: 15 * time.Minute})
			}
			for h.Waiting() > 0 {
				pause(func() { h.Next(); h.Acknowledge(true) })
			}
		}
		for range 1000 {
			pause(func() {
				h.Due()
				r, ok := h.Request(now.Add(time.Hour))
				require.True(b, ok)
				h.Answer(r, append([]device.Telemetry(nil), rows...), now, now)
			})
			for h.Waiting() > 0 {
				pause(func() { h.Next(); h.Acknowledge(true) })
			}
		}
		best = min(best, longest)
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "longest-ms")
}
