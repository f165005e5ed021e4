package device

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// MaxText is the longest state that Home Assistant accepts, in characters.
const MaxText = 255

// Value is one value of a reading: a number, a flag, a text or a time. The zero Value is unknown.
// It is small, since the rows of a long history hold many.
type Value struct {
	kind kind
	nsec int32   // of a time, beside its seconds
	num  float64 // of a flag 0 or 1, of a time the seconds since 1970
	text string
}

type kind uint8

const (
	unknown kind = iota
	isNumber
	isFlag
	isText
	isTime
)

// Number is a number; NaN and the infinities are unknown, since no document can hold them.
func Number(n float64) Value {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return Value{}
	}
	return Value{kind: isNumber, num: n}
}

// Flag is true or false.
func Flag(on bool) Value {
	if on {
		return Value{kind: isFlag, num: 1}
	}
	return Value{kind: isFlag}
}

// Text is a text as one line that Home Assistant accepts; a blank one is unknown.
func Text(s string) Value {
	if s = text.Line(s, MaxText); s == "" {
		return Value{}
	}
	return Value{kind: isText, text: s}
}

// Time is a moment; the zero time is unknown.
func Time(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Value{kind: isTime, num: float64(t.Unix()), nsec: int32(t.Nanosecond())}
}

// Known reports whether there is a value.
func (v Value) Known() bool { return v.kind != unknown }

// Number returns a number; false for anything else.
func (v Value) Number() (float64, bool) { return v.num, v.kind == isNumber }

// Flag returns a flag; false, false for anything else.
func (v Value) Flag() (on, ok bool) { return v.kind == isFlag && v.num == 1, v.kind == isFlag }

// Text returns a text; false for anything else.
func (v Value) Text() (string, bool) { return v.text, v.kind == isText }

// Time returns a moment, in UTC; false for anything else.
func (v Value) Time() (time.Time, bool) {
	if v.kind != isTime {
		return time.Time{}, false
	}
	return time.Unix(int64(v.num), int64(v.nsec)).UTC(), true
}

// Metric is the value of a row as a metric shows it: a number as in the document, 0 or 1 for a flag; false for others.
func (v Value) Metric(r Row) (float64, bool) {
	if v.kind == isNumber {
		return rounded(v.num, r.Decimals), true
	}
	return v.num, v.kind == isFlag
}

// Same reports whether two values are one. The cloud stores numbers as floats with noise, so a hundredth is close enough;
// small numbers, such as PID gains, are compared by their size. Nothing is the same as an unknown value.
func (v Value) Same(other Value) bool {
	if v.kind == isNumber && other.kind == isNumber {
		return math.Abs(v.num-other.num) <= min(0.01, 0.005+math.Abs(v.num)*0.001)
	}
	return v.kind != unknown && v.kind == other.kind && v.num == other.num && v.text == other.text && v.nsec == other.nsec
}

// roundedTarget is how near to the target that was set, in °C, one is that the cloud may have rounded to a tenth. Homes with
// °F set hundredths: 67 °F is 19.44 °C.
const roundedTarget = 0.06

// Confirms reports whether a value that the cloud shows for a key is the one that was asked for.
func (v Value) Confirms(key string, asked Value) bool {
	if key == "target_temperature" && v.kind == isNumber && asked.kind == isNumber {
		return math.Abs(v.num-asked.num) <= roundedTarget
	}
	return v.Same(asked)
}

// AppendJSON appends the value, a number rounded to so many decimals, a time to the second in UTC, or null.
func (v Value) AppendJSON(b []byte, decimals int) []byte {
	switch v.kind {
	case isNumber:
		return strconv.AppendFloat(b, rounded(v.num, decimals), 'f', -1, 64)
	case isFlag:
		return strconv.AppendBool(b, v.num == 1)
	case isText:
		b, _ = jsontext.AppendQuote(b, v.text)
		return b
	case isTime:
		b = append(b, '"')
		b = time.Unix(int64(v.num), 0).UTC().AppendFormat(b, time.RFC3339)
		return append(b, '"')
	}
	return append(b, "null"...)
}

// asIs keeps every digit of a number that a double holds.
const asIs = 17

// MarshalJSON writes the value with all its digits.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil, asIs), nil }

// String is the value as a log shows it.
func (v Value) String() string {
	if v.kind == isText {
		return v.text
	}
	return string(v.AppendJSON(nil, asIs))
}

// rounded is v to so many decimals; never the negative zero, which would be published as "-0".
func rounded(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	r := math.Round(v*scale) / scale
	if math.IsInf(r, 0) || math.IsNaN(r) {
		return v
	}
	return r + 0
}
