package webhook

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Bounds of what is read.
const (
	// MaxBody is the longest body that is read, in bytes. A row of telemetry takes some 300.
	MaxBody  = 4 << 10
	maxHints = 8  // in one message
	maxRow   = 64 // bytes that tell a row
)

// Hint says that the cloud has a new row of telemetry of a device.
type Hint struct {
	ID  string // the device's uuid in lower case
	Row string // the date of the row as it was sent, by which the same row is known again; empty for none
}

// Parse reads the hints of a message: of its body, which may be JSON or a form, and of fields, which are its headers and its
// query. It takes what receivers of others have seen: numbers with and without quotation marks, and so ids too; bytes of
// zero in the body; the same row twice. A variable that the portal has not filled in is none. It returns nothing for what
// names no device, and for a body that is too long.
func Parse(body []byte, fields ...map[string][]string) []Hint {
	if len(body) > MaxBody {
		return nil
	}
	hints := scan(clean(body))
	for _, field := range fields {
		hints = add(hints, Hint{ID: uuid(get(field, "device_id")), Row: cut(get(field, "created_date"))})
	}
	return hints
}

// clean drops bytes of zero, and decodes a form.
func clean(body []byte) string {
	s := string(bytes.ReplaceAll(body, []byte{0}, nil))
	if !strings.Contains(s, "{") && strings.Contains(s, "%") {
		if decoded, err := url.QueryUnescape(s); err == nil {
			return decoded
		}
	}
	return s
}

// scan finds the ids that follow the name of their field, whatever the notation: an id that the portal has filled in
// without quotation marks is no JSON.
func scan(s string) []Hint {
	var hints []Hint
	lower := strings.ToLower(s)
	for rest := lower; ; {
		_, after, found := cutName(rest, "device_id", "deviceid", "device-id")
		if !found || len(hints) == maxHints {
			return hints
		}
		end := len(after) // of the row: where the next one names its device
		if next, _, more := cutName(after, "device_id", "deviceid", "device-id"); more {
			end = len(next)
		}
		row := ""
		if _, date, dated := cutName(after[:end], "created_date", "createddate", "created-date"); dated {
			row = cut(value(date))
		}
		hints = add(hints, Hint{ID: uuid(value(after)), Row: row})
		rest = after
	}
}

// cutName cuts s around the first of the names.
func cutName(s string, names ...string) (before, after string, found bool) {
	first, length := -1, 0
	for _, name := range names {
		if i := strings.Index(s, name); i >= 0 && (first < 0 || i < first) {
			first, length = i, len(name)
		}
	}
	if first < 0 {
		return s, "", false
	}
	return s[:first], s[first+length:], true
}

// value is what follows a name: behind the marks between them, up to the next mark.
func value(s string) string {
	s = strings.TrimLeft(s, "\"'\\:= \t\r\n{(")
	if i := strings.IndexAny(s, "\"'\\,;&}) \t\r\n"); i >= 0 {
		s = s[:i]
	}
	return s
}

// get is the first value of a field, whatever the case and the mark between the words of its name.
func get(fields map[string][]string, name string) string {
	plain := strings.NewReplacer("-", "", "_", "").Replace
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		key, values := strings.TrimPrefix(strings.ToLower(key), "x-"), fields[key]
		if plain(key) == plain(name) && len(values) > 0 {
			return strings.ToLower(strings.TrimSpace(values[0]))
		}
	}
	return ""
}

// uuid is s where it is a uuid, and nothing else.
func uuid(s string) string {
	if id, ok := text.UUID(s); ok {
		return id
	}
	return ""
}

func cut(s string) string {
	if strings.HasPrefix(s, "@") { // the portal has not filled it in
		return ""
	}
	return s[:min(len(s), maxRow)]
}

// add adds a hint that is one, once.
func add(hints []Hint, h Hint) []Hint {
	if h.ID == "" || len(hints) >= maxHints || slices.Contains(hints, h) {
		return hints
	}
	return append(hints, h)
}
