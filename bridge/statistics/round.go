package statistics

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// compiledAfter is how long after its end an hour is left to Home Assistant, which makes its statistics then itself.
const compiledAfter = time.Hour

// registered is an entity in Home Assistant's registry.
type registered struct {
	EntityID   string  `json:"entity_id"`
	UniqueID   string  `json:"unique_id"`
	Platform   string  `json:"platform"`
	DisabledBy *string `json:"disabled_by"`
}

// kept is what Home Assistant's recorder says of an entity's statistics.
type kept struct {
	ID        string  `json:"statistic_id"`
	Source    string  `json:"source"`
	Unit      *string `json:"statistics_unit_of_measurement"`
	UnitClass *string `json:"unit_class"`
	HasSum    bool    `json:"has_sum"`
	MeanType  int     `json:"mean_type"`
}

// arithmetic is Home Assistant's type of a mean that is weighted by time; others are of angles.
const arithmetic = 1

// round is one connection: it writes what waits, and looks for what Home Assistant lacks of devices that are new. left
// reports whether something waits on.
func (w *Writer) round(ctx context.Context) (written int, left bool, err error) {
	c, err := connect(ctx, w.options.URL, w.options.Token)
	if err != nil {
		return 0, true, err
	}
	defer c.close()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	home, err := w.readHome(ctx, c)
	if err != nil {
		return 0, true, err
	}
	for _, ref := range w.unseen() {
		if err := w.look(ctx, c, home, ref); err != nil {
			return written, true, err
		}
	}
	for _, e := range w.waiting() {
		n, err := w.write(ctx, c, home, e)
		if err != nil {
			return written, true, err
		}
		written += n
	}
	return written, len(w.waiting()) > 0, nil
}

// home is what Home Assistant has of our entities.
type home struct {
	entities map[string]registered // by unique id
	kept     map[string]kept       // by entity id
	units    map[discovery.Family]map[string]string
}

func (w *Writer) readHome(ctx context.Context, c *client) (home, error) {
	h := home{entities: map[string]registered{}, kept: map[string]kept{}, units: w.units}
	var entities []registered
	if err := c.command(ctx, "config/entity_registry/list", nil, &entities); err != nil {
		return h, err
	}
	for _, e := range entities {
		if e.Platform == "mqtt" {
			h.entities[e.UniqueID] = e
		}
	}
	var statistics []kept
	if err := c.command(ctx, "recorder/list_statistic_ids", map[string]any{"statistic_type": "mean"}, &statistics); err != nil {
		return h, err
	}
	for _, s := range statistics {
		h.kept[s.ID] = s
	}
	return h, nil
}

// of is the entity and its statistics; false where there is nothing to write to, or not in a unit that can be followed.
func (h home) of(e entity) (kept, func(float64) float64, bool) {
	r, there := h.entities[discovery.UniqueID(e.ID, e.key)]
	if !there || r.DisabledBy != nil {
		return kept{}, nil, false
	}
	k, there := h.kept[r.EntityID]
	if !there || k.Source != "recorder" || k.HasSum || k.MeanType != arithmetic {
		return kept{}, nil, false
	}
	convert, ok := conversion(h.units[e.Family][e.key], k.Unit)
	return k, convert, ok
}

// hours are the beginnings of the hours that Home Assistant has of some entities in a span, by entity id.
func hours(ctx context.Context, c *client, ids []string, from, to time.Time) (map[string]map[int64]bool, error) {
	var rows map[string][]struct {
		Start json.Number `json:"start"`
	}
	err := c.command(ctx, "recorder/statistics_during_period", map[string]any{
		"start_time": from.UTC().Format(time.RFC3339), "end_time": to.UTC().Format(time.RFC3339),
		"statistic_ids": ids, "period": "hour", "types": []string{"mean"},
	}, &rows)
	if err != nil {
		return nil, err
	}
	out := map[string]map[int64]bool{}
	for id, list := range rows {
		out[id] = map[int64]bool{}
		for _, row := range list {
			ms, err := row.Start.Float64()
			if err != nil {
				return nil, fmt.Errorf("recorder/statistics_during_period: the beginning of an hour is %q", row.Start)
			}
			out[id][int64(ms/1000)] = true
		}
	}
	return out, nil
}

