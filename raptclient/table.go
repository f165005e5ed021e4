package raptclient

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// kind says how a field is read.
type kind uint8

const (
	kindIgnored kind = iota
	kindKey          // string: the uuid that tells items apart
	kindString       // Null[string]
	kindUUID         // Null[string], a uuid in lower case
	kindEnum         // Null[string], one of an enumeration
	kindFloat        // Null[float64]
	kindInt          // Null[int], 32 bits in the contract
	kindBool         // Null[bool]
	kindTime         // Null[time.Time]
	kindObject       // pointer to a struct
	kindList         // slice of structs
	kindRows         // slice of telemetry rows, newest first
)

// expected is how a notice calls what the contract has.
var expected = map[kind]string{
	kindKey: "a uuid", kindString: "a string", kindUUID: "a uuid", kindEnum: "a string", kindFloat: "a number",
	kindInt: "a whole number", kindBool: "true or false", kindTime: "a date", kindObject: "an object",
	kindList: "a list of objects", kindRows: "a list of objects",
}

// scalarKinds are the kinds of the types that hold one value. A tag's option refines strings.
var scalarKinds = map[reflect.Type]kind{
	reflect.TypeFor[ignored]():         kindIgnored,
	reflect.TypeFor[string]():          kindKey,
	reflect.TypeFor[Null[string]]():    kindString,
	reflect.TypeFor[Null[float64]]():   kindFloat,
	reflect.TypeFor[Null[int]]():       kindInt,
	reflect.TypeFor[Null[bool]]():      kindBool,
	reflect.TypeFor[Null[time.Time]](): kindTime,
}

// field is one field of the API and where its value goes.
type field struct {
	name   string
	number int // within its table, from 1 on
	kind   kind
	// index leads to the Go field; embedded structs make it longer than one.
	index []int
	// values are the texts of an enumeration, by themselves.
	values map[string]string
	// item is the table of the struct that an object or a list holds.
	item *table
}

// table is what a struct's tags say of the JSON object that it is read from.
type table struct {
	fields map[string]*field
	// key is the field that tells items apart, nil for a struct that has none.
	key *field
}

// newTable reads the tags of a struct and of those within it. The tag is `rapt:"name[,option]"` with the option key,
// uuid, rows or enum=Name; on a field of type ignored it is a list of names. The models are ours, so a mistake panics.
func newTable(t reflect.Type) *table {
	tb := &table{fields: map[string]*field{}}
	tb.add(t, nil)
	return tb
}

func (tb *table) add(t reflect.Type, index []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		tag, tagged := sf.Tag.Lookup("rapt")
		switch {
		case sf.Anonymous:
			tb.add(sf.Type, at)
		case !tagged:
			panic(fmt.Sprintf("%s.%s has no tag", t, sf.Name))
		case sf.Type == reflect.TypeFor[ignored]():
			for name := range strings.SplitSeq(tag, ",") {
				tb.put(&field{name: name, kind: kindIgnored})
			}
		default:
			tb.put(newField(sf, tag, at))
		}
	}
}

func (tb *table) put(f *field) {
	if tb.fields[f.name] != nil {
		panic("two fields are named " + f.name)
	}
	tb.fields[f.name] = f
	f.number = len(tb.fields)
	if f.kind == kindKey {
		tb.key = f
	}
}

func newField(sf reflect.StructField, tag string, index []int) *field {
	name, option, _ := strings.Cut(tag, ",")
	f := &field{name: name, index: index}
	if k, ok := scalarKinds[sf.Type]; ok {
		f.kind = k
	} else if sf.Type.Kind() == reflect.Pointer {
		f.kind, f.item = kindObject, newTable(sf.Type.Elem())
	} else {
		f.kind, f.item = kindList, newTable(sf.Type.Elem())
	}
	switch enum, isEnum := strings.CutPrefix(option, "enum="); {
	case isEnum:
		f.kind, f.values = kindEnum, map[string]string{}
		for _, v := range enums[enum] {
			f.values[v] = v
		}
	case option == "uuid":
		f.kind = kindUUID
	case option == "rows":
		f.kind = kindRows
	}
	return f
}
