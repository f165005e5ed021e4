package web

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// mail finds addresses of e-mail: the account's may be in what a server said.
var mail = regexp.MustCompile(`([\pL\pN._%+-])[\pL\pN._%+-]*(@[\pL\pN-]+\.[\pL\pN.-]+)`)

// masked is a text with no address of e-mail in full.
func masked(text string) string { return mail.ReplaceAllString(text, "$1…$2") }

// plain is a name or a value as one line: what controls a terminal, a line or the direction of writing is left out.
func plain(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200d': // the joiner holds some emoji together
			return -1
		}
		return r
	}, text))
}

// said is what a server or the bridge said, as one line.
func said(text string) string { return plain(masked(text)) }

// ago is an age as people say it. What a clock elsewhere dates a little ahead is just now.
func ago(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return length(d) + " ago"
}

// until is a time to come, or one that was expected and has passed.
func until(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return "in " + length(d)
	case d > -time.Minute:
		return "any moment"
	default:
		return "due for " + length(-d)
	}
}

func length(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
}

// moment is a time on the page.
type moment struct {
	Machine string // for the datetime attribute
	Clock   string
	Text    string // as an age
}

// clocked is a time with no age, nil for none.
func clocked(t time.Time, zone *time.Location) *moment {
	if t.IsZero() {
		return nil
	}
	t = t.In(zone)
	return &moment{Machine: t.Format(time.RFC3339), Clock: t.Format(time.DateTime)}
}

func aged(t, now time.Time) *moment {
	m := clocked(t, now.Location())
	if m != nil {
		m.Text = ago(now.Sub(t))
	}
	return m
}

func awaited(t, now time.Time) *moment {
	m := clocked(t, now.Location())
	if m != nil {
		m.Text = until(t.Sub(now))
	}
	return m
}
