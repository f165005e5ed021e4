// Package text cleans what comes from elsewhere (device names, payloads, error messages of a server) before it goes
// into a log, a topic or a page.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is s as one line of at most limit characters: white space and control characters folded
// into single spaces, invalid UTF-8 and what can't be seen left out, trimmed, and cut with an ellipsis. However long s is, no more of it is
// looked at than limit needs.
func Line(s string, limit int) string {
	if plain(s) && len(s) <= limit {
		return s
	}
	var b strings.Builder
	n, space := 0, false
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if i += size; i > 16*limit+64 { // so much of it is invisible
			return b.String() + "…"
		}
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = n > 0
			continue
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r) && !Joiner(r):
			continue
		}
		if space {
			if n++; n < limit {
				b.WriteByte(' ')
			}
			space = false
		}
		if n++; n >= limit && (n > limit || more(s[i:])) {
			return strings.TrimSuffix(b.String(), " ") + "…"
		}
		b.WriteRune(r)
	}
	return b.String()
}

// more reports whether anything that can be seen begins within the next few characters.
func more(rest string) bool {
	return strings.ContainsFunc(rest[:min(len(rest), 64)], func(r rune) bool { return !unicode.IsSpace(r) && unicode.IsPrint(r) })
}

// Joiner reports whether a character is not seen but shapes its neighbours, in emoji and in scripts such as Persian.
func Joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// Quote is s in quotes, cut to what fits a message.
func Quote(s string) string { return strconv.Quote(Line(s, 41)) }

// plain reports whether s is what Line would make of it, being printable ASCII with single spaces, as most names are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}
