package diagnose

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	maxFields = 400 // of an endpoint
	maxKinds  = 16  // of a field
	maxWay    = 6   // objects and lists within each other
	maxName   = 40  // letters of a field's name
	// otherName stands for a name that may be somebody's: the API's have letters alone and begin with a small one.
	otherName = "(another name)"
	otherKind = "(another)"
)

// shape is what the answers of an endpoint look like: how often a field holds what kind of value, never the value.
type shape struct {
	fields map[string]map[string]int
	// order counts in which order lists of rows came.
	order map[string]int
}

// toldValues are the fields of which the value is told where it is one plain word: they are enumerations of the API's, or words
// that nobody has listed yet.
var toldValues = map[string]bool{
	"connectionState": true, "deviceType": true, "pairedDeviceType": true, "controlDeviceType": true, "lightEnabled": true,
}

// shape is the one of an endpoint; nil when there are too many.
func (r *Record) shape(endpoint string) *shape {
	s := r.shapes[endpoint]
	if s == nil && len(r.shapes) < maxEndpoints {
		s = &shape{fields: map[string]map[string]int{}, order: map[string]int{}}
		r.shapes[endpoint] = s
	}
	return s
}

// rows notes which values a reading has.
func (r *Record) rows(u device.Update) {
	if r.readings[u.Family] >= maxReadings {
		return // more would tell nothing new
	}
	r.readings[u.Family]++
	s := r.shape("readings of " + string(u.Family))
	if s == nil {
		return
	}
	for row, v := range u.Rows {
		kind := "null"
		if v.Known() {
			kind = "known"
		}
		s.note(row.Key, kind)
	}
}

// Notice takes what the contract doesn't have.
func (r *Record) Notice(n raptclient.Notice) {
	s := r.shape("not in the contract: " + n.Resource)
	if s == nil {
		return
	}
	way := strings.Split(n.Field, ".")
	for i, name := range way[:min(len(way), maxWay)] {
		way[i] = plainName(name)
	}
	kind := string(n.Kind)
	if n.Kind == raptclient.UnknownField || n.Kind == raptclient.WrongType {
		kind += ", " + n.Detail // the kind of JSON
	}
	s.note(strings.Join(way[:min(len(way), maxWay)], "."), kind)
}

// Body takes the body of an answer. What is not JSON is passed over.
func (r *Record) Body(endpoint string, body []byte) {
	s := r.shape(endpoint)
	if s == nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	_, _ = s.value(d, "", "", 0)
}

var errDeep = errors.New("too deep")

// value notes the kind of the next value at a place. It returns the value where it is a text.
func (s *shape) value(d *json.Decoder, at, name string, depth int) (content string, err error) {
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	if depth > maxWay {
		return "", errDeep // what follows is not looked at
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return "", s.list(d, at, depth)
		}
		s.note(at, "object")
		_, err := s.object(d, at, depth)
		return "", err
	case string:
		s.note(at, kindOfText(name, t))
		return t, nil
	case json.Number:
		kind := "whole number"
		if strings.ContainsAny(t.String(), ".eE") {
			kind = "number"
		}
		s.note(at, kind)
	case bool:
		s.note(at, "true or false")
	case nil:
		s.note(at, "null")
	}
	return "", nil
}

func (s *shape) list(d *json.Decoder, at string, depth int) error {
	n, rising, falling := 0, 0, 0
	var before time.Time
	for d.More() {
		n++
		created, err := s.element(d, at+"[]", depth+1)
		if err != nil {
			return err
		}
		if !created.IsZero() && !before.IsZero() {
			if created.After(before) {
				rising++
			} else if created.Before(before) {
				falling++
			}
		}
		before = created
	}
	_, err := d.Token()
	kind := "list"
	if n == 0 {
		kind = "empty list"
	}
	s.note(at, kind)
	if order := orderOf(rising, falling); order != "" && (len(s.order) < maxKinds || s.order[placeName(at)+" "+order] > 0) {
		s.order[placeName(at)+" "+order]++
	}
	return err
}

// orderOf is the order of rows of which so many are later and earlier than the one before; empty where that says none.
func orderOf(rising, falling int) string {
	switch {
	case rising > 0 && falling > 0:
		return "mixed"
	case rising > 0:
		return "oldest first"
	case falling > 0:
		return "newest first"
	}
	return ""
}

// element is an item of a list. It returns when the item was made, where it is a row that says so.
func (s *shape) element(d *json.Decoder, at string, depth int) (time.Time, error) {
	token, err := d.Token()
	if err != nil {
		return time.Time{}, err
	}
	if depth > maxWay {
		return time.Time{}, errDeep
	}
	switch token {
	case json.Delim('{'):
		return s.object(d, at, depth)
	case json.Delim('['):
		return time.Time{}, s.list(d, at, depth)
	}
	s.note(at, otherKind)
	return time.Time{}, nil
}

// object reads the fields of an object whose beginning has been read. created is its createdOn.
func (s *shape) object(d *json.Decoder, at string, depth int) (created time.Time, err error) {
	if at = strings.TrimPrefix(at, "[]"); at != "" {
		at += "."
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return created, err
		}
		key, _ := token.(string)
		name := plainName(key)
		content, err := s.value(d, at+name, name, depth+1)
		if err != nil {
			return created, err
		}
		if name == "createdOn" {
			created, _ = time.Parse(time.RFC3339Nano, content)
		}
	}
	_, err = d.Token()
	if err == io.EOF {
		err = nil
	}
	return created, err
}

// placeName is a place as the file has it.
func placeName(at string) string {
	if at == "" {
		return "(the answer)"
	}
	return at
}

func (s *shape) note(at, kind string) {
	at = placeName(at)
	kinds := s.fields[at]
	if kinds == nil {
		if len(s.fields) >= maxFields {
			return
		}
		kinds = map[string]int{}
		s.fields[at] = kinds
	}
	if kinds[kind] == 0 && len(kinds) >= maxKinds {
		kind = otherKind
	}
	kinds[kind]++
}

// plainName is the name of a field, or what stands for it.
func plainName(name string) string {
	if name == "" || len(name) > maxName || name[0] < 'a' || name[0] > 'z' || !isWord(name) {
		return otherName
	}
	return name
}

// isWord reports whether a text is of the letters A to Z alone.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// kindOfText says what form a text has.
func kindOfText(name, value string) string {
	_, uuid := text.UUID(value)
	switch {
	case value == "":
		return "empty text"
	case uuid:
		return "uuid"
	case toldValues[name] && isWord(value) && len(value) <= maxName:
		return "text " + value
	}
	if _, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return "time " + formOfTime(value)
	}
	return "text"
}

// formOfTime is how a time is written: its digits after the second, and its zone.
func formOfTime(value string) string {
	_, rest, _ := strings.Cut(value, "T")
	digits := 0
	if _, fraction, ok := strings.Cut(rest, "."); ok {
		digits = len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
	}
	zone := "an offset"
	if strings.HasSuffix(value, "Z") {
		zone = "Z"
	} else if strings.HasSuffix(value, "+00:00") {
		zone = "+00:00"
	}
	return "with " + string(rune('0'+min(digits, 9))) + " digits, " + zone
}
