package raptclient

import (
	"reflect"
	"sync"
)

// reader is what decoding shares over the life of a client: the tables of the models and what was noticed already.
type reader struct {
	redact func(string) string

	mu      sync.Mutex
	tables  map[reflect.Type]*table
	noticed map[Notice]struct{}
	// waiting are the notices for the next report.
	waiting []Notice
}

func newReader(redact func(string) string) *reader {
	return &reader{redact: redact, tables: map[reflect.Type]*table{}, noticed: map[Notice]struct{}{}}
}

func (r *reader) table(t reflect.Type) *table {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tables[t] == nil {
		r.tables[t] = newTable(t)
	}
	return r.tables[t]
}
