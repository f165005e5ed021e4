package raptclient

import (
	"bytes"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// unquote is the content of a JSON string. Bytes that are not UTF-8 become the replacement character.
func unquote(raw []byte) (b []byte, ok bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner, true
	}
	b, _ = jsontext.AppendUnquote(nil, raw) // the error speaks of what was replaced
	return b, true
}

// parseFloat reads a JSON number that a float64 can hold.
func parseFloat(raw []byte) (float64, bool) {
	v, err := strconv.ParseFloat(string(raw), 64)
	return v, err == nil
}

// parseInt reads a JSON number with a whole value of 32 bits, the contract's only integers; 5.0 is 5.
func parseInt(raw []byte) (int, bool) {
	v, ok := parseFloat(raw)
	return int(v), ok && v == math.Trunc(v) && math.MinInt32 <= v && v <= math.MaxInt32
}

// parseTime reads a date with 0 to 9 fractional digits. One without a zone counts as UTC, which is what .NET means when
// it writes none.
func parseTime(b []byte) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", string(b))
	}
	return t.UTC(), err == nil
}
