package config

import "strings"

// RedactURL gives a URL without what may be secret in it, valid URL or not: user and password become REDACTED and so does a
// query.
func RedactURL(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", address
	}
	// The last one counts: a password may have an @ or a slash that should have been escaped. And somebody may have escaped
	// the @ that shouldn't be.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = redacted + rest[at:]
	} else if at := strings.LastIndex(rest, "%40"); at >= 0 {
		rest = redacted + "@" + rest[at+len("%40"):]
	}
	if before, _, ok := strings.Cut(rest, "?"); ok {
		rest = before + "?" + redacted
	}
	if before, _, ok := strings.Cut(rest, "#"); ok {
		rest = before + "#" + redacted
	}
	return scheme + rest
}
