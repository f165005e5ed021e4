package bridge

import (
	"context"
	goflag "flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

var (
	tableFile = goflag.String("table", "", "file to write the table of BenchmarkPolling to")
	chartFile = goflag.String("chart", "", "file to write the chart of BenchmarkPolling to")
)

// kind is a kind of simulated day.
type kind struct {
	measured bool // the devices report as real ones were measured to, not with a jitter of 1 to 5 % and 2 % of the reports lost
	cold     bool // no kettle is hot
}

// pollingBrewery is what the polling policies are compared on: rhythms from a minute to an hour.
func pollingBrewery(k kind) []raptsim.DeviceSpec {
	spec := func(family, name string, every time.Duration, jitter float64) raptsim.DeviceSpec {
		d := raptsim.DeviceSpec{Family: family, Name: name, ReportEvery: every, Jitter: jitter, Miss: 0.02, TimeDigits: 7}
		if k.measured {
			d.Reporting, d.Jitter, d.Miss = raptsim.Measured, 0, 0
		}
		return d
	}
	kettle := spec(raptsim.BrewZilla, "BrewZilla", time.Minute, 0.05)
	kettle.Values = map[string]any{"heatingEnabled": !k.cold, "heatingUtilisation": 100.0}
	return []raptsim.DeviceSpec{
		spec(raptsim.Hydrometer, "Pill 15", 15*time.Minute, 0.01),
		spec(raptsim.Hydrometer, "Pill 60", time.Hour, 0.01),
		spec(raptsim.TemperatureController, "Controller 1", time.Minute, 0.05),
		spec(raptsim.TemperatureController, "Controller 5", 5*time.Minute, 0.01),
		spec(raptsim.TemperatureController, "Controller 15", 15*time.Minute, 0.01),
		kettle,
	}
}

// aloneBrewery has one device in each family, on the rhythms of which every reading is followed.
func aloneBrewery(k kind) []raptsim.DeviceSpec {
	all := pollingBrewery(k)
	chamber := all[3]
	chamber.Family, chamber.Name = raptsim.FermentationChamber, "Chamber 5"
	return []raptsim.DeviceSpec{all[0], chamber, all[5]}
}

// alone are its devices with their families in the API's paths.
var alone = []struct{ family, device string }{{"Hydrometers", "Pill 15"}, {"FermentationChambers", "Chamber 5"}, {"BrewZillas", "BrewZilla"}}

// quality is how a policy did.
type quality struct {
	policy           string
	all, slow        []time.Duration // from visible to published; slow: of devices that report less often than every 2 minutes
	readings, missed int
	requests         int
	history          int // requests for missed readings, which are counted apart: no policy of polling has them
	hours            float64
	families         map[string]int             // requests by the family's name in the API's paths
	devices          map[string][]time.Duration // as all, by the device's name
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
func followed(t testing.TB, devices []raptsim.DeviceSpec, seed uint64, warm, day time.Duration) (quality, *virtual) {
	v := newVirtual(t, raptsim.Options{Devices: devices, Seed: seed, OneBatch: true}, withHistory(0))
	v.run(context.Background(), warm)
	from := v.now
	before := len(v.cloud.Requests())
	v.run(context.Background(), day)
	return v.quality(from, before), v
}

// quality measures what was published of the reports that became visible since from. before is how many requests had been
// made by then.
func (v *virtual) quality(from time.Time, before int) quality {
	q := newQuality("rapt-bridge", v.now.Sub(from))
	q.requests = len(v.cloud.Requests()) - before
	for _, r := range v.cloud.Requests()[before:] {
		if strings.HasSuffix(r.Path, "/GetTelemetry") {
			q.history++
			q.requests--
			continue
		}
		family, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/"), "/")
		q.families[family]++
	}
	for _, d := range v.cloud.Devices() {
		reports := v.cloud.Reports(d.ID)
		for i, r := range reports {
			if r.Repeated || r.VisibleAt.Before(from) || r.VisibleAt.After(v.now.Add(-5*time.Minute)) {
				continue
			}
			q.readings++
			at, ok := v.published[d.ID][r.At.UTC().Truncate(time.Second)]
			if !ok && i+1 < len(reports) && reports[i+1].Repeated { // it has come with the time of its repetition
				at, ok = v.published[d.ID][reports[i+1].At.UTC().Truncate(time.Second)]
			}
			if !ok {
				q.missed++
				continue
			}
			q.add(d, at.Sub(r.VisibleAt))
		}
	}
	return q
}

func newQuality(policy string, span time.Duration) quality {
	return quality{policy: policy, hours: span.Hours(), families: map[string]int{}, devices: map[string][]time.Duration{}}
}

func (q *quality) add(d raptsim.Info, stale time.Duration) {
	stale = max(0, stale)
	q.all = append(q.all, stale)
	q.devices[d.Name] = append(q.devices[d.Name], stale)
	if !strings.HasSuffix(d.Name, " 1") && d.Family != raptsim.BrewZilla {
		q.slow = append(q.slow, stale)
	}
}

// fixed measures a clock that asks so many lists every interval, one after the other, on the same reports.
func fixed(v *virtual, from, to time.Time, interval time.Duration, lists int) quality {
	q := newQuality(fmt.Sprintf("every %.0f s, %d lists", interval.Seconds(), lists), to.Sub(from))
	q.requests = int(to.Sub(from)/interval)*lists + int(to.Sub(from)/time.Hour)
	for _, d := range v.cloud.Devices() {
		place := slices.Index(discovery.Families(), discovery.Family(d.Family))
		var last time.Time
		for _, r := range slices.Backward(v.cloud.Reports(d.ID)) {
			if r.Repeated || r.VisibleAt.Before(from) || r.VisibleAt.After(to.Add(-5*time.Minute)) {
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

// comparison is the policies on one kind of reporting.
type comparison struct {
	rows  []quality
	alone quality            // of the bridge, with one device in each family
	best  map[string]quality // what can be reached with those, by the device's name; nil for the hard kind
}

// compare runs the policies on the same simulated days.
func compare(t testing.TB, k kind, days int) (c comparison) {
	const warm, day = 6 * time.Hour, 24 * time.Hour
	reports := map[string][][]raptsim.Report{}
	for seed := range uint64(days) {
		own, v := followed(t, pollingBrewery(k), seed+1, warm, day)
		c.rows = merge(c.rows, 0, own)
		i := 1
		for _, lists := range []int{6, 8} {
			for _, seconds := range []int{60, 300, 600, 900} {
				c.rows = merge(c.rows, i, fixed(v, v.now.Add(-day), v.now, time.Duration(seconds)*time.Second, lists))
				i++
			}
		}
		own, v = followed(t, aloneBrewery(k), seed+1, warm, day)
		c.alone = merge([]quality{c.alone}[:min(1, int(seed))], 0, own)[0]
		for _, d := range v.cloud.Devices() {
			reports[d.Name] = append(reports[d.Name], visible(v.cloud.Reports(d.ID), v.now.Add(-day), v.now.Add(-5*time.Minute)))
		}
	}
	if k.measured {
		c.best = map[string]quality{}
		for _, d := range aloneBrewery(k) {
			c.best[d.Name] = bound(d.ReportEvery, reports[d.Name])
		}
	}
	return c
}

// perReading is the requests for a family per new reading of the device that is alone in it.
func (c *comparison) perReading(family, device string) float64 {
	return float64(c.alone.families[family]) / float64(max(1, len(c.alone.devices[device])))
}

// own is the bridge's row, six the one of six lists every 300 s.
func (c *comparison) own() *quality { return &c.rows[0] }
func (c *comparison) six() *quality { return &c.rows[2] }

// BenchmarkPolling compares the bridge's polling with fixed clocks on the same ten simulated days: six devices on rhythms
// from one minute to an hour, 1 to 5 s until the cloud shows a reading. Staleness is the time from a reading being visible
// in the cloud to its state published.
func BenchmarkPolling(b *testing.B) {
	var brewDay, cold, hard comparison
	for range b.N {
		brewDay, cold, hard = compare(b, kind{measured: true}, 10), compare(b, kind{measured: true, cold: true}, 10), compare(b, kind{}, 10)
	}
	for suffix, c := range map[string]*comparison{"": &brewDay, "-cold": &cold, "-hard": &hard} {
		own, six := c.own(), c.six()
		b.ReportMetric(mean(own.all), "mean-stale-s"+suffix)
		b.ReportMetric(mean(own.slow), "mean-stale-slow-s"+suffix)
		b.ReportMetric(quantile(own.slow, .9), "p90-stale-slow-s"+suffix)
		b.ReportMetric(own.perHour(), "requests/h"+suffix)
		b.ReportMetric(float64(own.history)/own.hours, "history-requests/h"+suffix)
		b.ReportMetric(mean(six.all)/mean(own.all), "times-fresher-than-300s"+suffix)
		b.ReportMetric(own.perHour()/six.perHour(), "requests-of-300s"+suffix)
		for _, row := range alone {
			b.ReportMetric(c.perReading(row.family, row.device), "requests/reading-of-"+strings.ReplaceAll(row.device, " ", "-")+suffix)
		}
	}
	if *tableFile != "" {
		require.NoError(b, os.WriteFile(*tableFile, []byte(pollingTables(&brewDay, &cold, &hard)), 0o644))
	}
	if *chartFile != "" {
		require.NoError(b, os.WriteFile(*chartFile, []byte(qualityChart(brewDay.rows)), 0o644))
	}
	b.Logf("\n%s", pollingTables(&brewDay, &cold, &hard))
}

func (q *quality) perHour() float64 { return float64(q.requests) / q.hours }

// merge adds a day to a policy's row.
func merge(rows []quality, i int, day quality) []quality {
	if i == len(rows) {
		return append(rows, day)
	}
	q := &rows[i]
	q.all, q.slow = append(q.all, day.all...), append(q.slow, day.slow...)
	q.history += day.history
	q.readings, q.missed, q.requests, q.hours = q.readings+day.readings, q.missed+day.missed, q.requests+day.requests, q.hours+day.hours
	for family, n := range day.families {
		q.families[family] += n
	}
	for device, d := range day.devices {
		q.devices[device] = append(q.devices[device], d...)
	}
	return rows
}
