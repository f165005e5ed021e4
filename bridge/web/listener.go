package web

import (
	"net"
	"sync"
	"sync/atomic"
)

// bounded is a listener that closes what comes in while there are too many connections, instead of letting it wait:
// a wait would keep the health check waiting too. That one comes from loopback, which has some connections more.
type bounded struct {
	net.Listener
	most, reserved int64
	open           atomic.Int64
}

func newBounded(l net.Listener, most, reserved int64) *bounded {
	return &bounded{Listener: l, most: most, reserved: reserved}
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		most := b.most
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
			most += b.reserved
		}
		if b.open.Add(1) <= most {
			return &counted{Conn: conn, gone: sync.OnceFunc(func() { b.open.Add(-1) })}, nil
		}
		b.open.Add(-1)
		_ = conn.Close()
	}
}

// counted is a connection that tells once when it is closed.
type counted struct {
	net.Conn
	gone func()
}

func (c *counted) Close() error {
	defer c.gone()
	return c.Conn.Close()
}
