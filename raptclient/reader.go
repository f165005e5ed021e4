package raptclient

import (
	"reflect"
	"sync"
)

// reader is what decoding shares over the life of a client: the tables of the models and what was told already.
type reader struct {
	redact func(string) string

	mu     sync.Mutex
	tables map[reflect.Type]*table
	told   map[Notice]struct{}
}

// The names of fields and what they hold come from the cloud, so what is kept and told of them is bounded.
const (
	maxNotices   = 1000
	noticeLength = 80
)

func newReader(redact func(string) string) *reader {
	return &reader{redact: redact, tables: map[reflect.Type]*table{}, told: map[Notice]struct{}{}}
}

func (r *reader) table(t reflect.Type) *table {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tables[t] == nil {
		r.tables[t] = newTable(t)
	}
	return r.tables[t]
}

// first tells whether a notice is new. Unknown values are told once for each value, the others once for each field.
func (r *reader) first(n Notice) (Notice, bool) {
	n.Field = shorten(n.Field, 2*noticeLength)
	n.Detail = shorten(r.redact(n.Detail), noticeLength)
	same := n
	if n.Kind == UnknownField || n.Kind == WrongType {
		same.Detail = ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, told := r.told[same]; told || len(r.told) >= maxNotices {
		return n, false
	}
	r.told[same] = struct{}{}
	return n, true
}
