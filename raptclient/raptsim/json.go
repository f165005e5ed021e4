package raptsim

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// writer writes JSON of one device; dates have the device's digits.
type writer struct {
	b      []byte
	digits int
}

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

// put writes a field of an object.
func (w *writer) put(name string, v any) {
	w.key(name)
	w.value(v)
}

// maybe writes null for a number without a value.
func (w *writer) maybe(name string, n float64) {
	if math.IsNaN(n) {
		w.put(name, nil)
	} else {
		w.put(name, n)
	}
}

func (w *writer) value(v any) {
	switch x := v.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case bool:
		w.b = strconv.AppendBool(w.b, x)
	case float64:
		w.float(x)
	case int:
		w.b = strconv.AppendInt(w.b, int64(x), 10)
	case string:
		w.text(x)
	case time.Time:
		w.date(x)
	default:
		b, err := json.Marshal(v)
		if err != nil { // a value that a test set and that has no JSON
			b = []byte("null")
		}
		w.b = append(w.b, b...)
	}
}

func (w *writer) float(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		w.text(strconv.FormatFloat(x, 'g', -1, 64)) // as .NET writes it when allowed to
		return
	}
	w.b = strconv.AppendFloat(w.b, x, 'f', -1, 64)
}

// noise writes a 32-bit float with the 15 digits that the service shows: 17.4999904632568.
func (w *writer) noise(x float64) {
	w.b = strconv.AppendFloat(w.b, float64(float32(x)), 'g', 15, 64)
}

func (w *writer) text(s string) {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			b, _ := json.Marshal(s) // a string always marshals
			w.b = append(w.b, b...)
			return
		}
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *writer) date(t time.Time) {
	const layout = "2006-01-02T15:04:05.9999999"
	w.b = append(w.b, '"')
	if w.digits <= 0 {
		w.b = t.UTC().AppendFormat(w.b, layout[:19]+"+00:00")
	} else {
		w.b = t.UTC().AppendFormat(w.b, layout[:20+min(w.digits, 7)]+"Z")
	}
	w.b = append(w.b, '"')
}

func (w *writer) open(c byte) { w.b = append(w.b, c) }

// comma stands before every element of an array but the first.
func (w *writer) comma() {
	if w.b[len(w.b)-1] != '[' {
		w.b = append(w.b, ',')
	}
}
