package web

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a listener whose connections are in memory, so that time can be made to pass in a testing/synctest bubble.
type pipes struct {
	conns chan net.Conn
	close func()
	gone  chan struct{}
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), gone: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.gone) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.gone:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8099} }

// served is a server that serves connections in memory.
type served struct {
	*Server
	pipes *pipes
	stop  context.CancelFunc
	ended chan error
}

func serve(o Options) *served {
	ctx, stop := context.WithCancel(context.Background())
	s := &served{Server: New(o), pipes: newPipes(), stop: stop, ended: make(chan error, 1)}
	go func() { s.ended <- s.Serve(ctx, s.pipes) }()
	return s
}

// end stops the server and returns how long that took.
func (s *served) end(t *testing.T) time.Duration {
	t.Helper()
	start := time.Now()
	s.stop()
	require.NoError(t, <-s.ended)
	return time.Since(start)
}

// dial is a connection of a client, which reads with a buffer.
func (s *served) dial() *client {
	near, far := net.Pipe()
	s.pipes.conns <- far
	return &client{near, bufio.NewReader(near)}
}

type client struct {
	net.Conn
	in *bufio.Reader
}

// send writes lines as they are, with the ends of HTTP.
func (c *client) send(lines ...string) error {
	_, err := c.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	return err
}

func (c *client) response(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	return response
}
