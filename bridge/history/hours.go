package history

import (
	"math"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// maxSamples bounds the rows of a device that wait for their hours to be complete; the oldest go.
const maxSamples = 20_000

// Hour is the mean, the least and the greatest of a device's values in one hour, by key.
type Hour struct {
	Ref    device.Ref
	Start  time.Time // a full hour in UTC
	Values map[string]Statistic
}

// Statistic is of one value in one hour. Mean is weighted by time: a value holds until the next row.
type Statistic struct{ Mean, Min, Max float64 }

// Hours makes hours of rows, which may come in any order. It is for one goroutine.
type Hours struct {
	devices map[device.Ref]*samples
}

// samples are a device's rows of hours that are not made yet, and of those before them.
type samples struct {
	keys []string // of the values, in their order
	rows []sample // in the order of their times
	made map[int64]bool
}

type sample struct {
	at     time.Time
	floor  time.Duration
	values []float64 // NaN for none
}

// NewHours has no rows yet.
func NewHours() *Hours { return &Hours{devices: map[device.Ref]*samples{}} }

// Add takes a row. One of an hour that was made already is of no use.
func (h *Hours) Add(ref device.Ref, row device.Telemetry) {
	s := h.devices[ref]
	if s == nil {
		s = &samples{made: map[int64]bool{}}
		h.devices[ref] = s
	}
	i, there := slices.BinarySearchFunc(s.rows, row.At, func(x sample, at time.Time) int { return x.at.Compare(at) })
	if there || s.made[hourOf(row.At).Unix()] {
		return
	}
	s.rows = slices.Insert(s.rows, i, sample{at: row.At, floor: row.Floor(), values: s.values(row)})
	if len(s.rows) > maxSamples {
		s.rows = s.rows[len(s.rows)-maxSamples:]
	}
}

// values are the numbers of a row in the order of the keys.
func (s *samples) values(row device.Telemetry) []float64 {
	out := slices.Repeat([]float64{math.NaN()}, len(s.keys))
	for key, n := range row.Numbers {
		i := slices.Index(s.keys, key)
		if i < 0 {
			i = len(s.keys)
			s.keys, out = append(s.keys, key), append(out, 0)
		}
		out[i] = n
	}
	return out
}

// value is the value of the ith key; false for none.
func (x sample) value(i int) (float64, bool) {
	if i >= len(x.values) || math.IsNaN(x.values[i]) {
		return 0, false
	}
	return x.values[i], true
}

// Remove forgets a device.
func (h *Hours) Remove(ref device.Ref) { delete(h.devices, ref) }

// Made returns the hours of a device that are complete. open reports whether rows may be missing between two moments;
// interval is from row to row, 0 while unknown.
func (h *Hours) Made(ref device.Ref, interval time.Duration, open func(from, to time.Time) bool) []Hour {
	s := h.devices[ref]
	if s == nil {
		return nil
	}
	var out []Hour
	seen := time.Time{}
	for i := range s.rows {
		// A row matters to its own hour, and to the next ones until it is too old.
		for start := hourOf(s.rows[i].at); i+1 == len(s.rows) || start.Before(s.rows[i+1].at); start = start.Add(time.Hour) {
			holds := max(s.rows[i].floor, 3*interval)
			if start.Sub(s.rows[i].at) >= holds {
				break
			}
			if !start.After(seen) || s.made[start.Unix()] {
				continue
			}
			seen = start
			if open(s.begins(i, start, holds), start.Add(time.Hour)) {
				continue
			}
			if hour, ok := s.hour(start, holds); ok {
				hour.Ref = ref
				out = append(out, hour)
			}
			s.made[start.Unix()] = true
		}
	}
	s.forget()
	return out
}

// begins is from when on rows matter to an hour of which the ith row is the first or the one before: from the row that holds
// into it, since whatever is missing before that one changes nothing.
func (s *samples) begins(i int, start time.Time, holds time.Duration) time.Time {
	from := start.Add(-holds)
	if s.rows[i].at.After(start) {
		i--
	}
	if i < 0 {
		return from
	}
	return times.Latest(from, s.rows[i].at)
}

// hour works an hour out as Home Assistant does from states: each value holds until the next one, the one before the hour
// into it. A value that is older than holds counts no longer. false where the rows before the hour are not known, so
// that its beginning may be missing.
func (s *samples) hour(start time.Time, holds time.Duration) (Hour, bool) {
	end := start.Add(time.Hour)
	i, _ := slices.BinarySearchFunc(s.rows, start, func(x sample, at time.Time) int { return x.at.Compare(at) })
	if i < len(s.rows) && s.rows[i].at.Equal(start) {
		i++
	}
	if i == 0 || start.Sub(s.rows[i-1].at) >= holds {
		return Hour{}, false
	}
	rows := s.rows[i-1:]
	to, _ := slices.BinarySearchFunc(rows, end, func(x sample, at time.Time) int { return x.at.Compare(at) })
	rows = rows[:to]
	out := Hour{Start: start, Values: map[string]Statistic{}}
	for i, key := range s.keys {
		if v, ok := weigh(rows, i, start, end, holds); ok {
			out.Values[key] = v
		}
	}
	return out, len(out.Values) > 0
}

// weigh is the statistic of the value with that index.
func weigh(rows []sample, key int, start, end time.Time, holds time.Duration) (v Statistic, ok bool) {
	var sum, covered float64
	for i, r := range rows {
		n, known := r.value(key)
		if !known {
			continue
		}
		from, to := times.Latest(r.at, start), end
		if i+1 < len(rows) {
			to = rows[i+1].at
		}
		if limit := r.at.Add(holds); limit.Before(to) {
			to = limit
		}
		if !to.After(from) {
			continue
		}
		if !ok {
			v.Min, v.Max, ok = n, n, true
		}
		v.Min, v.Max = min(v.Min, n), max(v.Max, n)
		sum += n * to.Sub(from).Seconds()
		covered += to.Sub(from).Seconds()
	}
	if !ok {
		return v, false
	}
	v.Mean = min(max(sum/covered, v.Min), v.Max)
	return v, true
}

// forget drops the rows that no hour needs any more: those before the newest row of the last hour that was made, where
// all before it are.
func (s *samples) forget() {
	keep := 0
	for keep+1 < len(s.rows) && s.made[hourOf(s.rows[keep].at).Unix()] && s.made[hourOf(s.rows[keep+1].at).Unix()] {
		keep++
	}
	if keep > 0 {
		s.rows = slices.Clone(s.rows[keep:])
	}
}

func hourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }
