package web

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listening is a HookServer on a socket, with short time-outs.
type listening struct {
	*hooks
	address string
	tls     *tls.Config // of clients; nil without TLS
	stop    func()
}

func listen(t *testing.T, underTLS bool) *listening {
	t.Helper()
	s := &listening{hooks: newHooks()}
	s.limits = limits{header: 300 * time.Millisecond, read: 500 * time.Millisecond, write: 500 * time.Millisecond, idle: 500 * time.Millisecond, stop: time.Second}
	if underTLS {
		certificate, pool := selfSigned(t)
		s.options.Certificate = func() *tls.Certificate { return certificate }
		s.tls = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = l.Addr().String()
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	s.stop = func() {
		end()
		assert.NoError(t, <-done)
	}
	return s
}

func selfSigned(t testing.TB) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// dial is a connection of a client, with the handshake done where there is one.
func (s *listening) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if s.tls == nil {
		return conn
	}
	over := tls.Client(conn, s.tls)
	require.NoError(t, over.Handshake())
	return over
}

// answers reports whether a webhook is taken.
func (s *listening) answers(t testing.TB) bool {
	conn := s.dial(t)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", hookSecret)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	return err == nil && answer.StatusCode == http.StatusAccepted
}

func both(t *testing.T, test func(t *testing.T, s *listening)) {
	for name, underTLS := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, underTLS)
			defer s.stop()
			test(t, s)
		})
	}
}

func TestWebhooksAreTakenAmongHalfOpenConnections(t *testing.T) {
	both(t, func(t *testing.T, s *listening) {
		before := runtime.NumGoroutine()
		var open []net.Conn
		for i := range 2 * maxConnections {
			conn, err := net.Dial("tcp", s.address)
			require.NoError(t, err)
			open = append(open, conn)
			switch i % 3 {
			case 0: // says nothing
			case 1:
				_, _ = conn.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")) // the beginning of a handshake
			case 2:
				_, _ = conn.Write([]byte("POST /hook HTTP/1.1\r\nHost: x\r\n")) // the beginning of headers
			}
		}
		assert.True(t, s.answers(t), "while they are open")
		for _, conn := range open {
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			_, err := io.Copy(io.Discard, conn)
			if timeout, ok := err.(net.Error); ok { //nolint:errorlint // as it comes from the socket
				assert.False(t, timeout.Timeout(), "it is cut off")
			}
			_ = conn.Close()
		}
		assert.True(t, s.answers(t), "and after them")
		assert.Len(t, s.bodies, 2)
		assert.Empty(t, s.log.String())
		require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+8 }, 20*time.Second, 10*time.Millisecond, "nothing is left of them")
	})
}

func TestAWebhookThatDripsIsCutOff(t *testing.T) {
	both(t, func(t *testing.T, s *listening) {
		for _, beginning := range []string{
			"POST /hook HTTP/1.1\r\nHost: x\r\n", // headers without an end
			"POST /hook HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: " + hookSecret + "\r\nContent-Length: 4000\r\n\r\n{", // a body without one
		} {
			conn := s.dial(t)
			_, err := io.WriteString(conn, beginning)
			require.NoError(t, err)
			answer, _ := io.ReadAll(conn)
			assert.NotContains(t, string(answer), "202 Accepted")
			_ = conn.Close()
		}
		assert.Empty(t, s.bodies)
		assert.True(t, s.answers(t))
	})
}

func TestAHugeWebhookIsNotRead(t *testing.T) {
	both(t, func(t *testing.T, s *listening) {
		for _, headers := range []string{"Content-Length: 1073741824\r\n", "Transfer-Encoding: chunked\r\n"} {
			conn := s.dial(t)
			_, err := io.WriteString(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: "+hookSecret+"\r\n"+headers+"\r\n")
			require.NoError(t, err)
			written := 0
			chunk := []byte("10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n")
			for range 1 << 10 { // 64 MiB, if anybody took them
				n, err := conn.Write(chunk)
				written += n
				if err != nil {
					break
				}
			}
			assert.Less(t, written, 32<<20, "the connection is closed long before")
			_ = conn.Close()
		}
		conn := s.dial(t)
		_, _ = io.WriteString(conn, "POST /hook HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: "+hookSecret+"\r\nCookie: "+strings.Repeat("a=b; ", 20_000)+"\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		assert.NotContains(t, string(answer), "202 Accepted")
		_ = conn.Close()
		assert.Empty(t, s.bodies)
		assert.True(t, s.answers(t))
	})
}
