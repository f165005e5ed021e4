package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxDocument is the longest document that is read, in bytes. The vendor's published one has about 100 KiB.
const MaxDocument = 4 << 20

// Errors of a document that can't be compared.
var (
	ErrTooLarge = fmt.Errorf("the description is longer than %d MiB", MaxDocument>>20)
	ErrTangled  = errors.New("the description's parts refer to each other too often")
	ErrNoJSON   = errors.New("what stands in the description's place is no OpenAPI document in JSON")
)

// document is what is read of an OpenAPI document; the places of version 2 stand beside those of version 3.
type document struct {
	Paths      map[string]pathItem `json:"paths"`
	Components struct {
		Schemas    map[string]*schema   `json:"schemas"`
		Parameters map[string]parameter `json:"parameters"`
	} `json:"components"`
	Definitions map[string]*schema   `json:"definitions"` // of version 2
	Parameters  map[string]parameter `json:"parameters"`  // of version 2

	merged int // parts, fields and values that resolve has put together so far
}

type pathItem struct {
	Get        *operation  `json:"get"`
	Post       *operation  `json:"post"`
	Put        *operation  `json:"put"`
	Patch      *operation  `json:"patch"`
	Delete     *operation  `json:"delete"`
	Parameters []parameter `json:"parameters"`
}

type operation struct {
	Parameters []parameter         `json:"parameters"`
	Responses  map[string]response `json:"responses"`
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
}

type response struct {
	Content map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
	Schema *schema `json:"schema"` // of version 2
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       typeName           `json:"type"`
	Format     string             `json:"format"`
	Enum       []any              `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	AllOf      []*schema          `json:"allOf"`
}

// typeName is a schema's type. Version 3.1 may list null beside it.
type typeName Type

func (t *typeName) UnmarshalJSON(b []byte) error {
	var names []string
	if json.Unmarshal(b, &names) != nil {
		return json.Unmarshal(b, (*string)(t))
	}
	for _, name := range names {
		if name != "null" {
			*t = typeName(name)
			break
		}
	}
	return nil
}

func parse(data []byte) (*document, error) {
	if len(data) > MaxDocument {
		return nil, ErrTooLarge
	}
	d := new(document)
	if err := json.Unmarshal(data, d); err != nil || len(d.Paths) == 0 {
		return nil, ErrNoJSON
	}
	return d, nil
}

// operations are the document's operations by endpoint and method, as in "Hydrometers/GetHydrometers GET".
func (d *document) operations() map[string]*operation {
	out := map[string]*operation{}
	for path, item := range d.Paths {
		for method, op := range map[string]*operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil {
				op.Parameters = append(op.Parameters, item.Parameters...)
				out[strings.TrimPrefix(strings.TrimPrefix(path, "/"), "api/")+" "+method] = op
			}
		}
	}
	return out
}

// query are the operation's query parameters, and whether each is required.
func (d *document) query(op *operation) map[string]bool {
	out := map[string]bool{}
	for _, p := range op.Parameters {
		if p.Ref != "" {
			name := p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]
			known, ok := d.Components.Parameters[name]
			if !ok {
				known = d.Parameters[name]
			}
			p = known
		}
		if p.In == "query" {
			out[p.Name] = p.Required
		}
	}
	return out
}

// reply is the schema of the operation's answer; nil where the document doesn't tell it.
func (op *operation) reply() *schema {
	r, ok := op.Responses["200"]
	if !ok {
		r = op.Responses["default"]
	}
	if r.Schema != nil {
		return r.Schema
	}
	if json, ok := r.Content["application/json"]; ok {
		return json.Schema
	}
	for _, media := range slices.Sorted(maps.Keys(r.Content)) {
		return r.Content[media].Schema
	}
	return nil
}

const (
	maxReferences = 10        // that are followed in a row
	maxMerged     = 1_000_000 // parts, fields and values: more only where parts refer to each other again and again
)

// tangled reports whether so much was put together that the rest is not looked at.
func (d *document) tangled() bool { return d.merged > maxMerged }

// resolve follows references, and gives the schema with all of its parts. name is that of the last reference, empty for none.
func (d *document) resolve(s *schema, hops int) (whole *schema, name string) {
	for ; s != nil && s.Ref != "" && hops < maxReferences; hops++ {
		name = s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		next, ok := d.Components.Schemas[name]
		if !ok {
			next = d.Definitions[name]
		}
		s = next
	}
	if s != nil && s.Ref != "" { // it leads in a circle
		return nil, name
	}
	if s == nil || len(s.AllOf) == 0 || hops >= maxReferences {
		return s, name
	}
	out := *s
	out.AllOf, out.Properties = nil, maps.Clone(s.Properties)
	for _, part := range s.AllOf {
		d.merged++
		p, of := d.resolve(part, hops+1)
		if d.tangled() {
			return nil, name
		}
		if p == nil {
			continue
		}
		d.merged += len(p.Properties) + len(p.Enum)
		if name == "" {
			name = of
		}
		if out.Type == "" {
			out.Type = p.Type
		}
		if out.Format == "" {
			out.Format = p.Format
		}
		if out.Items == nil {
			out.Items = p.Items
		}
		out.Enum = append(slices.Clip(out.Enum), p.Enum...)
		if out.Properties == nil {
			out.Properties = map[string]*schema{}
		}
		maps.Copy(out.Properties, p.Properties)
	}
	return &out, name
}
