package e2e

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// passage is what a relay does with the bytes that come to it.
type passage struct {
	hold    bool             // takes none and keeps the connections, as a network that is cut
	refuse  bool             // breaks new connections
	rate    int              // bytes a second each way; 0: all at once
	delay   time.Duration    // of each piece
	present *tls.Certificate // to those who connect by TLS; nil: ends the handshake with an alert
}

// relay is a stretch of network between the bridge and a server, with faults.
type relay struct {
	address string
	target  string

	mu      sync.Mutex
	passage passage
	conns   map[net.Conn]bool
	secured bool // TLS ends here
	through int  // connections that were passed on
}

// startRelay passes connections on to target. With a certificate TLS ends at the relay.
func startRelay(t testing.TB, s scope, target string, certificate *tls.Certificate) *relay {
	t.Helper()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{address: listen.Addr().String(), target: target, conns: map[net.Conn]bool{}, secured: certificate != nil}
	r.passage.present = certificate
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listen.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.serve(conn) })
		}
	})
	s.Cleanup(func() {
		_ = listen.Close()
		r.set(passage{})
		r.cut()
		work.Wait()
	})
	return r
}

// set changes what the relay does, with the connections that are open too.
func (r *relay) set(p passage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passage = p
}

func (r *relay) now() passage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passage
}

// passed is how many connections were passed on so far.
func (r *relay) passed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.through
}

// cut breaks all connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		reset(conn)
	}
}

// track remembers an open connection until the function that it returns closes it.
func (r *relay) track(conn net.Conn) (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[conn] = true
	return func() {
		_ = conn.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.conns, conn)
	}
}

// reset closes a connection without a goodbye.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (r *relay) serve(client net.Conn) {
	defer r.track(client)()
	if r.now().refuse {
		reset(client)
		return
	}
	for r.now().hold && isOpen(client) {
		time.Sleep(20 * time.Millisecond)
	}
	near := client
	if r.secured {
		secure := tls.Server(client, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if p := r.now(); p.present != nil {
				return p.present, nil
			}
			return nil, errors.New("no certificate") // the handshake ends with an alert
		}})
		if secure.Handshake() != nil {
			return
		}
		near = secure
	}
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		reset(client)
		return
	}
	defer r.track(server)()
	r.mu.Lock()
	r.through++
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.pass(server, near); _ = server.Close() })
	both.Go(func() { r.pass(near, server); _ = client.Close() })
	both.Wait()
}

// isOpen reports whether nobody has closed this end of a connection yet.
func isOpen(conn net.Conn) bool { return conn.SetReadDeadline(time.Time{}) == nil }

// pass hands on what comes from one side until that ends.
func (r *relay) pass(to, from net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		p := r.now()
		piece := buffer
		if p.rate > 0 {
			piece = buffer[:max(1, p.rate/10)]
		}
		n, err := from.Read(piece)
		if n > 0 {
			time.Sleep(p.delay)
			if p.rate > 0 {
				time.Sleep(time.Duration(n) * time.Second / time.Duration(p.rate))
			}
			for r.now().hold {
				time.Sleep(20 * time.Millisecond)
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
