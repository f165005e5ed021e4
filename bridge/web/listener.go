package web

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// bounded is a listener that closes connections when there are too many, of one address or in all, instead of letting
// new ones wait: a wait would keep the health check waiting too. The oldest that serves no request goes, so that
// connections that never send one stand in nobody's way. Loopback, where the health check comes from, has some more.
type bounded struct {
	net.Listener
	most, reserved, each int
	mu                   sync.Mutex
	open                 []*counted // oldest first
}

func newBounded(l net.Listener, most, reserved, each int) *bounded {
	return &bounded{Listener: l, most: most, reserved: reserved, each: each}
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &counted{Conn: conn, listener: b}
		loopback := false
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
			c.from, loopback = tcp.IP.String(), tcp.IP.IsLoopback()
		}
		if b.admit(c, loopback) {
			return c, nil
		}
		_ = conn.Close()
	}
}

// admit takes a connection in, at the cost of others where there are too many, and reports false when all of those serve
// requests.
func (b *bounded) admit(c *counted, loopback bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	most := b.most
	if loopback {
		most += b.reserved
	}
	same := func(other *counted) bool { return other.from == c.from }
	count := 0
	for _, other := range b.open {
		if same(other) {
			count++
		}
	}
	if count >= b.each && !b.evict(same) {
		return false
	}
	if len(b.open) >= most && !b.evict(func(*counted) bool { return true }) {
		return false
	}
	b.open = append(b.open, c)
	return true
}

// evict closes the oldest connection that serves no request.
func (b *bounded) evict(which func(*counted) bool) bool {
	i := slices.IndexFunc(b.open, func(c *counted) bool { return c.serving.Load() == 0 && which(c) })
	if i < 0 {
		return false
	}
	_ = b.open[i].Conn.Close()
	b.open = slices.Delete(b.open, i, i+1)
	return true
}

// counted is a connection that its listener counts.
type counted struct {
	net.Conn
	listener *bounded
	from     string // the address, without a port
	serving  atomic.Int32
}

func (c *counted) Close() error {
	c.listener.mu.Lock()
	c.listener.open = slices.DeleteFunc(c.listener.open, func(other *counted) bool { return other == c })
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

type connKey struct{}

// withConn lets a request's handler find its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// serving marks the connections of requests that are being answered.
func serving(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*counted); ok {
			c.serving.Add(1)
			defer c.serving.Add(-1)
		}
		h.ServeHTTP(w, r)
	})
}
