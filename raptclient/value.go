package raptclient

import (
	"reflect"
	"sort"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// scalar reads one value into its field, or leaves the field null and counts.
func (d *decoding) scalar(f *field, raw jsontext.Value, item reflect.Value) {
	null := raw[0] == 'n'
	ok := null
	switch to := item.FieldByIndex(f.index).Addr().Interface().(type) {
	case *string:
		*to, ok = key(raw)
		// An item without a valid id of its own is skipped and counted as that.
		ok = ok || null || len(d.path) == 0
	case *Null[float64]:
		*to = Null[float64]{}
		if v, is := parseFloat(raw); is {
			*to, ok = Some(v), true
		}
	case *Null[int]:
		*to = Null[int]{}
		if v, is := parseInt(raw); is {
			*to, ok = Some(v), true
		}
	case *Null[bool]:
		*to = Null[bool]{V: raw[0] == 't', Valid: raw[0] == 't' || raw[0] == 'f'}
		ok = ok || to.Valid
	case *Null[time.Time]:
		*to = Null[time.Time]{}
		if !null {
			*to, ok = date(raw)
		}
	case *Null[string]:
		*to = Null[string]{}
		if !null {
			*to, ok = d.text(f, raw)
		}
	}
	if !ok {
		d.wrong(f, kindName(raw.Kind()))
	}
}

// text reads a string, a uuid or a text of an enumeration.
func (d *decoding) text(f *field, raw []byte) (n Null[string], ok bool) {
	b, ok := unquote(raw)
	if !ok {
		return n, false
	}
	switch f.kind {
	case kindUUID:
		id, valid := text.UUID(b)
		if !valid {
			// .NET's default and an empty text stand for none.
			return n, len(b) == 0 || id != ""
		}
		return Some(id), true
	case kindEnum:
		if known, is := f.values[string(b)]; is {
			return Some(known), true
		}
		d.report.UnknownValues++
		d.notice(UnknownValue, f.name, string(b))
	}
	return Some(string(b)), true
}

// key reads the id of an item, "" when it is not a valid one.
func key(raw []byte) (string, bool) {
	b, _ := unquote(raw)
	if id, ok := text.UUID(b); ok {
		return id, true
	}
	return "", false
}

// date reads a date. One in the year 1, .NET's default, is null and not a wrong type.
func date(raw []byte) (n Null[time.Time], ok bool) {
	b, ok := unquote(raw)
	if !ok {
		return n, false
	}
	t, ok := parseTime(b)
	if !ok || t.Year() <= 1 {
		return n, ok
	}
	return Some(t), true
}

// newestFirst sorts telemetry rows by createdOn; those without one come last. Replies have no known order.
func newestFirst(rows reflect.Value) {
	sortRows(rows, func(a, b time.Time) bool { return a.After(b) })
}

// oldestFirst sorts telemetry rows by createdOn; those without one come last.
func oldestFirst(rows reflect.Value) {
	sortRows(rows, func(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) })
}

func sortRows(rows reflect.Value, before func(a, b time.Time) bool) {
	created := func(i int) time.Time {
		return rows.Index(i).Addr().Interface().(interface{ created() time.Time }).created()
	}
	less := func(i, j int) bool { return before(created(i), created(j)) }
	if n := rows.Len(); n > 1 && !sort.SliceIsSorted(rows.Interface(), less) {
		sort.SliceStable(rows.Interface(), less)
	}
}

func (r *TelemetryRow) created() time.Time { return r.CreatedOn.V }
