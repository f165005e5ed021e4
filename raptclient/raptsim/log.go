package raptsim

import (
	"net/http"
	"time"
)

// requestLog keeps the newest requests, and how many are under way.
type requestLog struct {
	lines    []Request
	dropped  int // lines that were there before the first one
	limit    int
	inFlight int
	most     int
}

// arrive takes a request into the log. It returns its number, for [requestLog.line].
func (l *requestLog) arrive(r *http.Request, at time.Time) int {
	l.inFlight++
	l.most = max(l.most, l.inFlight)
	if len(l.lines) >= 2*l.limit {
		cut := len(l.lines) - l.limit
		l.lines = append([]Request(nil), l.lines[cut:]...)
		l.dropped += cut
	}
	l.lines = append(l.lines, Request{
		At: at, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		SignIn: r.URL.Path == tokenPath, UserAgent: r.UserAgent(),
	})
	return l.dropped + len(l.lines) - 1
}

// line is the line of a request; a line that fell out of the log is nobody's.
func (l *requestLog) line(number int) *Request {
	if number < l.dropped {
		return &Request{}
	}
	return &l.lines[number-l.dropped]
}

// Requests returns the log of requests, oldest first, with those that are still under way.
func (c *Cloud) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := c.log.lines
	return append([]Request(nil), lines[max(0, len(lines)-c.log.limit):]...)
}

// MaxInFlight returns the greatest number of requests that were ever under way at once.
func (c *Cloud) MaxInFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.most
}
