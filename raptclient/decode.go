package raptclient

import (
	"bytes"
	"io"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
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
	// orders are the orders in which the objects so far had their fields.
	orders map[*table]order
}

func (r *reader) decode(resource string, body []byte) *decoding {
	return r.decodeFrom(resource, bytes.NewBuffer(bytes.TrimPrefix(body, bom)))
}

func (r *reader) decodeFrom(resource string, body io.Reader) *decoding {
	return &decoding{reader: r, resource: resource, orders: map[*table]order{}, dec: jsontext.NewDecoder(body,
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// itemSize is about how many bytes of JSON a device has at the least; a list's first room is made by it.
const itemSize = 1 << 10

// decodeList reads a list. What is wrong within it is counted; an error means that the body as a whole is of no use. The list
// must be a list: taking a null for an empty one would make devices vanish.
func decodeList[D any](r *reader, resource string, body []byte) (List[D], error) {
	d := r.decode(resource, body)
	t := r.table(reflect.TypeFor[D]())
	if d.dec.PeekKind() != '[' {
		return List[D]{}, d.unexpected("a list")
	}
	items := make([]D, 0, len(body)/itemSize+1)
	seen := make(map[string]struct{}, cap(items))
	err := d.each(func() (reason string, err error) {
		var zero D
		items = append(items, zero)
		if reason, err = d.item(reflect.ValueOf(&items[len(items)-1]).Elem(), t, seen); reason != "" {
			items = items[:len(items)-1]
		}
		return reason, err
	})
	if err != nil {
		return List[D]{}, d.syntax(err)
	}
	return List[D]{items, d.report}, d.end()
}

// decodeRows reads telemetry rows as they come. They need no key; null is no row and an object is one.
func decodeRows[T any](r *reader, resource string, body io.Reader, take func(*T)) (Report, error) {
	body, err := withoutBOM(body)
	if err != nil {
		return Report{}, err
	}
	d := r.decodeFrom(resource, body)
	t := r.table(reflect.TypeFor[T]())
	row := new(T)
	one := func() (reason string, err error) {
		*row = *new(T)
		if reason, err = d.row(reflect.ValueOf(row).Elem(), t); reason == "" && err == nil {
			take(row)
		}
		return reason, err
	}
	switch d.dec.PeekKind() {
	case '[':
		err = d.each(one)
	case 'n':
		err = d.dec.SkipValue()
	case '{':
		_, err = one()
	default:
		return Report{}, d.unexpected("a list")
	}
	if err != nil {
		return Report{}, d.syntax(err)
	}
	return d.report, d.end()
}

// withoutBOM passes over a byte order mark.
func withoutBOM(body io.Reader) (io.Reader, error) {
	begin := make([]byte, len(bom))
	n, err := io.ReadFull(body, begin)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(bytes.TrimPrefix(begin[:n], bom)), body), nil
}

// each goes through a list. one reads an item, or says why it is left out.
func (d *decoding) each(one func() (reason string, err error)) error {
	_, err := d.dec.ReadToken()
	for err == nil && d.dec.PeekKind() != ']' {
		var reason string
		if reason, err = one(); reason != "" {
			d.report.Skipped++
			d.notice(SkippedItem, "", reason)
		}
	}
	if err == nil {
		_, err = d.dec.ReadToken()
	}
	return err
}

// item reads one item of a list, or says why it is left out.
func (d *decoding) item(item reflect.Value, t *table, seen map[string]struct{}) (reason string, err error) {
	if reason, err = d.row(item, t); reason != "" || err != nil {
		return reason, err
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

// row reads an object of a list, or says why it is left out.
func (d *decoding) row(row reflect.Value, t *table) (reason string, err error) {
	if k := d.dec.PeekKind(); k != '{' {
		if err := d.dec.SkipValue(); err != nil {
			return "", err
		}
		return kindName(k) + " instead of an object", nil
	}
	return "", d.object(row, t)
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
	order, last := d.order(t), 0
	for d.dec.PeekKind() != '}' {
		raw, err := d.dec.ReadValue()
		if err != nil {
			return err
		}
		name, _ := unquote(raw)
		f := order.after(last, name, t)
		if f != nil {
			last = f.number
		}
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
