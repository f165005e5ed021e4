package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAges(t *testing.T) {
	for _, c := range []struct {
		d          time.Duration
		ago, until string
	}{
		{-48 * time.Hour, "just now", "overdue by 2 days"},
		{-2 * time.Hour, "just now", "overdue by 2 h"},
		{-time.Minute, "just now", "overdue by 1 min"},
		{-time.Second, "just now", "any moment"},
		{0, "just now", "any moment"},
		{59 * time.Second, "just now", "any moment"},
		{time.Minute, "1 min ago", "in 1 min"},
		{59*time.Minute + 59*time.Second, "59 min ago", "in 59 min"},
		{time.Hour, "1 h ago", "in 1 h"},
		{47*time.Hour + 59*time.Minute, "47 h ago", "in 47 h"},
		{48 * time.Hour, "2 days ago", "in 2 days"},
	} {
		assert.Equal(t, c.ago, ago(c.d), c.d)
		assert.Equal(t, c.until, until(c.d), c.d)
	}
}

func TestWhatWasSaidHasNoAddressOfEMail(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"nothing":                          "nothing",
		"no user brewer@example.com\n":     "no user REDACTED",
		"müller@brauerei.example, x@y.org": "REDACTED, REDACTED",
	} {
		assert.Equal(t, want, said(text))
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		" Pale\tale\r\n":     "Pale ale",
		"\x1b[31mred":        "[31mred",
		"\u202ereversed":     "reversed",
		"\ufeff\u2066\u2069": "",
		"Bräu 🍺 👩‍🔬":         "Bräu 🍺 👩‍🔬",
	} {
		assert.Equal(t, want, plain(text))
	}
}
