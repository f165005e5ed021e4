package raptsim

import (
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// RowOrder is the order of the rows in an answer of GetTelemetry, of which the contract says nothing.
type RowOrder int

// The orders of rows.
const (
	OldestFirst RowOrder = iota
	NewestFirst
	Shuffled
)

// Telemetry is what the cloud keeps of its devices' readings, and how GetTelemetry answers. What the contract leaves open
// of it is set here; answers that are cut, late or replaced are faults, see [Cloud.Inject].
type Telemetry struct {
	// Past is how long the brewery has been running when the cloud is made, in brewing time: so far back there are rows.
	// The age of a batch is that at the beginning of the past, and new batches have started since unless OneBatch is set.
	Past time.Duration
	// KeepRows bounds the rows that are kept of a device: the newest 50,000 (a month of a row a minute) when zero, fewer in
	// an account of more than 40 devices.
	KeepRows int

	// RowsPerReply bounds the rows of an answer, which ends there without a word. No bound when zero.
	RowsPerReply int
	// Order is that of the rows in an answer, before it is bounded.
	Order RowOrder
	// LateBy is how much later than in a list a reading appears in GetTelemetry, in real time, and LateEvery for which rows
	// that is so: each nth; every one when zero.
	LateBy    time.Duration
	LateEvery int
	// MissingKeyEvery leaves out the rowKey of each nth row. None when zero.
	MissingKeyEvery int
	// Empty answers without rows.
	Empty bool
}

// SetTelemetry changes how GetTelemetry answers from now on. Past and KeepRows stay as they are.
func (c *Cloud) SetTelemetry(t Telemetry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Past, t.KeepRows = c.opts.Telemetry.Past, c.opts.Telemetry.KeepRows
	c.opts.Telemetry = t
}

// accountRows bounds the rows of all devices together.
const accountRows = 2_000_000

// rowsPerDevice bounds the rows of a device of an account with so many of them.
func (t *Telemetry) rowsPerDevice(devices int) int {
	keep := t.KeepRows
	setDefault(&keep, 50_000)
	return min(keep, max(accountRows/devices, 100))
}

// telemetry answers GetTelemetry.
func (c *Cloud) telemetry(q *query, w *writer) *problem {
	d, p := c.asked(q)
	if p != nil {
		return p
	}
	from, p := q.date("startDate")
	if p != nil {
		return p
	}
	to, p := q.date("endDate")
	if p != nil {
		return p
	}
	w.digits = d.spec.TimeDigits
	w.open('[')
	for _, i := range c.selected(d, from, to, strings.ToLower(q.Get("profileSessionId")), q.now) {
		w.comma()
		c.writeRow(w, d, i)
	}
	w.open(']')
	return nil
}

// selected are the numbers of the rows that an answer at the time now has, in its order.
func (c *Cloud) selected(d *device, from, to time.Time, session string, now time.Time) []int {
	t := &c.opts.Telemetry
	h := &d.rows
	first, end := 0, h.len()
	// The query speaks of published times.
	if !from.IsZero() {
		first = sort.Search(h.len(), func(i int) bool { return !c.published(h.at(i)).Before(from) })
	}
	if !to.IsZero() {
		end = sort.Search(h.len(), func(i int) bool { return c.published(h.at(i)).After(to) })
	}
	var out []int
	for i := first; i < end && !t.Empty; i++ {
		late := t.LateBy > 0 && (t.LateEvery <= 1 || h.number(i)%t.LateEvery == 0)
		switch {
		case late && h.visible(i).Add(t.LateBy).After(now):
		case session != "" && !h.inSession(i, func(r *profileRun) bool { return d.sessionID(r) == session }):
		default:
			out = append(out, i)
		}
	}
	switch t.Order {
	case NewestFirst:
		slices.Reverse(out)
	case Shuffled:
		r := rand.New(rand.NewPCG(c.opts.Seed, hash(d.spec.ID, "order")))
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	if t.RowsPerReply > 0 && len(out) > t.RowsPerReply {
		out = out[:t.RowsPerReply]
	}
	return out
}

// writeRow writes a row of telemetry.
func (c *Cloud) writeRow(w *writer, d *device, i int) {
	r := d.rows.row(i)
	w.open('{')
	w.put("id", uuid(hash(d.spec.ID, strconv.FormatInt(r.at.UnixNano(), 10))))
	if every := c.opts.Telemetry.MissingKeyEvery; every <= 0 || d.rows.number(i)%every != 0 {
		w.put("rowKey", rowKey(r.at))
	}
	w.put("createdOn", c.published(r.at))
	v := view{c, d, &r.s}
	for _, f := range c.shows[d.fam.bit] {
		if f.inRow(d.fam.bit) {
			f.write(w, &v)
		}
	}
	if d.fam.row != nil {
		d.fam.row(c, w, &r)
	}
	w.open('}')
}
