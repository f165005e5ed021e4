package device

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Telemetry is one telemetry row of a device: what it measured at one moment, with the keys and units of the state document.
type Telemetry struct {
	At time.Time // of the reading, on the cloud's clock
	// Row is the API's rowKey, or the time where that is missing.
	Row    string
	family *Family
	values []Value // of family.telemetry, in its order
}

// TelemetryList is the answer to a request for telemetry, oldest first. Rows without a time are left out: they have no place.
type TelemetryList struct {
	Rows   []Telemetry
	Report raptclient.Report
}

// Telemetry asks for the rows of a device from one moment to another, both included. A zero time sets no bound.
func (f *Family) Telemetry(ctx context.Context, c *raptclient.Client, id string, from, to time.Time) (TelemetryList, error) {
	return f.history(ctx, c, id, raptclient.TelemetryQuery{Start: from, End: to})
}

// TelemetryKeys are the keys that a telemetry row of the family has, in the order of the state document. Those that only rows
// have come last.
func (f *Family) TelemetryKeys() []string {
	keys := make([]string, len(f.telemetry))
	for i, row := range f.telemetry {
		keys[i] = row.Key
	}
	return keys
}

// Telemetry is the reading as a telemetry row.
func (r Reading) Telemetry() Telemetry {
	return r.family.telemetryRow(r.model, r.Activity(), r.rowKey)
}

// telemetryRow makes a row of a model.
func (f *Family) telemetryRow(model any, at time.Time, key string) Telemetry {
	t := Telemetry{At: at, Row: key, family: f, values: make([]Value, len(f.telemetry))}
	if key == "" {
		t.Row = at.UTC().Format(time.RFC3339Nano)
	}
	var none Derived // a row has nothing that derives from two readings
	for i, row := range f.telemetry {
		t.values[i] = row.get(model, &none)
	}
	return t
}

// Value is the value of a key; false for a key that the family's telemetry doesn't have.
func (t Telemetry) Value(key string) (Value, bool) {
	for i, row := range t.family.telemetry {
		if row.Key == key {
			return t.values[i], true
		}
	}
	return Value{}, false
}

// Resends reports whether t is the reading before sent once more with a new time. A RAPT Pill does that: of 78 early reports
// 34 repeated gravity and temperature exactly (observed). Whether t came early enough for it is for the caller to say,
// since two readings in a row are the same by chance too.
func (t Telemetry) Resends(before Telemetry) bool {
	if t.family == nil || t.family != before.family || !t.family.resends {
		return false
	}
	known := false
	for i, row := range t.family.telemetry {
		if row.Key == "rssi" {
			continue // it is measured by who receives the report
		}
		if t.values[i] != before.values[i] {
			return false
		}
		known = known || t.values[i].Known()
	}
	return known
}

// AppendJSON appends the row as the stream has it. backfilled says that it was recovered from the cloud's history.
func (t Telemetry) AppendJSON(b []byte, backfilled bool) []byte {
	b = append(b, `{"at":"`...)
	b = t.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","row":`...)
	b, _ = jsontext.AppendQuote(b, t.Row)
	b = append(b, `,"backfilled":`...)
	b = strconv.AppendBool(b, backfilled)
	for i, r := range t.family.telemetry {
		b = append(b, ',', '"')
		b = append(b, r.Key...)
		b = append(b, '"', ':')
		b = t.values[i].AppendJSON(b, r.Decimals)
	}
	return append(b, '}')
}

// telemetryOf says how a family's telemetry rows T become its model D.
type telemetryOf[D, T any] struct {
	// keys are those rows of the document that a telemetry row has a value for, beside rssi, which all have.
	keys []string
	// more are values that the document hasn't.
	more []row[D]
	// listed are the rows that a listed device carries; nil where the model has none.
	listed func(*D) *[]T
	row    func(*T) *raptclient.TelemetryRow
	// fill copies what only this family has.
	fill func(*D, *T)
}

