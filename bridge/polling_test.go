package bridge

import (
	"context"
	"encoding/json"
	goflag "flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var (
	tableFile = goflag.String("table", "", "file to write the table of BenchmarkPolling to")
	chartFile = goflag.String("chart", "", "file to write the chart of BenchmarkPolling to")
)

// pollingBrewery is what the polling policies are compared on: reports with jitter, some of them lost, on rhythms from
// a minute to an hour.
func pollingBrewery() []raptsim.DeviceSpec {
	spec := func(family, name string, every time.Duration, jitter float64) raptsim.DeviceSpec {
		return raptsim.DeviceSpec{Family: family, Name: name, ReportEvery: every, Jitter: jitter, Miss: 0.02, TimeDigits: 7}
	}
	brewDay := spec(raptsim.BrewZilla, "BrewZilla", time.Minute, 0.05)
	brewDay.Values = map[string]any{"heatingEnabled": true, "heatingUtilisation": 100.0}
	return []raptsim.DeviceSpec{
		spec(raptsim.Hydrometer, "Pill 15", 15*time.Minute, 0.01),
		spec(raptsim.Hydrometer, "Pill 60", time.Hour, 0.01),
		spec(raptsim.TemperatureController, "Controller 1", time.Minute, 0.05),
		spec(raptsim.TemperatureController, "Controller 5", 5*time.Minute, 0.01),
		spec(raptsim.TemperatureController, "Controller 15", 15*time.Minute, 0.01),
		brewDay,
	}
}

// virtual is a bridge driven by hand through virtual time, as its loop would, without waiting.
type virtual struct {
	b     *bridge
	cloud *raptsim.Cloud
	now   time.Time
	// published has the moments at which a device's state showed a new reading, by id.
	published map[string]map[time.Time]time.Time
}

// answerTakes is the time that the simulated cloud's answers take.
const answerTakes = 300 * time.Millisecond

func newVirtual(t testing.TB, o raptsim.Options, adapt func(*Options)) *virtual {
	t.Helper()
	v := &virtual{now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), published: map[string]map[time.Time]time.Time{}}
	start := v.now
	o.Now, o.Latency = func() time.Time { return v.now }, &raptsim.Latency{}
	v.cloud = raptsim.New(o)
	options := Options{
		RAPT:      raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: v.cloud.Transport()},
		Discovery: true, Wall: func() time.Time { return v.now },
	}
	if adapt != nil {
		adapt(&options)
	}
	b, err := newBridge(options)
	require.NoError(t, err)
	b.clock.elapsed = func() time.Duration { return v.now.Sub(start) }
	b.mqtt.conn = &broker.Connection{EndRestore: func() {}}
	v.b = b
	b.connected()
	unused := testKey.Unused(start)
	b.mqtt.restore.requests = &unused // it has been running before
	b.endRestore()
	return v
}

// run lets so much time pass.
func (v *virtual) run(ctx context.Context, d time.Duration) {
	end := v.now.Add(d)
	for v.now.Before(end) {
		wait := v.b.step(ctx)
		v.drain()
		if v.b.account.calling == nil {
			v.now = v.now.Add(max(wait, time.Millisecond))
			continue
		}
		c := <-v.b.account.worker.calls
		done := make(chan *call, 1)
		v.now = v.now.Add(answerTakes)
		go func() {
			v.b.account.worker.carryOut(c)
			done <- c
		}()
		for waiting := true; waiting; {
			select {
			case r := <-v.b.account.worker.permits:
				v.b.authorize(r)
				v.drain()
			case r := <-done:
				v.b.finish(r)
				waiting = false
			}
		}
		v.drain()
	}
}

// drain takes what the bridge publishes.
func (v *virtual) drain() {
	for {
		p, ok := v.b.mqtt.outbox.Next()
		if !ok {
			return
		}
		v.b.mqtt.outbox.Sent()
		if p.OnAcked != nil {
			p.OnAcked(true)
		}
		_, id, ok := v.b.mqtt.topics.ParseState(p.Topic)
		if !ok || len(p.Payload) == 0 {
			continue
		}
		var doc struct {
			LastActivity time.Time `json:"last_activity"`
		}
		if json.Unmarshal(p.Payload, &doc) != nil || doc.LastActivity.IsZero() {
			continue
		}
		if v.published[id] == nil {
			v.published[id] = map[time.Time]time.Time{}
		}
		if _, seen := v.published[id][doc.LastActivity]; !seen {
			v.published[id][doc.LastActivity] = v.now
		}
	}
}

