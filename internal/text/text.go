// Package text cleans what comes from elsewhere (device names, payloads, error messages of a server) before it goes
// into a log, a topic or a page.
package text

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is s as one line of at most limit characters: invalid UTF-8 replaced, control characters turned into spaces,
// invisible formatting characters left out, trimmed, and cut with an ellipsis. However long s is, no more of it is
// looked at than limit needs.
func Line(s string, limit int) string {
	// Four bytes are the longest character, and some that are left out may stand between.
	cut := false
	if most := 8*limit + 64; len(s) > most {
		s, cut = s[:most], true
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && size == 1 {
			s = s[:len(s)-1] // half of a character
		}
	}
	if clean(s) && !cut {
		s = strings.TrimSpace(s)
	} else {
		s = strings.TrimSpace(strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD")))
	}
	if !cut && (len(s) <= limit || utf8.RuneCountInString(s) <= limit) {
		return s
	}
	n := 0
	for i := range s {
		if n++; n == limit {
			return s[:i] + "…"
		}
	}
	return s + "…"
}

// Quote is s in quotes, cut to what fits a message.
func Quote(s string) string { return strconv.Quote(Line(s, 41)) }

// clean reports whether s is plain ASCII without control characters, as most names are.
func clean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func visible(r rune) rune {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return ' '
	case unicode.Is(unicode.Cf, r) && r != '\u200d': // the joiner holds some emoji together
		return -1
	}
	return r
}
