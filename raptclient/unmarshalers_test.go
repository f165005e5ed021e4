package raptclient

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// unmarshalers do by the library's own means what the decoder does, as far as those reach: a value of a wrong type is
// null and counted. What they leave out only makes them cheaper: uuids, enumerations, what is skipped in lists, and the
// path and the kind of what is noticed.
func unmarshalers(r *Report) *json.Unmarshalers {
	return json.JoinUnmarshalers(
		nullable(r, "0", func(raw []byte) (Null[float64], bool) { v, ok := parseFloat(raw); return Some(v), ok }),
		nullable(r, "0", func(raw []byte) (Null[int], bool) { v, ok := parseInt(raw); return Some(v), ok }),
		nullable(r, "tf", func(raw []byte) (Null[bool], bool) { return Some(raw[0] == 't'), true }),
		nullable(r, "\"", func(raw []byte) (Null[string], bool) { b, ok := unquote(raw); return Some(string(b)), ok }),
		nullable(r, "\"", date),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, _ *ignored) error { return dec.SkipValue() }),
	)
}

// nullable reads the kinds of JSON values that read takes.
func nullable[T any](r *Report, kinds string, read func(raw []byte) (Null[T], bool)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to *Null[T]) error {
		raw, err := dec.ReadValue()
		if err != nil || raw[0] == 'n' {
			return err
		}
		ok := strings.IndexByte(kinds, byte(raw.Kind())) >= 0
		if ok {
			*to, ok = read(raw)
		}
		if !ok {
			r.WrongType++
		}
		return nil
	})
}

// tagged is a model with the library's tags instead of ours, and a place for the fields that it doesn't know.
func tagged(t *table) reflect.Type {
	types := map[kind]reflect.Type{
		kindKey: reflect.TypeFor[Null[string]](), kindString: reflect.TypeFor[Null[string]](), kindUUID: reflect.TypeFor[Null[string]](),
		kindEnum: reflect.TypeFor[Null[string]](), kindFloat: reflect.TypeFor[Null[float64]](), kindInt: reflect.TypeFor[Null[int]](),
		kindBool: reflect.TypeFor[Null[bool]](), kindTime: reflect.TypeFor[Null[time.Time]](), kindIgnored: reflect.TypeFor[ignored](),
	}
	fields := []reflect.StructField{{Name: "Unknown", Type: reflect.TypeFor[jsontext.Value](), Tag: `json:",unknown"`}}
	for name, f := range t.fields {
		ft := types[f.kind]
		switch f.kind {
		case kindObject:
			ft = reflect.PointerTo(tagged(f.item))
		case kindList, kindRows:
			ft = reflect.SliceOf(tagged(f.item))
		}
		fields = append(fields, reflect.StructField{Name: strings.ToUpper(name[:1]) + name[1:] + "_", Type: ft, Tag: reflect.StructTag(`json:"` + name + `"`)})
	}
	return reflect.StructOf(fields)
}

// BenchmarkUnmarshalers is the library's own means on the lists of [BenchmarkDecode]. The metric "ratio" is its time over
// the decoder's in the same run; the decoder would go at 1.3 or less.
func BenchmarkUnmarshalers(b *testing.B) {
	var ours, theirs time.Duration
	lists := benchmarkedLists(b)
	var report Report
	by := json.JoinOptions(json.WithUnmarshalers(unmarshalers(&report)), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for b.Loop() {
		for _, l := range lists {
			start := time.Now()
			_, err := l.decode(l.body)
			ours += time.Since(start)
			require.NoError(b, err)
			start = time.Now()
			err = json.Unmarshal(l.body, reflect.New(l.tagged).Interface(), by)
			theirs += time.Since(start)
			require.NoError(b, err)
		}
	}
	require.Zero(b, report.WrongType)
	b.ReportMetric(float64(theirs)/float64(ours), "ratio")
}
