package raptclient

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// readRateLimit reads the headers of the vendor's limit. now is the server's clock where the reply tells it: a clock that
// differs from the client's has been observed.
func readRateLimit(h http.Header, now time.Time) RateLimit {
	var r RateLimit
	if n, err := strconv.Atoi(strings.TrimSpace(h.Get("X-Rate-Limit-Remaining"))); err == nil {
		r.Remaining = Some(n)
	}
	if at, ok := readTimestamp(h.Get("X-Rate-Limit-Reset"), now); ok {
		r.Reset = Some(at)
	}
	if at, ok := readTimestamp(h.Get("Retry-After"), now); ok {
		r.RetryAfter = Some(max(at.Sub(now), 0))
	}
	return r
}

// These tell a number of seconds from now, a Unix time in seconds and one in milliseconds apart: 1e9 seconds are 31
// years from now or the year 2001, 1e12 milliseconds the year 2001 as well.
const (
	leastUnixSeconds = 1e9
	leastUnixMillis  = 1e12
)

// readTimestamp reads a time that is written as a date, a Unix time or a number of seconds from now.
func readTimestamp(text string, now time.Time) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case n >= 0 && n < leastUnixSeconds:
			return now.Add(time.Duration(n * float64(time.Second))), true
		case n >= leastUnixSeconds && n < leastUnixMillis:
			return time.Unix(int64(n), 0).UTC(), true
		case n >= leastUnixMillis && n < 1e3*leastUnixMillis:
			return time.UnixMilli(int64(n)).UTC(), true
		}
		return time.Time{}, false
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.UTC(), true
	}
	return parseTime([]byte(text))
}
