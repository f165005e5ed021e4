package raptsim

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	tokenPath       = "/connect/token"
	descriptionPath = "/swagger/v1/swagger.json"
	maxBody         = 64 << 10
)

// reply is an answer before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    bool // send half of the body only
	reset  bool // send nothing and break the connection
}

func jsonReply(status int, body []byte) *reply {
	r := &reply{status: status, header: http.Header{}, body: body}
	if len(body) > 0 {
		r.header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return r
}

func problemReply(p *problem) *reply {
	title, _ := json.Marshal(p.title) // a string always marshals
	r := jsonReply(p.status, fmt.Appendf(nil, `{"title":%s,"status":%d}`, title, p.status))
	r.header.Set("Content-Type", "application/problem+json; charset=utf-8")
	return r
}

// ServeHTTP answers the token endpoint (/connect/token) and the API (/api/...), for any host.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := c.answer(r)
	if err != nil || a.reset {
		abort(w)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if !a.cut && len(a.body) > 1024 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
		w.WriteHeader(a.status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(a.body) // the caller may have gone away
		_ = z.Close()
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if a.cut {
		_, _ = w.Write(a.body[:len(a.body)/2]) // the server closes the connection for what is missing
		return
	}
	_, _ = w.Write(a.body)
}

// abort ends the connection without an answer, if possible with a reset. It does not return.
func abort(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

// answer carries a request out. The error is that of the request's context or of its body.
func (c *Cloud) answer(r *http.Request) (*reply, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	number := c.log.arrive(r, c.now())
	defer func() { c.log.inFlight-- }()
	fault := c.faults.pick(r)
	latency := c.takes()
	usual := func() *reply {
		a := c.usual(r, body, c.catchUp())
		c.log.line(number).Executed = a.status == http.StatusOK
		return a
	}
	if fault.Executed {
		done := usual()
		usual = func() *reply { return done }
	}
	if err := c.pause(r.Context(), fault.Delay+latency/2); err != nil {
		return nil, err
	}
	now := c.catchUp()
	c.log.line(number).Authenticated = c.tokens.valid(r, now)
	a := c.faulty(fault, r, usual, now)
	// Who gives up from here on does not know that the request was carried out.
	if err := c.pause(r.Context(), latency-latency/2); err != nil {
		return nil, err
	}
	a.header.Set("Date", c.published(c.now()).Format(http.TimeFormat))
	for name, values := range fault.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	if !a.reset {
		c.log.line(number).Status = a.status
	}
	return a, nil
}

// takes is how long the next answer takes: with Min and Max of 300 ms and 2 s, half of them take less than 775 ms.
func (c *Cloud) takes() time.Duration {
	l := c.opts.Latency
	if l.Min >= l.Max {
		return max(l.Min, 0)
	}
	low := max(float64(l.Min), float64(time.Millisecond))
	return time.Duration(low * math.Pow(float64(l.Max)/low, c.latency.Float64()))
}

// pause waits with the cloud unlocked.
func (c *Cloud) pause(ctx context.Context, d time.Duration) error {
	c.mu.Unlock()
	defer c.mu.Lock()
	return pause(ctx, d)
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// usual is the answer when nothing has gone wrong.
func (c *Cloud) usual(r *http.Request, body []byte, now time.Time) *reply {
	limit := c.opts.RateLimitPerHour
	enforced := limit > 0
	if !enforced {
		limit = 1000
	}
	left, reset := c.limit.count(limit, now)
	var a *reply
	if left < 0 && enforced {
		a = problemReply(&problem{http.StatusTooManyRequests, "Too many requests."})
		a.header.Set("Retry-After", seconds(reset.Sub(now)))
	} else {
		a = c.dispatch(r, body, now)
	}
	if enforced || c.opts.RateLimitHeaders {
		limitHeaders(a.header, left, c.published(reset))
	}
	return a
}

func (c *Cloud) dispatch(r *http.Request, body []byte, now time.Time) *reply {
	if r.URL.Path == tokenPath {
		status, text := c.tokens.issue(r, body, now)
		a := jsonReply(status, []byte(text))
		a.header.Set("Cache-Control", "no-store")
		return a
	}
	if !c.tokens.valid(r, now) {
		a := jsonReply(http.StatusUnauthorized, nil)
		a.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return a
	}
	if r.URL.Path == descriptionPath && c.opts.Description != nil {
		return jsonReply(http.StatusOK, c.opts.Description)
	}
	to, ok := c.routes[r.URL.Path]
	switch {
	case !ok:
		return problemReply(&problem{http.StatusNotFound, "Not Found"})
	case r.Method != to.method:
		a := problemReply(&problem{http.StatusMethodNotAllowed, "Method Not Allowed"})
		a.header.Set("Allow", to.method)
		return a
	case len(body) > maxBody:
		return problemReply(&problem{http.StatusRequestEntityTooLarge, "Payload Too Large"})
	case r.Method == http.MethodPost && len(body) > 0 && !strings.Contains(r.Header.Get("Content-Type"), "json"):
		return problemReply(&problem{http.StatusUnsupportedMediaType, "Unsupported Media Type"})
	}
	w := writer{b: make([]byte, 0, 4096)}
	if p := to.handle(c, &query{Values: r.URL.Query(), fam: to.fam, body: body, now: now}, &w); p != nil {
		return problemReply(p)
	}
	return jsonReply(http.StatusOK, w.b)
}
