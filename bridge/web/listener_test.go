package web

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// queued hands out connections, then an error.
type queued struct {
	failing
	conns []net.Conn
}

func (q *queued) Accept() (net.Conn, error) {
	if len(q.conns) == 0 {
		return nil, q.error
	}
	next := q.conns[0]
	q.conns = q.conns[1:]
	return next, nil
}

// conn is a connection from an address that knows whether it is closed.
type conn struct {
	net.Conn
	from   string
	closed int
}

func (c *conn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.from)} }
func (c *conn) Close() error         { c.closed++; return nil }

// accept takes what is queued in.
func accept(t *testing.T, b *bounded, q *queued, from ...string) (all []*conn, accepted []*counted) {
	t.Helper()
	for _, address := range from {
		c := &conn{from: address}
		all, q.conns = append(all, c), append(q.conns, c)
	}
	for {
		c, err := b.Accept()
		if err != nil {
			require.ErrorIs(t, err, net.ErrClosed)
			return all, accepted
		}
		accepted = append(accepted, c.(*counted))
	}
}

func closed(all []*conn) (out []int) {
	for _, c := range all {
		out = append(out, c.closed)
	}
	return out
}

func TestTheOldestConnectionThatServesNothingMakesRoom(t *testing.T) {
	q := &queued{failing: failing{net.ErrClosed}}
	b := newBounded(q, 3, 1, 2)
	all, accepted := accept(t, b, q, "10.0.0.1", "10.0.0.1", "10.0.0.2")
	assert.Equal(t, []int{0, 0, 0}, closed(all))
	accepted[0].serving.Add(1)

	more, _ := accept(t, b, q, "10.0.0.1")
	assert.Equal(t, []int{0, 1, 0}, closed(all), "of the same address, but not the one that serves a request")
	_, _ = accept(t, b, q, "10.0.0.3")
	assert.Equal(t, []int{0, 1, 1}, closed(all), "in all")
	_, loopback := accept(t, b, q, "127.0.0.1")
	require.Len(t, loopback, 1)
	assert.Equal(t, []int{0}, closed(more), "loopback has some of its own")

	_ = accepted[0].Close()
	_ = accepted[0].Close() // counts once
	assert.Len(t, b.open, 3)
}

func TestOneAddressHasItsShareAlone(t *testing.T) {
	q := &queued{failing: failing{net.ErrClosed}}
	b := newBounded(q, 9, 1, 2)
	all, accepted := accept(t, b, q, "10.0.0.2", "10.0.0.1", "10.0.0.1", "10.0.0.1")
	assert.Equal(t, []int{0, 1, 0, 0}, closed(all), "although there is room for more")
	accepted[2].serving.Add(1)
	accepted[3].serving.Add(1)
	refused, _ := accept(t, b, q, "10.0.0.1", "10.0.0.3")
	assert.Equal(t, []int{1, 0}, closed(refused))
}

func TestOneIsRefusedWhileAllServe(t *testing.T) {
	q := &queued{failing: failing{net.ErrClosed}}
	b := newBounded(q, 2, 0, 9)
	_, accepted := accept(t, b, q, "10.0.0.1", "10.0.0.2")
	for _, c := range accepted {
		c.serving.Add(1)
	}
	refused, accepted := accept(t, b, q, "10.0.0.3")
	assert.Empty(t, accepted)
	assert.Equal(t, []int{1}, closed(refused))
}

func TestHalfOpenConnectionsLeaveTheHealthCheckGreen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	server := New(Options{Listen: l.Addr().String()})
	server.Show(&Snapshot{At: time.Now(), Connected: true, Since: time.Now()})
	go func() { done <- server.Serve(ctx, l) }()
	for range 400 {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		_, _ = c.Write([]byte("GET / HTTP/1.1\r\nHost: ")) // and never more
	}
	for range 5 {
		require.NoError(t, CheckHealth(ctx, l.Addr().String()))
	}
	end()
	require.NoError(t, <-done)
}
