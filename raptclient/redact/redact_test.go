package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestURLShowsNeitherUserNorQuery(t *testing.T) {
	for address, want := range map[string]string{
		"":                            "",
		"mqtt://broker:1883":          "mqtt://broker:1883",
		"mqtt://a:b@broker:1883":      "mqtt://REDACTED@broker:1883",
		"mqtt://a@broker":             "mqtt://REDACTED@broker",
		"mqtt://a:b/c@d@broker":       "mqtt://REDACTED@broker",
		"mqtt://a:b?c#d@broker":       "mqtt://REDACTED@broker",
		"a:b@broker":                  "REDACTED@broker",
		"mqtt://a:b%40broker":         "mqtt://REDACTED@broker",
		"wss://broker/mqtt?token=abc": "wss://broker/mqtt?REDACTED",
		"wss://broker/mqtt#abc":       "wss://broker/mqtt#REDACTED",
		"mqtt://[fe80::1]:1883":       "mqtt://[fe80::1]:1883",
		"::":                          "::",
	} {
		assert.Equal(t, want, URL(address))
	}
}

func TestEmailsAreTakenOutOfATextWhole(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "",
		"nobody":                                "nobody",
		`{"createdBy":"brewer+rapt@example.co"`: `{"createdBy":"REDACTED"`,
		"müller@brauerei.example, x@localhost":  "REDACTED, REDACTED",
		"a@b":                                   "REDACTED",
		"@ alone":                               "@ alone",
	} {
		assert.Equal(t, want, Emails(text))
	}
	long := strings.Repeat("x", 1<<16) + "@example.com"
	assert.Equal(t, Mark, Emails(long))
}

func TestAccountShowsTheFirstLetterAndTheDomain(t *testing.T) {
	for username, want := range map[string]string{
		"brewer@example.com": "b…@example.com", "älg@example.com": "ä…@example.com", "b@example.com": Mark, "brewer": Mark, "brewer@": Mark, "": Mark,
	} {
		assert.Equal(t, want, Account(username))
	}
}
