package web

import (
	"net"
	"testing"

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

func TestTooManyConnectionsAreClosedAndLoopbackHasSomeOfItsOwn(t *testing.T) {
	all := []*conn{}
	q := &queued{failing: failing{net.ErrClosed}}
	for _, from := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.2", "127.0.0.1", "::1", "127.0.0.1"} {
		c := &conn{from: from}
		all, q.conns = append(all, c), append(q.conns, c)
	}
	b := newBounded(q, 2, 1)
	accepted := []net.Conn{}
	for {
		c, err := b.Accept()
		if err != nil {
			assert.ErrorIs(t, err, net.ErrClosed)
			break
		}
		accepted = append(accepted, c)
	}
	require.Len(t, accepted, 3)
	for i, closed := range []int{0, 0, 1, 0, 1, 1} {
		assert.Equal(t, closed, all[i].closed, "connection %d from %s", i, all[i].from)
	}

	_ = accepted[0].Close()
	_ = accepted[0].Close() // counts once
	_ = accepted[2].Close()
	q.conns = []net.Conn{&conn{from: "10.0.0.3"}, &conn{from: "10.0.0.3"}, &conn{from: "127.0.0.1"}}
	c, err := b.Accept()
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.3", c.RemoteAddr().(*net.TCPAddr).IP.String())
	c, err = b.Accept()
	require.NoError(t, err)
	assert.True(t, c.RemoteAddr().(*net.TCPAddr).IP.IsLoopback())
}
