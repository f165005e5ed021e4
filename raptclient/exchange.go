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
	// read takes the body of an answer of status 2xx as it comes, instead of all of it at the end; nil for not. It reads to
	// the end or returns an error.
	read func(io.Reader) error
}

// reply is an answer that was read to its end, or as far as it came.
type reply struct {
	endpoint  string
	status    int
	header    http.Header
	body      []byte // its beginning where the call has a read
	rateLimit RateLimit
	// problem is why the body is not whole, or what read says of it.
	problem *BodyError
}

func (r *reply) ok() bool { return r.status >= 200 && r.status <= 299 }

// do sends a call with a token and gives back its answer of status 2xx with a whole body. A 401 drops the token, signs
// in and repeats the call once: the cloud refuses before it does anything, so that is safe for writes too. An endpoint that
// refuses the fresh token as well drops no more tokens that others take: each would cost a sign-in.
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
		r, err := c.exchange(req, Request{Endpoint: o.endpoint, Write: o.method != http.MethodGet}, o.read)
		switch {
		case err != nil:
			return nil, err
		case r.status == http.StatusUnauthorized:
			if first && c.session.drop(token, o.endpoint, o.method != http.MethodGet, c.options.Now()) {
				continue
			}
			refusal := c.apiError(r)
			refusal.TakenElsewhere = first
			c.session.refused(o.endpoint)
			return nil, refusal
		case !r.ok():
			return nil, c.apiError(r)
		case r.problem != nil:
			c.session.accept(token, o.endpoint)
			return nil, r.problem
		default:
			c.session.accept(token, o.endpoint)
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
func (c *Client) exchange(req *http.Request, r Request, read func(io.Reader) error) (*reply, error) {
	caller := req.Context()
	if c.options.Permit != nil {
		if err := c.options.Permit(caller, r); err != nil {
			return nil, &PermitError{Request: r, err: err}
		}
	}
	ctx, cancel := context.WithTimeout(caller, c.options.Timeout)
	defer cancel()
	conn := connection{cancel: cancel}
	ctx = httptrace.WithClientTrace(ctx, conn.trace())
	req = req.Clone(ctx)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.options.UserAgent)

	start := time.Now()
	e := Exchange{Request: r}
	answer, err := c.receive(req, &e, read)
	if err != nil {
		if conn.broke.Load() {
			err = errBroke
		}
		err = &TransportError{
			Endpoint: r.Endpoint, Host: req.URL.Host, Timeout: errors.Is(ctx.Err(), context.DeadlineExceeded) && caller.Err() == nil,
			sent: conn.maySend(err), limit: c.options.Timeout, err: errors.Join(err, caller.Err()),
		}
		e.Err = err
	} else if answer.problem != nil {
		e.Err = answer.problem
	}
	e.Took = time.Since(start)
	if c.options.Received != nil && err == nil && answer.ok() && answer.problem == nil && !r.SignIn {
		c.options.Received(r.Endpoint, answer.body)
	}
	if c.options.Answered != nil {
		c.options.Answered(e)
	}
	return answer, err
}

// receive sends the request and reads the answer. An error means that no answer began or that time ran out.
func (c *Client) receive(req *http.Request, e *Exchange, read func(io.Reader) error) (*reply, error) {
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
	r := &reply{endpoint: e.Endpoint, status: resp.StatusCode, header: resp.Header, rateLimit: e.RateLimit}

	body := &limitedBody{from: resp.Body}
	asItComes := read != nil && r.ok()
	if asItComes && c.options.Received == nil {
		err = read(body)
		r.body = body.beginning
	} else {
		r.body, err = readAll(body, resp.ContentLength)
		if asItComes && err == nil && body.length <= MaxBody {
			err = read(bytes.NewReader(r.body))
		}
	}
	if body.err != nil {
		err = body.err
	}
	switch {
	case body.length > MaxBody:
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyTooLarge})
	case err == nil:
	case body.err == nil:
		r.problem = c.bodyError(r, err)
	case req.Context().Err() != nil:
		return nil, err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyNotJSON, detail: "its compression is broken", err: err})
	default:
		r.problem = c.bodyError(r, &bodyProblem{problem: BodyCut, err: err})
	}
	return r, nil
}

// readAll reads a body whole; length is what its header says, negative for not known. A long one is read in pieces that are
// joined at the end: a buffer that grows takes three times as much on its way.
func readAll(from io.Reader, length int64) ([]byte, error) {
	const piece = 1 << 20
	var pieces [][]byte
	for room := min(max(length, 512), piece); ; room = piece {
		var b bytes.Buffer
		b.Grow(int(room) + bytes.MinRead)
		n, err := b.ReadFrom(io.LimitReader(from, piece))
		if len(pieces) == 0 && (err != nil || n < piece) {
			return b.Bytes(), err
		}
		pieces = append(pieces, b.Bytes())
		if err != nil || n < piece {
			return bytes.Join(pieces, nil), err
		}
	}
}

// limitedBody reads a body as far as MaxBody, and keeps what an error tells of it.
type limitedBody struct {
	from      io.Reader
	length    int
	beginning []byte
	err       error // why it could not be read to its end
}

// beginningLength is how much of a body is kept for the excerpt of an error. A token that begins within the excerpt is whole
// in it, so that it is found and redacted.
const beginningLength = 16 << 10

func (b *limitedBody) Read(p []byte) (int, error) {
	left := MaxBody + 1 - b.length
	if left <= 0 {
		return 0, io.EOF
	}
	n, err := b.from.Read(p[:min(len(p), left)])
	b.length += n
	b.beginning = append(b.beginning, p[:min(n, beginningLength-len(b.beginning))]...)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// errBroke is a kept connection that broke after a request was written to it.
var errBroke = errors.New("the connection broke before the answer")

// connection follows whether a request got as far as a connection to the server, and has it leave once at the most: net/http
// would send a GET again by itself, uncounted, where a kept connection breaks before the answer.
type connection struct {
	wanted, got, wrote, broke atomic.Bool
	cancel                    context.CancelFunc // of the request
}

func (c *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			c.wanted.Store(true)
			c.refuseRepeat()
		},
		GotConn: func(info httptrace.GotConnInfo) {
			c.got.Store(true)
			if c.refuseRepeat() {
				_ = info.Conn.Close() // HTTP/1 writes to a connection that it has, cancelled or not
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				c.wrote.Store(true)
			}
		},
	}
}

// refuseRepeat gives up a request that asks for a connection although it was written to one.
func (c *connection) refuseRepeat() bool {
	if !c.wrote.Load() {
		return false
	}
	c.broke.Store(true)
	c.cancel()
	return true
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
