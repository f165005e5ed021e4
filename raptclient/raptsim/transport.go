package raptsim

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport returns a RoundTripper that answers in the caller's goroutine, whatever the host, without sockets, timers or
// goroutines left behind. It obeys the request's context, in injected delays too.
func (c *Cloud) Transport() http.RoundTripper { return transport{c} }

type transport struct{ cloud *Cloud }

// RoundTrip answers the request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a, err := t.cloud.answer(r)
	if err != nil {
		return nil, err
	}
	if a.reset {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	var body io.Reader = bytes.NewReader(a.body)
	if a.cut {
		body = io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), broken{})
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          &closable{Reader: body},
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// broken is the rest of a body that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var errClosed = errors.New("raptsim: read on a closed body")

type closable struct {
	io.Reader
	closed bool
}

// Read reads the body as long as it isn't closed.
func (b *closable) Read(p []byte) (int, error) {
	if b.closed {
		return 0, errClosed
	}
	return b.Reader.Read(p)
}

// Close ends reading.
func (b *closable) Close() error {
	b.closed = true
	return nil
}
