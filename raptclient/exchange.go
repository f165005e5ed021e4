package raptclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// call is one request to the API, before it has a token.
type call struct {
	// endpoint is the path below /api/.
	endpoint, method string
	query            url.Values
	// body is JSON, or nil for none.
	body []byte
}

// reply is an answer that was read to its end, or as far as it came.
type reply struct {
	endpoint  string
	status    int
	header    http.Header
	body      []byte
	rateLimit RateLimit
	// problem is why the body is not whole.
	problem *BodyError
}

func (r *reply) ok() bool { return r.status >= 200 && r.status <= 299 }

// do sends a call with a token and gives back its answer of status 2xx with a whole body. A 401 drops the token, signs
// in and repeats the call once: the cloud refuses before it does anything, so that is safe for writes too.
func (c *Client) do(ctx context.Context, o call) (*reply, error) {
	for first := true; ; first = false {
		token, err := c.token(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.endpoint, err)
		}
		req, err := c.request(ctx, o, token)
		if err != nil {
			return nil, err
		}
		r, err := c.exchange(req, Request{Endpoint: o.endpoint, Write: o.method != http.MethodGet})
		switch {
		case err != nil:
			return nil, err
		case r.status == http.StatusUnauthorized && first:
			c.session.drop(token)
		case !r.ok():
			return nil, c.apiError(r)
		case r.problem != nil:
			return nil, r.problem
		default:
			return r, nil
		}
	}
}

func (c *Client) request(ctx context.Context, o call, token string) (*http.Request, error) {
	u := c.apiURL.JoinPath("api", o.endpoint)
	u.RawQuery = o.query.Encode()
	body := io.Reader(http.NoBody)
	if o.body != nil {
		body = bytes.NewReader(o.body)
	}
	req, err := http.NewRequestWithContext(ctx, o.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.endpoint, err)
	}
	if o.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return req, nil
}

// exchange is the one place that HTTP requests leave from. It never follows a redirect: the API has none, so one leads
// to a login page of the network, and a setter must not be repeated there.
func (c *Client) exchange(req *http.Request, r Request) (*reply, error) {
	caller := req.Context()
	if c.options.Permit != nil {
		if err := c.options.Permit(caller, r); err != nil {
			return nil, &PermitError{Request: r, err: err}
		}
	}
	var conn connection
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(caller, conn.trace()), c.options.Timeout)
	defer cancel()
	req = req.Clone(ctx)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.options.UserAgent)

	start := time.Now()
	e := Exchange{Request: r}
	answer, err := c.receive(req, r.Endpoint, &e)
	if err != nil {
		err = &TransportError{
			Endpoint: r.Endpoint, Host: req.URL.Host, Timeout: ctx.Err() != nil && caller.Err() == nil,
			sent: conn.maySend(err), limit: c.options.Timeout, err: errors.Join(err, caller.Err()),
		}
		e.Err = err
	} else if answer.problem != nil {
		e.Err = answer.problem
	}
	e.Took = time.Since(start)
	if c.options.Answered != nil {
		c.options.Answered(e)
	}
	return answer, err
}

// receive sends the request and reads the answer. An error means that no answer began or that time ran out.
func (c *Client) receive(req *http.Request, endpoint string, e *Exchange) (*reply, error) {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	e.Status = resp.StatusCode
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		e.Date = Some(date)
	}
	e.RateLimit = readRateLimit(resp.Header, e.Date.Or(c.options.Now()))
	r := &reply{endpoint: endpoint, status: resp.StatusCode, header: resp.Header, rateLimit: e.RateLimit}

	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 512), MaxBody)) + bytes.MinRead)
	_, err = body.ReadFrom(io.LimitReader(resp.Body, MaxBody+1))
	r.body = body.Bytes()
	switch {
	case len(r.body) > MaxBody:
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyTooLarge})
	case err == nil:
	case req.Context().Err() != nil:
		return nil, err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyNotJSON, detail: "its compression is broken", err: err})
	default:
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyCut, err: err})
	}
	return r, nil
}

// connection follows whether a request got as far as a connection to the server.
type connection struct{ wanted, got atomic.Bool }

func (c *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { c.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { c.got.Store(true) },
	}
}

// maySend tells whether a failed request may have reached the server. Without a trace (a transport that is not
// net/http's) only a failed dial is proof that it did not.
func (c *connection) maySend(err error) bool {
	if c.wanted.Load() {
		return c.got.Load()
	}
	return !failedDial(err)
}

// change sends a setter and reads whether it changed something.
func (c *Client) change(ctx context.Context, o call) (bool, error) {
	r, err := c.do(ctx, o)
	if err != nil {
		return false, err
	}
	changed, err := decodeBool(r.body)
	if err != nil {
		return false, c.bodyError(r, err)
	}
	return changed, nil
}

// submit sends a call whose answer has no documented body.
func (c *Client) submit(ctx context.Context, o call) error {
	r, err := c.do(ctx, o)
	if err != nil {
		return err
	}
	if looksLikeHTML(r.header, r.body) {
		return c.bodyError(r, &bodyProblem{problem: BodyHTML})
	}
	return nil
}
