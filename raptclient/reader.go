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
	same := n
	same.Field, same.Detail = shorten(n.Field, 2*noticeLength), shorten(n.Detail, noticeLength)
	if n.Kind == UnknownField || n.Kind == WrongType {
		same.Detail = ""
	}
	if !r.remember(same) {
		return n, false
	}
	// Redacted before it is shortened, lest the cut leave half a secret.
	n.Field, n.Detail = shorten(r.redact(n.Field), 2*noticeLength), shorten(r.redact(n.Detail), noticeLength)
	return n, true
}

// remember tells whether a notice was not told before, and that it is now.
func (r *reader) remember(n Notice) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, told := r.told[n]; told || len(r.told) >= maxNotices {
		return false
	}
	r.told[n] = struct{}{}
	return true
}
