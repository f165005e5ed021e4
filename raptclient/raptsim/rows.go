package raptsim

import (
	"math"
	"strconv"
	"time"
)

// rows keeps the readings of a device, oldest first, as numbers without the state around them: some 130 bytes a row.
type rows struct {
	limit   int
	columns []func(*state) *float64
	pages   []*page
	dropped int          // rows that were there before the first one
	runs    []profileRun // profiles that ran during a row, each once
}

// page is a part of the rows.
type page struct {
	at, visible []int64   // Unix time in nanoseconds
	values      []float64 // one for each column, row after row
	runs        []int32   // index of the profile that ran, -1 for none
	steps       []int32
	counted     []int64
}

const pageRows = 512

// newRows keeps the columns that the family's rows have.
func newRows(limit int, shown []*field, fam *familyRow) rows {
	r := rows{limit: limit}
	for _, f := range shown {
		if f.num != nil && f.inRow(fam.bit) {
			r.columns = append(r.columns, f.num)
		}
	}
	if fam.bit == inCanFiller {
		r.columns = append(r.columns,
			func(s *state) *float64 { return &s.temperature },
			func(s *state) *float64 { return &s.fillTime },
			func(s *state) *float64 { return &s.fills },
			func(s *state) *float64 { return &s.failedFills },
			func(s *state) *float64 { return &s.session.fills },
			func(s *state) *float64 { return &s.session.failed },
		)
	}
	return r
}

func (r *rows) len() int {
	if len(r.pages) == 0 {
		return 0
	}
	return (len(r.pages)-1)*pageRows + len(r.pages[len(r.pages)-1].at)
}

// number counts the rows since the device was made.
func (r *rows) number(i int) int { return r.dropped + i }

func (r *rows) add(x sent) {
	if n := len(r.pages); n == 0 || len(r.pages[n-1].at) == pageRows {
		if r.len() >= r.limit+pageRows {
			r.pages = append(r.pages[:0:0], r.pages[1:]...)
			r.dropped += pageRows
		}
		r.pages = append(r.pages, &page{})
	}
	p := r.pages[len(r.pages)-1]
	p.at, p.visible = append(p.at, x.at.UnixNano()), append(p.visible, x.visible.UnixNano())
	for _, column := range r.columns {
		p.values = append(p.values, *column(&x.s))
	}
	p.runs = append(p.runs, r.run(&x.s.run))
	p.steps, p.counted = append(p.steps, int32(x.s.run.step)), append(p.counted, int64(x.s.run.counted))
}

// run is the index of a profile in progress; it is the last one or a new one.
func (r *rows) run(run *profileRun) int32 {
	if !run.on {
		return -1
	}
	last := len(r.runs) - 1
	if last < 0 || r.runs[last].started != run.started || r.runs[last].profile != run.profile {
		r.runs = append(r.runs, *run)
		last++
	}
	return int32(last)
}

func (r *rows) page(i int) (*page, int) { return r.pages[i/pageRows], i % pageRows }

func (r *rows) at(i int) time.Time {
	p, j := r.page(i)
	return time.Unix(0, p.at[j])
}

func (r *rows) visible(i int) time.Time {
	p, j := r.page(i)
	return time.Unix(0, p.visible[j])
}

func (r *rows) inSession(i int, is func(*profileRun) bool) bool {
	p, j := r.page(i)
	return p.runs[j] >= 0 && is(&r.runs[p.runs[j]])
}

// row is a reading with what a row of telemetry has of it.
func (r *rows) row(i int) sent {
	p, j := r.page(i)
	out := sent{at: time.Unix(0, p.at[j]), visible: time.Unix(0, p.visible[j])}
	for k, column := range r.columns {
		*column(&out.s) = p.values[j*len(r.columns)+k]
	}
	if p.runs[j] >= 0 {
		out.s.run = r.runs[p.runs[j]]
		out.s.run.step, out.s.run.counted = int(p.steps[j]), time.Duration(p.counted[j])
	}
	return out
}

// rowKey is the key of a row: the newer, the smaller, so that a store which sorts by it has the newest first.
func rowKey(at time.Time) string { return strconv.FormatInt(math.MaxInt64-at.UnixNano(), 10) }
