package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// read makes a raw value of any layer into the one that Config takes, or says what is wrong with it and what to do. A
// secret is never quoted in what it says.
func (k Key) read(raw any) (value any, problem, do string) {
	switch k.Kind {
	case Duration:
		return k.readDuration(raw)
	case Integer:
		return k.readInteger(raw)
	case Boolean:
		return k.readBoolean(raw)
	case Choice:
		text, ok := raw.(string)
		text = strings.TrimSpace(text)
		if strings.EqualFold(text, "warning") {
			text = "warn"
		}
		i := slices.IndexFunc(k.Choices, func(choice string) bool { return strings.EqualFold(choice, text) })
		if !ok || i < 0 {
			return nil, "is " + k.quote(raw) + ", which is none of its choices", "Use one of: " + strings.Join(k.Choices, ", ") + "."
		}
		return k.Choices[i], "", ""
	default:
		text, ok := raw.(string)
		if !ok {
			// A YAML number is not what was typed: 0123 would become 83 and 1e5 100000.
			return nil, "is " + a(raw) + " and must be text", "Write one text in quotes: " + k.Leaf() + `: "…".`
		}
		if !k.Secret {
			text = strings.TrimSpace(text)
			if strings.ContainsFunc(text, unicode.IsControl) {
				return nil, "has a line break or another control character in it", "Remove it."
			}
		}
		return text, "", ""
	}
}

// splitDuration matches a number or a unit with a blank inside: 1 5m is rather a slip of the hand than 15m. Between number and unit, and
// before the next number, a blank is fine.
var splitDuration = regexp.MustCompile(`[\d.] +[\d.]|\pL +\pL`)

func (k Key) readDuration(raw any) (any, string, string) {
	do := "Write a number with its unit, such as " + k.Default + "."
	text, ok := raw.(string)
	if !ok {
		if isNumber(raw) {
			return nil, "is " + k.quote(raw) + " without a unit", do
		}
		return nil, "is " + a(raw) + " and must be a duration", do
	}
	if splitDuration.MatchString(text) {
		return nil, "is " + k.quote(raw) + ", which is not a duration", do
	}
	text = strings.ReplaceAll(text, " ", "")
	d, err := time.ParseDuration(text)
	if err != nil {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return nil, "is " + k.quote(raw) + " without a unit", do
		}
		return nil, "is " + k.quote(raw) + ", which is not a duration", do
	}
	least, _ := time.ParseDuration(k.Min)
	most, _ := time.ParseDuration(k.Max)
	if d < least || d > most {
		return nil, "is " + k.quote(raw) + " and must be from " + k.Min + " to " + k.Max, "Choose a value in between; the default is " + k.Default + "."
	}
	return d, "", ""
}

func (k Key) readInteger(raw any) (any, string, string) {
	least, _ := strconv.Atoi(k.Min)
	most, _ := strconv.Atoi(k.Max)
	do := "Write a whole number from " + k.Min + " to " + k.Max + "."
	var n int
	switch v := raw.(type) {
	case int:
		n = v
	case float64: // what JSON makes of a number
		if v != math.Trunc(v) { // NaN too
			return nil, "is " + k.quote(raw) + ", which is not a whole number", do
		}
		n = int(min(max(v, -1), float64(most)+1)) // one beyond the limits may not be convertible
	case string:
		parsed, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, "is " + k.quote(raw) + ", which is not a whole number", do
		}
		n = parsed
	default:
		return nil, "is " + a(raw) + " and must be a whole number", do
	}
	if n < least || n > most {
		return nil, "is " + k.quote(raw) + " and must be from " + k.Min + " to " + k.Max, do
	}
	return n, "", ""
}

func (k Key) readBoolean(raw any) (any, string, string) {
	switch v := raw.(type) {
	case bool:
		return v, "", ""
	case string:
		// YAML 1.1 and Home Assistant read these words as booleans, so that people write them.
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "yes", "on", "1":
			return true, "", ""
		case "false", "no", "off", "0":
			return false, "", ""
		}
	}
	return nil, "is " + k.quote(raw) + " and must be true or false", "Write true or false."
}

// quote shows a value in a message, as far as it may be seen.
func (k Key) quote(raw any) string {
	switch v := raw.(type) {
	case string:
		if k.Secret {
			return redact.Mark
		}
		return strconv.Quote(short(v))
	case bool, int, int64, uint64, float64:
		if k.Secret {
			return redact.Mark
		}
		return fmt.Sprint(v)
	}
	return a(raw)
}

// a names the type of a value with its article.
func a(raw any) string {
	switch raw.(type) {
	case string:
		return "a text"
	case bool:
		return "a true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a group of keys"
	case time.Time:
		return "a date"
	}
	if isNumber(raw) {
		return "a number"
	}
	return "something else"
}

func isNumber(raw any) bool {
	switch raw.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return false
}

// short cuts a text that is too long for a message.
func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}

// printable makes the name of an unknown key fit for a message: short and in one line.
func printable(name string) string {
	quoted := strconv.Quote(short(name))
	if name == "" || quoted != `"`+short(name)+`"` {
		return quoted
	}
	return short(name)
}

// readSmall reads a file of at most maxFileSize. Its error has no path: the message around it has.
func readSmall(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file") // to open a pipe would wait for its other end
	}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		var content []byte
		content, err = io.ReadAll(io.LimitReader(f, maxFileSize+1))
		if err == nil && len(content) > maxFileSize {
			return "", fmt.Errorf("it is larger than %d bytes", maxFileSize)
		}
		if err == nil {
			return string(content), nil
		}
	}
	var unreadable *fs.PathError
	if errors.As(err, &unreadable) {
		return "", unreadable.Err
	}
	return "", err
}
