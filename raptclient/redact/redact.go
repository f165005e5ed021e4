// Package redact takes out of a text what must not be seen in a log, an error or on a page. It knows nothing of where the
// text comes from, so that whatever shows texts can use it: the client, the configuration and the bridge.
package redact

import (
	"regexp"
	"strings"
)

// Mark stands in the place of what was taken out.
const Mark = "REDACTED"

// email matches e-mail addresses, rather too many: a domain without a dot is one too.
var email = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN.-]+`)

// Emails replaces every e-mail address in a text by [Mark]: the cloud's replies say whose each device is.
func Emails(text string) string { return email.ReplaceAllLiteralString(text, Mark) }

// Account shows of a user's own e-mail address as much as he needs to recognise it: b…@example.com. A name that is no
// address, or has one letter, is [Mark].
func Account(username string) string {
	name, domain, ok := strings.Cut(username, "@")
	first := []rune(name)
	if !ok || len(first) < 2 || domain == "" {
		return Mark
	}
	return string(first[:1]) + "…@" + domain
}

// URL gives a URL without what may be secret in it, valid URL or not: user and password become [Mark], and so do a query and
// a fragment.
func URL(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", address
	}
	// The last one counts: a password may have an @ or a slash that should have been escaped. And somebody may have escaped
	// the @ that shouldn't be.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = Mark + rest[at:]
	} else if at := strings.LastIndex(rest, "%40"); at >= 0 {
		rest = Mark + "@" + rest[at+len("%40"):]
	}
	if before, _, ok := strings.Cut(rest, "?"); ok {
		rest = before + "?" + Mark
	}
	if before, _, ok := strings.Cut(rest, "#"); ok {
		rest = before + "#" + Mark
	}
	return scheme + rest
}
