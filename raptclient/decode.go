package raptclient

import (
	"bytes"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// listMode says what the items of a list are.
type listMode int

const (
	// wholeItems have a key each. The list must be a list: taking a null for an empty one would make
	// devices vanish.
	wholeItems listMode = iota
	// telemetryRows need no key and are sorted oldest first; null is no row and an object is one.
	telemetryRows
)

// decoding reads one reply.
//
// It walks the tokens of jsontext itself, led by the tables of the models' tags. The library's own way, unmarshalers by
// type ([json.WithUnmarshalers]), was tried (BenchmarkUnmarshalers): it takes 1.1 times as long for a part of the work,
// and is not simpler, because it knows types but no tags. Each uuid and each enumeration would need a type of its own
// in the models, each list and each object within an item a registration of its own for what is skipped in it, each
// model exported fields for what is unknown and for what is ignored, and a notice would get its path by parsing a JSON
// pointer. Both ways need the same untagged module for as long as the standard library's encoding/json/jsontext stands
// behind GOEXPERIMENT=jsonv2; this one needs only its tokenizer.
type decoding struct {
	*reader
	dec      *jsontext.Decoder
	resource string
	// path leads to the object that is being read; empty within an item itself.
	path   []string
	report Report
}

func (r *reader) decode(resource string, body []byte) *decoding {
	body = bytes.TrimPrefix(body, bom)
	return &decoding{reader: r, resource: resource, dec: jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// itemSize is about how many bytes of JSON a device has at the least; a list's first room is made by it.
const itemSize = 1 << 10

// decodeList reads a list. What is wrong within it is counted; an error means that the body as a whole is of no use.
func decodeList[D any](r *reader, resource string, body []byte, mode listMode) (List[D], error) {
	d := r.decode(resource, body)
	t := r.table(reflect.TypeFor[D]())
	switch k := d.dec.PeekKind(); {
	case k == '[':
	case k == 'n' && mode == telemetryRows:
		if err := d.dec.SkipValue(); err != nil {
			return List[D]{}, d.syntax(err)
		}
		return List[D]{}, d.end()
	case k == '{' && mode == telemetryRows:
		items := make([]D, 1)
		if err := d.object(reflect.ValueOf(&items[0]).Elem(), t); err != nil {
			return List[D]{}, d.syntax(err)
		}
		return List[D]{items, d.report}, d.end()
	default:
		return List[D]{}, d.unexpected("a list")
	}

	items := make([]D, 0, len(body)/itemSize+1)
	seen := make(map[string]struct{}, cap(items))
	_, err := d.dec.ReadToken()
	for err == nil && d.dec.PeekKind() != ']' {
		var zero D
		items = append(items, zero)
		item := reflect.ValueOf(&items[len(items)-1]).Elem()
		var reason string
		if reason, err = d.item(item, t, seen, mode); reason != "" {
			items = items[:len(items)-1]
			d.report.Skipped++
			d.notice(SkippedItem, "", reason)
		}
	}
	if err == nil {
		_, err = d.dec.ReadToken()
	}
	if err != nil {
		return List[D]{}, d.syntax(err)
	}
	if mode == telemetryRows {
		oldestFirst(reflect.ValueOf(&items).Elem())
	}
	return List[D]{items, d.report}, d.end()
}

// item reads one item of a list, or says why it is left out.
func (d *decoding) item(item reflect.Value, t *table, seen map[string]struct{}, mode listMode) (reason string, err error) {
	if k := d.dec.PeekKind(); k != '{' {
		if err := d.dec.SkipValue(); err != nil {
			return "", err
		}
		return kindName(k) + " instead of an object", nil
	}
	if err := d.object(item, t); err != nil || mode == telemetryRows {
		return "", err
	}
	id := item.FieldByIndex(t.key.index).String()
	if id == "" {
		return "it has no valid id", nil
	}
	if _, again := seen[id]; again {
		return "it has the id of an earlier item", nil
	}
	seen[id] = struct{}{}
	return "", nil
}

// decodeItem reads one item, which must be the one with this id.
func decodeItem[D any](r *reader, resource string, body []byte, id string) (Item[D], error) {
	d := r.decode(resource, body)
	t := r.table(reflect.TypeFor[D]())
	if d.dec.PeekKind() != '{' {
		return Item[D]{}, d.unexpected("an object")
	}
	var item Item[D]
	v := reflect.ValueOf(&item.Value).Elem()
	if err := d.object(v, t); err != nil {
		return Item[D]{}, d.syntax(err)
	}
	switch got := v.FieldByIndex(t.key.index).String(); {
	case got == "":
		return Item[D]{}, &bodyProblem{problem: BodyUnexpected, detail: "it has no valid id"}
	case got != id:
		return Item[D]{}, &bodyProblem{problem: BodyUnexpected, detail: "it has another id"}
	}
	item.Report = d.report
	return item, d.end()
}

// decodeBool reads the reply of a setter.
func decodeBool(body []byte) (bool, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, bom))
	switch string(body) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	d := (*reader)(nil).decode("", body)
	return false, d.unexpected("true or false")
}

// object reads a JSON object into a struct, field by field.
func (d *decoding) object(v reflect.Value, t *table) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != '}' {
		raw, err := d.dec.ReadValue()
		if err != nil {
			return err
		}
		name, _ := unquote(raw)
		f := t.fields[string(name)]
		switch {
		case f == nil:
			err = d.unknown(string(name))
		case f.kind == kindIgnored:
			err = d.dec.SkipValue()
		case f.item != nil:
			err = d.nested(f, v.FieldByIndex(f.index))
		default:
			if raw, err = d.dec.ReadValue(); err == nil {
				d.scalar(f, raw, v)
			}
		}
		if err != nil {
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}

// unknown skips a field that the contract doesn't have.
func (d *decoding) unknown(name string) error {
	d.report.UnknownFields++
	d.notice(UnknownField, name, kindName(d.dec.PeekKind()))
	return d.dec.SkipValue()
}

// nested reads a field that holds an object or a list of them.
func (d *decoding) nested(f *field, v reflect.Value) error {
	v.SetZero()
	k := d.dec.PeekKind()
	one := k == '{' && f.kind != kindList
	switch {
	case k == 'n':
		return d.dec.SkipValue()
	case !one && (k != '[' || f.kind == kindObject):
		d.wrong(f, kindName(k))
		return d.dec.SkipValue()
	}
	d.path = append(d.path, f.name)
	defer func() { d.path = d.path[:len(d.path)-1] }()
	if f.kind == kindObject {
		v.Set(reflect.New(v.Type().Elem()))
		return d.object(v.Elem(), f.item)
	}
	if one {
		v.Grow(1)
		v.SetLen(1)
		return d.object(v.Index(0), f.item)
	}
	return d.list(f, v)
}

// list reads the objects of a list within an item.
func (d *decoding) list(f *field, v reflect.Value) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for k := d.dec.PeekKind(); k != ']'; k = d.dec.PeekKind() {
		if k != '{' {
			if err := d.dec.SkipValue(); err != nil {
				return err
			}
			d.report.WrongType++
			d.notice(WrongType, "", kindName(k)+" in a list of objects")
			continue
		}
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		if err := d.object(v.Index(n), f.item); err != nil {
			return err
		}
	}
	if f.kind == kindRows {
		newestFirst(v)
	}
	_, err := d.dec.ReadToken()
	return err
}
