package web

import (
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// maxText is the longest text that the page shows of elsewhere, in characters.
const maxText = 1000

// plain is a name or a value as one line.
func plain(s string) string { return text.Line(s, maxText) }

// said is what a server or the bridge said, as one line without addresses of e-mail: the account's may be in it.
func said(s string) string { return plain(redact.Emails(s)) }

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
		return "overdue by " + length(-d)
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

// timestamp is a time on the page: in UTC, which a script turns into the browser's time zone.
type timestamp struct {
	Machine string // for the datetime attribute
	Clock   string
	Day     string
	Text    string // as an age
}

// clocked is a time with no age, nil for none.
func clocked(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &timestamp{Machine: t.Format(time.RFC3339), Clock: t.Format(time.DateTime + " MST"), Day: t.Format("Mon 2 Jan")}
}

func aged(t, now time.Time) *timestamp {
	m := clocked(t)
	if m != nil {
		m.Text = ago(now.Sub(t))
	}
	return m
}

func awaited(t, now time.Time) *timestamp {
	m := clocked(t)
	if m != nil {
		m.Text = until(t.Sub(now))
	}
	return m
}
