package raptclient

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// benchmarkedLists are the lists of 1,000 devices, as the contract describes them in full.
func benchmarkedLists(b *testing.B) []benchmarkedList {
	doc := published(b, DefaultAPIURL)
	body := func(schema string, n int) []byte {
		list := make([]any, n)
		for i := range list {
			// Every tenth device runs a profile of two steps. telemetry is null in lists.
			device := sample(doc.Components.Schemas[schema], "", i, 1).(map[string]any)
			if i%10 == 0 {
				device["activeProfileSession"] = sample(doc.Components.Schemas["ProfileSessionStatusModel"], "", i, 4)
			}
			list[i] = device
		}
		return marshal(b, list)
	}
	r := newReader(func(s string) string { return s })
	return []benchmarkedList{
		benchmarked[Hydrometer](r, body("HydrometerModel", 300)),
		benchmarked[TemperatureController](r, body("TemperatureControllerModel", 300)),
		benchmarked[FermentationChamber](r, body("FermentationChamberModel", 100)),
		benchmarked[BrewZilla](r, body("BrewZillaModel", 200)),
		benchmarked[BondedDevice](r, body("BondedDeviceModel", 100)),
	}
}

// BenchmarkDecode decodes those lists, and beside it the same bodies by encoding/json into plain structs of the same
// fields. The metric "ratio" is our time over that.
func BenchmarkDecode(b *testing.B) {
	lists := benchmarkedLists(b)
	var ours, theirs time.Duration
	size := 0
	for _, l := range lists {
		size += len(l.body)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		total := 0
		for _, l := range lists {
			n, err := l.decode(l.body)
			require.NoError(b, err)
			total += n
		}
		ours += time.Since(start)
		if total != 1000 {
			b.Fatal(total)
		}
		b.StopTimer()
		start = time.Now()
		for _, l := range lists {
			if err := json.Unmarshal(l.body, reflect.New(l.plain).Interface()); err != nil {
				b.Fatal(err)
			}
		}
		theirs += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

type benchmarkedList struct {
	body          []byte
	decode        func(body []byte) (int, error)
	plain, tagged reflect.Type
}

func benchmarked[D any](r *reader, body []byte) benchmarkedList {
	t := newTable(reflect.TypeFor[D]())
	return benchmarkedList{body, func(body []byte) (int, error) {
		list, err := decodeList[D](r, "Devices", body)
		return len(list.Items), err
	}, reflect.SliceOf(plain(t)), reflect.SliceOf(tagged(t))}
}

// plain is the struct that a person would write for encoding/json: the same fields with plain types.
func plain(t *table) reflect.Type {
	types := map[kind]reflect.Type{
		kindKey: reflect.TypeFor[string](), kindString: reflect.TypeFor[string](), kindUUID: reflect.TypeFor[string](),
		kindEnum: reflect.TypeFor[string](), kindFloat: reflect.TypeFor[float64](), kindInt: reflect.TypeFor[int](),
		kindBool: reflect.TypeFor[bool](), kindTime: reflect.TypeFor[time.Time](),
	}
	var fields []reflect.StructField
	for name, f := range t.fields {
		if f.kind == kindIgnored {
			continue
		}
		ft := types[f.kind]
		switch f.kind {
		case kindObject:
			ft = reflect.PointerTo(plain(f.item))
		case kindList, kindRows:
			ft = reflect.SliceOf(plain(f.item))
		}
		fields = append(fields, reflect.StructField{
			Name: "F_" + name, Type: ft, Tag: reflect.StructTag(`json:"` + name + `"`),
		})
	}
	return reflect.StructOf(fields)
}
