package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Kind is in what the API differs from what the client uses.
type Kind string

// The kinds.
const (
	Gone      Kind = "gone"
	New       Kind = "new"
	OtherType Kind = "of another type"
)

// Difference is one thing in which the API's description differs from what the client uses.
type Difference struct {
	Kind Kind `json:"kind"`
	// Endpoint is the path below /api/. Field is the way to a field or parameter there; empty for the endpoint itself.
	Endpoint string `json:"endpoint"`
	Field    string `json:"field,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// String says it in one line.
func (d Difference) String() string {
	out := string(d.Kind) + ": " + d.Endpoint
	if d.Field != "" {
		out += " " + d.Field
	}
	if d.Detail != "" {
		out += " (" + d.Detail + ")"
	}
	return out
}

// Hurts reports whether the client misses something: what is new does no harm.
func (d Difference) Hurts() bool { return d.Kind != New }

// maxDepth is how deep objects and lists within each other are compared; the client reads four levels.
const maxDepth = 16

// maxName bounds a name or a value of the document, in characters.
const maxName = 100

// Compare says in what a document differs from what the client uses, by endpoint and field. An object that several endpoints
// answer with is compared once. The error is [ErrTooLarge], [ErrNoJSON] or [ErrTangled].
func Compare(data []byte, uses []Use) ([]Difference, error) {
	d, err := parse(data)
	if err != nil {
		return nil, err
	}
	c := comparison{document: d, seen: map[[2]string]bool{}}
	operations := d.operations()
	for _, u := range uses {
		key := u.Endpoint + " " + u.Method
		op, ok := operations[key]
		delete(operations, key)
		c.endpoint = u.Endpoint
		if !ok {
			c.add(Gone, "", u.Method)
			continue
		}
		c.parameters(u, op)
		if reply := op.reply(); u.Reply != nil && reply != nil {
			c.value(u.Reply, reply, "", 0)
		}
	}
	if d.tangled() {
		return nil, ErrTangled
	}
	for key := range operations {
		var method string
		_, _ = fmt.Sscan(key, &c.endpoint, &method)
		c.add(New, "", method)
	}
	slices.SortStableFunc(c.found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Detail, b.Detail))
	})
	return c.found, nil
}

// comparison collects the differences.
type comparison struct {
	*document
	endpoint string
	seen     map[[2]string]bool // by the name of the client's object and the document's
	found    []Difference
}

func (c *comparison) add(k Kind, field, detail string) {
	c.found = append(c.found, Difference{k, text.Line(c.endpoint, maxName), text.Line(field, 2*maxName), text.Line(detail, 2*maxName)})
}

func (c *comparison) parameters(u Use, op *operation) {
	there := c.query(op)
	for _, name := range u.Parameters {
		if _, ok := there[name]; !ok {
			c.add(Gone, "?"+name, "")
		}
		delete(there, name)
	}
	for name, required := range there {
		if required {
			c.add(OtherType, "?"+name, "a new parameter that is required")
		} else {
			c.add(New, "?"+name, "")
		}
	}
}

// value compares a value that the client reads at a place with its schema.
func (c *comparison) value(want *Shape, s *schema, at string, depth int) {
	s, name := c.resolve(s, 0)
	if s == nil || want.Type == Any || depth > maxDepth {
		return
	}
	got := Type(s.Type)
	if got == Any && s.Properties != nil {
		got = Object
	}
	switch {
	case got != want.Type:
		c.add(OtherType, at, fmt.Sprintf("%s instead of %s", cmp.Or(got, "anything"), want.Type))
	case want.Format != "" && s.Format != want.Format:
		c.add(OtherType, at, fmt.Sprintf("%s instead of %s", cmp.Or(s.Format, "any text"), want.Format))
	case got == List && want.Items != nil && s.Items != nil:
		if at != "" {
			at += "[]"
		}
		c.value(want.Items, s.Items, at, depth+1)
	case got == Object:
		if key := [2]string{want.Name, name}; name == "" || !c.seen[key] {
			c.seen[key] = true
			c.fields(want, s, at, depth)
		}
	default:
		c.values(want, s, at)
	}
}

func (c *comparison) fields(want *Shape, s *schema, at string, depth int) {
	if at != "" {
		at += "."
	}
	for _, name := range slices.Sorted(maps.Keys(want.Fields)) {
		field := want.Fields[name]
		switch property := s.Properties[name]; {
		case property != nil:
			c.value(field, property, at+name, depth+1)
		case !field.Beyond && field.Type != Any:
			c.add(Gone, at+name, string(field.Type))
		}
	}
	for name, property := range s.Properties {
		if want.Fields[name] == nil {
			property, _ := c.resolve(property, 0)
			kind := "of an unknown type"
			if property != nil && property.Type != "" {
				kind = string(property.Type)
			}
			c.add(New, at+name, kind)
		}
	}
}

// values compares the values of an enumeration.
func (c *comparison) values(want *Shape, s *schema, at string) {
	if want.Values == nil || s.Enum == nil {
		return
	}
	var got []string
	for _, v := range s.Enum {
		got = append(got, fmt.Sprint(v))
	}
	for _, v := range got {
		if !slices.Contains(want.Values, v) && v != fmt.Sprint(nil) {
			c.add(New, at, "the value "+v)
		}
	}
	for _, v := range want.Values {
		if !slices.Contains(got, v) {
			c.add(Gone, at, "the value "+v)
		}
	}
}