// write imports the hours of an entity that Home Assistant lacks. What can't be written stays for later, until there is an
// entity for it.
func (w *Writer) write(ctx context.Context, c *client, h home, e entity) (int, error) {
	k, convert, ok := h.of(e)
	if !ok {
		if r, there := h.entities[discovery.UniqueID(e.ID, e.key)]; there && (r.DisabledBy != nil || h.kept[r.EntityID].ID != "") {
			w.done(e, nil) // its owner wants it otherwise
		}
		return 0, nil
	}
	due := w.take(e)
	if len(due) == 0 {
		return 0, nil
	}
	starts := slices.Sorted(maps.Keys(due))
	has, err := hours(ctx, c, []string{k.ID}, time.Unix(starts[0], 0), time.Unix(starts[len(starts)-1], 0).Add(time.Hour))
	if err != nil {
		return 0, err
	}
	var stats []map[string]any
	for _, start := range starts {
		if v := due[start]; !has[k.ID][start] {
			stats = append(stats, map[string]any{
				"start": time.Unix(start, 0).UTC().Format(time.RFC3339), "mean": convert(v.Mean), "min": convert(v.Min), "max": convert(v.Max),
			})
		}
	}
	if len(stats) > 0 {
		err = c.command(ctx, "recorder/import_statistics", map[string]any{
			"metadata": map[string]any{
				"statistic_id": k.ID, "source": k.Source, "name": nil, "has_sum": false, "mean_type": arithmetic,
				"unit_of_measurement": k.Unit, "unit_class": k.UnitClass,
			},
			"stats": stats,
		}, nil)
		if err != nil {
			return 0, err
		}
	}
	w.done(e, due)
	return len(stats), nil
}

// look finds the spans of which Home Assistant lacks the hours of every value of a device: those in which it was away, or the
// bridge was.
func (w *Writer) look(ctx context.Context, c *client, h home, ref device.Ref) error {
	var ids []string
	for key := range w.units[ref.Family] {
		if k, _, ok := h.of(entity{ref, key}); ok {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return nil // it isn't announced yet
	}
	to := time.Now().Truncate(time.Hour).Add(-compiledAfter)
	from := to.AddDate(0, 0, -w.options.Days)
	has, err := hours(ctx, c, ids, from, to)
	if err != nil {
		return err
	}
	for _, span := range lacking(has, from, to) {
		select {
		case w.missing <- Missing{ref, span}:
		default: // far too many; the next run looks again
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.devices[ref]; known {
		w.devices[ref] = true
	}
	return nil
}

// lacking are the spans of full hours that no entity has.
func lacking(has map[string]map[int64]bool, from, to time.Time) []history.Span {
	var out []history.Span
	for start := from; start.Before(to); start = start.Add(time.Hour) {
		there := false
		for _, hours := range has {
			there = there || hours[start.Unix()]
		}
		switch n := len(out); {
		case there:
		case n > 0 && out[n-1].To.Equal(start):
			out[n-1].To = start.Add(time.Hour)
		default:
			out = append(out, history.Span{From: start, To: start.Add(time.Hour)})
		}
	}
	return out
}

func (w *Writer) unseen() []device.Ref {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []device.Ref
	for ref, looked := range w.devices {
		if !looked {
			out = append(out, ref)
		}
	}
	return out
}

func (w *Writer) waiting() []entity {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.pending))
}

// take are the hours of an entity that may be written, left where they are.
func (w *Writer) take(e entity) map[int64]history.Statistic {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[int64]history.Statistic{}
	for start, v := range w.pending[e] {
		if time.Since(time.Unix(start, 0).Add(time.Hour)) > compiledAfter {
			out[start] = v
		}
	}
	return out
}

// done drops hours of an entity; all of them for nil.
func (w *Writer) done(e entity, hours map[int64]history.Statistic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hours == nil {
		hours = w.pending[e]
	}
	for start := range maps.Clone(hours) {
		if _, there := w.pending[e][start]; there {
			delete(w.pending[e], start)
			w.count--
		}
	}
	if len(w.pending[e]) == 0 {
		delete(w.pending, e)
	}
}