// controlKeys are the keys that the telemetry of all devices that heat or cool has.
func controlKeys(more ...string) []string {
	return append([]string{
		"temperature", "target_temperature", "control_device_temperature", "control_device_type", "total_run_time",
		"heating_run_time", "heating_starts",
	}, more...)
}

// fillControl copies what the telemetry of all devices that heat or cool has.
func fillControl(d *raptclient.Device, c *raptclient.Control, t *raptclient.ControlTelemetry) {
	c.ControlDevice = t.ControlDevice
	c.Temperature, c.TargetTemperature = t.Temperature, t.TargetTemperature
	c.TotalRunTime, c.HeatingRunTime, c.HeatingStarts = t.TotalRunTime, t.HeatingRunTime, t.HeatingStarts
	d.ActiveProfileID, d.ActiveProfileStepID = t.ProfileID, t.ProfileStepID
	if t.ProfileSessionStartDate.Valid {
		d.ActiveProfileSession = &raptclient.ProfileSession{StartDate: t.ProfileSessionStartDate}
	}
}

// profileKeys tell which profile a device ran, by the API's ids: a telemetry row has no names. The document has the names.
func profileKeys() []row[raptclient.Device] {
	type D = raptclient.Device
	return []row[D]{
		textRow("profile_id", func(d *D) str { return d.ActiveProfileID }),
		textRow("profile_step_id", func(d *D) str { return d.ActiveProfileStepID }),
		timeRow("profile_session_start", func(d *D) timestamp {
			if d.ActiveProfileSession == nil {
				return timestamp{}
			}
			return d.ActiveProfileSession.StartDate
		}),
	}
}

// bindTelemetry sets how a family's telemetry is asked for.
func bindTelemetry[D, T any](f *Family, resource func(*raptclient.Client) raptclient.Resource[D, T], shared func(*D) *raptclient.Device, t telemetryOf[D, T]) {
	for _, r := range f.Rows {
		if r.Key == "rssi" || slices.Contains(t.keys, r.Key) {
			f.telemetry = append(f.telemetry, r)
		}
	}
	f.telemetry = append(f.telemetry, untyped(t.more)...)
	f.history = func(ctx context.Context, c *raptclient.Client, id string, q raptclient.TelemetryQuery) (TelemetryList, error) {
		var (
			out TelemetryList
			err error
			d   = new(D)
		)
		out.Report, err = resource(c).EachTelemetry(ctx, id, q, func(item *T) {
			row := t.row(item)
			if !row.CreatedOn.Valid {
				return
			}
			*d = *new(D)
			device := shared(d)
			device.RSSI, device.LastActivityTime = row.RSSI, row.CreatedOn
			t.fill(d, item)
			out.Rows = append(out.Rows, f.telemetryRow(d, row.CreatedOn.V, row.RowKey.V))
		})
		if err != nil {
			return TelemetryList{}, err
		}
		slices.SortStableFunc(out.Rows, func(a, b Telemetry) int { return a.At.Compare(b.At) })
		return out, nil
	}
}

// Numbers goes through the values of the row that are numbers, rounded as in the document, with their keys.
func (t Telemetry) Numbers(yield func(key string, n float64) bool) {
	for i, r := range t.family.telemetry {
		if t.values[i].kind != isNumber {
			continue
		}
		if n, _ := t.values[i].Metric(r); !yield(r.Key, n) {
			return
		}
	}
}

// Floor is the least silence after which a device of the row's family counts as offline.
func (t Telemetry) Floor() time.Duration { return t.family.Floor }

// Format is the value of a key as text, rounded as in the document; empty where it is unknown or the row has no such key.
func (t Telemetry) Format(key string) string {
	for i, r := range t.family.telemetry {
		switch v := t.values[i]; {
		case r.Key != key:
		case v.kind == unknown:
			return ""
		case v.kind == isText:
			return v.text
		default:
			return strings.Trim(string(v.AppendJSON(nil, r.Decimals)), `"`)
		}
	}
	return ""
}
