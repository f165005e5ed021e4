package diagnose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// About is the first line of the file.
const About = "Anonymous facts on how RAPT devices report and how the RAPT Cloud answers: no names, ids, addresses, places, readings or times of day. Times are in seconds."

type document struct {
	About   string `json:"about"`
	Program struct {
		Version string `json:"version"`
		Source  string `json:"source"`
	} `json:"program"`
	Devices   []deviceDocument   `json:"devices"`
	Endpoints []endpointDocument `json:"endpoints"`
	Answers   []answerDocument   `json:"answers"`
	RateLimit *limitDocument     `json:"rate_limit"`
	Clock     *Spread            `json:"cloud_clock_ahead"`
}

type deviceDocument struct {
	Family    string   `json:"family"`
	Number    int      `json:"number"`
	Frequency *float64 `json:"telemetry_frequency"`
	Reports   int      `json:"reports"`
	Repeated  int      `json:"same_time_again"`
	Resent    int      `json:"same_values_again"`
	Keyless   int      `json:"without_row_key"`
	Spread    *Spread  `json:"interval"`
	Intervals string   `json:"intervals"` // in their order, with blanks between them
	Lag       *Spread  `json:"lag_at_most"`
	NotYet    *Spread  `json:"lag_at_least"`
}

type endpointDocument struct {
	Endpoint string            `json:"endpoint"`
	Order    map[string]int    `json:"order_of_rows,omitempty"`
	Fields   map[string]string `json:"fields"` // which kinds of values, and how often
}

type answerDocument struct {
	Endpoint string  `json:"endpoint"`
	Status   int     `json:"status"`
	Problem  string  `json:"problem,omitempty"`
	Count    int     `json:"count"`
	Took     *Spread `json:"took"`
}

type limitDocument struct {
	Answers    int     `json:"answers_with_it"`
	Least      int     `json:"least_remaining"`
	Most       int     `json:"most_remaining"`
	ResetIn    *Spread `json:"reset_in"`
	RetryAfter *Spread `json:"retry_after"`
}

// JSON is the record as a file. The same facts give the same bytes.
func (r *Record) JSON() []byte {
	d := document{About: About, Devices: []deviceDocument{}, Endpoints: []endpointDocument{}, Answers: []answerDocument{}, Clock: spreadOf(r.clock)}
	d.Program.Version, d.Program.Source = r.version, r.source
	for _, one := range r.order {
		d.Devices = append(d.Devices, one.document())
	}
	for _, endpoint := range slices.Sorted(maps.Keys(r.shapes)) {
		s := r.shapes[endpoint]
		fields := make(map[string]string, len(s.fields))
		for at, kinds := range s.fields {
			var all []string
			for _, kind := range slices.Sorted(maps.Keys(kinds)) {
				all = append(all, fmt.Sprintf("%s: %d", kind, kinds[kind]))
			}
			fields[at] = strings.Join(all, ", ")
		}
		d.Endpoints = append(d.Endpoints, endpointDocument{endpoint, s.order, fields})
	}
	for key, a := range r.answers {
		d.Answers = append(d.Answers, answerDocument{key.endpoint, key.status, key.problem, a.count, spreadOf(a.took)})
	}
	slices.SortFunc(d.Answers, func(a, b answerDocument) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Problem, b.Problem))
	})
	if l := r.limit; l.seen > 0 || len(l.resetIn) > 0 || len(l.retryAfter) > 0 {
		d.RateLimit = &limitDocument{l.seen, l.least, l.most, spreadOf(l.resetIn), spreadOf(l.retryAfter)}
	}
	out, _ := json.MarshalIndent(d, "", " ") // numbers are finite and names are texts
	return append(out, '\n')
}

func (d *deviceRecord) document() deviceDocument {
	out := deviceDocument{
		Family: string(d.family), Number: d.number, Reports: d.reports, Repeated: d.repeated, Resent: d.resent, Keyless: d.keyless,
	}
	intervals := d.intervals()
	out.Intervals = strings.Trim(fmt.Sprint(intervals), "[]")
	if d.frequency.Valid {
		out.Frequency = &d.frequency.V
	}
	out.Spread = spreadOf(intervals)
	var seen, before []float64
	for _, l := range d.lags {
		seen = append(seen, l.seen)
		if l.before.Valid {
			before = append(before, l.before.V)
		}
	}
	out.Lag, out.NotYet = spreadOf(seen), spreadOf(before)
	return out
}

// intervals are the times between reports, in their order.
func (d *deviceRecord) intervals() []float64 {
	out := []float64{}
	times := slices.SortedFunc(slices.Values(d.times), time.Time.Compare)
	for i := 1; i < len(times); i++ {
		if apart := times[i].Sub(times[i-1]); apart > 0 {
			out = append(out, tenth(apart.Seconds()))
		}
	}
	return out
}