// quality is how a policy did.
type quality struct {
	policy                 string
	all, slow              []time.Duration // from visible to published; slow: of devices that report less often than every 2 minutes
	readings, missed       int
	requests               int
	aloneAsked, aloneFresh int // requests and new readings of the BrewZilla, alone in its family
	hours                  float64
}

func mean(d []time.Duration) float64 {
	sum := 0.0
	for _, x := range d {
		sum += x.Seconds()
	}
	return sum / float64(max(1, len(d)))
}

func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Clone(d)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Seconds()
}

// followed measures the bridge's own policy after it has run for warm and then a day.
func followed(t testing.TB, seed uint64, warm, day time.Duration) (quality, *virtual) {
	v := newVirtual(t, raptsim.Options{Devices: pollingBrewery(), Seed: seed, OneBatch: true}, nil)
	v.run(context.Background(), warm)
	from := v.now
	before := len(v.cloud.Requests())
	v.run(context.Background(), day)
	q := quality{policy: "rapt-bridge", hours: day.Hours(), requests: len(v.cloud.Requests()) - before}
	for _, d := range v.cloud.Devices() {
		fresh := 0
		for _, r := range v.cloud.Reports(d.ID) {
			if r.VisibleAt.Before(from) || r.VisibleAt.After(v.now.Add(-5*time.Minute)) {
				continue
			}
			q.readings++
			at, ok := v.published[d.ID][r.At.UTC().Truncate(time.Second)]
			if !ok {
				q.missed++
				continue
			}
			fresh++
			q.add(d, at.Sub(r.VisibleAt))
		}
		if d.Family == raptsim.BrewZilla {
			asked := 0
			for _, r := range v.cloud.Requests()[before:] {
				if strings.HasPrefix(r.Path, "/api/BrewZillas") {
					asked++
				}
			}
			q.aloneAsked, q.aloneFresh = asked, fresh
		}
	}
	return q, v
}

func (q *quality) add(d raptsim.Info, stale time.Duration) {
	stale = max(0, stale)
	q.all = append(q.all, stale)
	if !strings.HasSuffix(d.Name, " 1") && d.Family != raptsim.BrewZilla {
		q.slow = append(q.slow, stale)
	}
}

// fixed measures a clock that asks so many lists every interval, one after the other, on the same reports.
func fixed(v *virtual, from, to time.Time, interval time.Duration, lists int) quality {
	q := quality{policy: fmt.Sprintf("every %.0f s, %d lists", interval.Seconds(), lists), hours: to.Sub(from).Hours()}
	q.requests = int(to.Sub(from)/interval)*lists + int(to.Sub(from)/time.Hour)
	for _, d := range v.cloud.Devices() {
		place := slices.Index(discovery.Families(), discovery.Family(d.Family))
		var last time.Time
		for _, r := range slices.Backward(v.cloud.Reports(d.ID)) {
			if r.VisibleAt.Before(from) || r.VisibleAt.After(to.Add(-5*time.Minute)) {
				continue
			}
			q.readings++
			offset := time.Duration(place) * answerTakes
			asked := from.Add(r.VisibleAt.Sub(from.Add(offset)).Truncate(interval) + interval + offset)
			if asked.Equal(last) { // a newer reading is shown by then
				q.missed++
				continue
			}
			last = asked
			q.add(d, asked.Sub(r.VisibleAt))
		}
	}
	return q
}

// BenchmarkPolling compares the bridge's polling with fixed clocks on the same five simulated days: six devices on rhythms
// from one minute to an hour, jitter of 1 to 5 %, 2 % of the reports lost, 1 to 5 s until the cloud shows a reading.
// Staleness is the time from a reading being visible in the cloud to its state published.
func BenchmarkPolling(b *testing.B) {
	const warm, day, days = 6 * time.Hour, 24 * time.Hour, 5
	var rows []quality
	for range b.N {
		rows = nil
		for seed := range uint64(days) {
			own, v := followed(b, seed+1, warm, day)
			rows = merge(rows, 0, own)
			i := 1
			for _, lists := range []int{6, 8} {
				for _, seconds := range []int{60, 300, 600, 900} {
					rows = merge(rows, i, fixed(v, v.now.Add(-day), v.now, time.Duration(seconds)*time.Second, lists))
					i++
				}
			}
		}
	}
	own, every300 := rows[0], rows[6]
	b.ReportMetric(mean(own.all), "mean-stale-s")
	b.ReportMetric(quantile(own.slow, .9), "p90-stale-slow-s")
	b.ReportMetric(own.perHour(), "requests/h")
	b.ReportMetric(float64(own.aloneAsked)/float64(own.aloneFresh), "requests/reading-alone")
	b.ReportMetric(mean(every300.all)/mean(own.all), "times-fresher-than-300s")
	b.ReportMetric(own.perHour()/every300.perHour(), "requests-of-300s")
	if *tableFile != "" {
		require.NoError(b, os.WriteFile(*tableFile, []byte(qualityTable(rows)), 0o644))
	}
	if *chartFile != "" {
		require.NoError(b, os.WriteFile(*chartFile, []byte(qualityChart(rows)), 0o644))
	}
	b.Logf("\n%s", qualityTable(rows))
}

func (q *quality) perHour() float64 { return float64(q.requests) / q.hours }

// merge adds a day to a policy's row.
func merge(rows []quality, i int, day quality) []quality {
	if i == len(rows) {
		return append(rows, day)
	}
	q := &rows[i]
	q.all, q.slow = append(q.all, day.all...), append(q.slow, day.slow...)
	q.readings, q.missed, q.requests, q.hours = q.readings+day.readings, q.missed+day.missed, q.requests+day.requests, q.hours+day.hours
	q.aloneAsked, q.aloneFresh = q.aloneAsked+day.aloneAsked, q.aloneFresh+day.aloneFresh
	return rows
}

func qualityTable(rows []quality) string {
	var table strings.Builder
	table.WriteString("| Policy | Mean, s | Median, s | p90, s | p90 of devices slower than 2 min, s | Requests per hour | Requests per new reading | Readings missed |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n")
	for _, q := range rows {
		fmt.Fprintf(&table, "| %s | %.1f | %.1f | %.1f | %.1f | %.0f | %.2f | %.1f %% |\n", q.policy, mean(q.all), quantile(q.all, .5), quantile(q.all, .9), quantile(q.slow, .9),
			q.perHour(), float64(q.requests)/float64(max(1, len(q.all))), 100*float64(q.missed)/float64(max(1, q.readings)))
	}
	return table.String()
}

// qualityChart draws each policy as a point: requests per hour against mean staleness, both logarithmic.
func qualityChart(rows []quality) string {
	const width, height, left, bottom = 640, 400, 70, 50
	x := func(perHour float64) float64 { return left + (width-left-20)*math.Log(perHour/20)/math.Log(600.0/20) }
	y := func(stale float64) float64 { return 20 + (height-bottom-20)*math.Log(400/stale)/math.Log(400.0/8) }
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="Mean age of readings against requests per hour">`+"\n", width, height)
	svg.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	for _, v := range []float64{25, 50, 100, 200, 400} {
		fmt.Fprintf(&svg, `<line x1="%.0f" y1="20" x2="%.0f" y2="%d" stroke="#ddd"/><text x="%.0f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x(v), x(v), height-bottom, x(v), height-bottom+18, v)
	}
	for _, v := range []float64{10, 20, 50, 100, 200, 300} {
		fmt.Fprintf(&svg, `<line x1="%d" y1="%.0f" x2="%d" y2="%.0f" stroke="#ddd"/><text x="%d" y="%.0f" text-anchor="end">%.0f s</text>`+"\n", left, y(v), width-20, y(v), left-6, y(v)+4, v)
	}
	fmt.Fprintf(&svg, `<text x="%d" y="%d" text-anchor="middle">requests per hour (fewer is quieter)</text>`+"\n", (width+left)/2, height-10)
	fmt.Fprintf(&svg, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">mean staleness (lower is fresher)</text>`+"\n", (height-bottom)/2)
	for i, q := range rows {
		colour, radius := "#888", 4
		if i == 0 {
			colour, radius = "#b35900", 7
		}
		fmt.Fprintf(&svg, `<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"/><text x="%.1f" y="%.1f" fill="%s" text-anchor="%s">%s</text>`+"\n", x(q.perHour()), y(mean(q.all)), radius, colour,
			x(q.perHour())+map[bool]float64{true: -9, false: 9}[q.perHour() > 300], y(mean(q.all))+map[bool]float64{true: -7, false: 12}[strings.Contains(q.policy, "6 lists")], colour, map[bool]string{true: "end", false: "start"}[q.perHour() > 300], q.policy)
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}
