package device

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Row is one value of a family: a member of its state document, in the document's order.
type Row struct {
	Key      string // of the document and of the catalogue's entity
	Decimals int    // of a number in the document
	get      func(model any, d *Derived) Value
	set      func(model any, v Value) // nil for what nobody sets
}

// row is a Row of the model D, which is the family's type in raptclient or a part of it.
type row[D any] struct {
	key      string
	decimals int
	get      func(*D, *Derived) Value
	set      func(*D, Value)
}

func numberRow[D any](key string, decimals int, get func(*D) float) row[D] {
	return row[D]{key: key, decimals: decimals, get: func(d *D, _ *Derived) Value { return some(get(d)) }}
}

func flagRow[D any](key string, get func(*D) boolean) row[D] {
	return row[D]{key: key, get: func(d *D, _ *Derived) Value { return someFlag(get(d)) }}
}

func textRow[D any](key string, get func(*D) str) row[D] {
	return row[D]{key: key, get: func(d *D, _ *Derived) Value { return someText(get(d)) }}
}

func timeRow[D any](key string, get func(*D) timestamp) row[D] {
	return row[D]{key: key, get: func(d *D, _ *Derived) Value { return someTime(get(d)) }}
}

// derivedRow is a row that the model doesn't have.
func derivedRow[D any](key string, get func(*D, *Derived) Value) row[D] {
	return row[D]{key: key, get: get}
}

// settableNumber is a number that can be set: at points to it, plausible says which values can be true.
func settableNumber[D any](key string, decimals int, plausible func(float) float, at func(*D) *float) row[D] {
	return row[D]{
		key: key, decimals: decimals,
		get: func(d *D, _ *Derived) Value { return some(plausible(*at(d))) },
		set: func(d *D, v Value) { n, ok := v.Number(); *at(d) = float{V: n, Valid: ok} },
	}
}

// settableFlag is a flag that can be set.
func settableFlag[D any](key string, at func(*D) *boolean) row[D] {
	return row[D]{
		key: key,
		get: func(d *D, _ *Derived) Value { return someFlag(*at(d)) },
		set: func(d *D, v Value) { on, ok := v.Flag(); *at(d) = boolean{V: on, Valid: ok} },
	}
}

// of makes rows of a part of the model, such as what all families share, into rows of the model.
func of[D, P any](part func(*D) *P, rows []row[P]) []row[D] {
	out := make([]row[D], len(rows))
	for i, r := range rows {
		out[i] = row[D]{key: r.key, decimals: r.decimals, get: func(d *D, derived *Derived) Value { return r.get(part(d), derived) }}
		if r.set != nil {
			out[i].set = func(d *D, v Value) { r.set(part(d), v) }
		}
	}
	return out
}

// untyped makes rows of a model into rows of a family.
func untyped[D any](rows []row[D]) []Row {
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = Row{Key: r.key, Decimals: r.decimals, get: func(model any, d *Derived) Value { return r.get(model.(*D), d) }}
		if r.set != nil {
			out[i].set = func(model any, v Value) { r.set(model.(*D), v) }
		}
	}
	return out
}

// The client's types for what may be missing.
type (
	float     = raptclient.Null[float64]
	boolean   = raptclient.Null[bool]
	str       = raptclient.Null[string]
	timestamp = raptclient.Null[time.Time]
)

func some(n float) Value {
	if !n.Valid {
		return Value{}
	}
	return Number(n.V)
}

func someFlag(on boolean) Value {
	if !on.Valid {
		return Value{}
	}
	return Flag(on.V)
}

func someText(s str) Value {
	if !s.Valid {
		return Value{}
	}
	return Text(s.V)
}

func someTime(t timestamp) Value {
	if !t.Valid {
		return Value{}
	}
	return Time(t.V)
}
