package web

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile are requests of the kinds that scanners and broken clients send.
func hostile() []string {
	return []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /?asked HTTP/1.1\r\nHost: x\r\nX-Ingress-Path: /api/hassio_ingress/a\r\n\r\n",
		"GET /?asked=<script>alert(1)</script> HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /page.css HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nRange: bytes=0-18446744073709551615\r\n\r\n",
		"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /healthz HTTP/1.0\r\n\r\n",
		"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%2e%2e%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"POST /refresh HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("a=b; ", 1000) + "\r\n\r\n",
		"GET /" + strings.Repeat("a/", 2000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // TLS
		"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00",
		"\x00",
	}
}

// A request that can be read is answered with one of few statuses and all headers, and polls only when it shows that
// our page sent it.
func FuzzRequest(f *testing.F) {
	for _, request := range hostile() {
		f.Add([]byte(request))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		polls := 0
		server := New(Options{Now: at(noon), Metrics: prometheus.NewRegistry(), Refresh: func() { polls++ }})
		server.Show(brewing())
		ended, end := context.WithCancel(context.Background())
		end() // a stream ends after its first events
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, r.WithContext(ended))

		assert.Contains(t, []int{200, 202, 303, 304, 403, 404, 405}, w.Code)
		h := w.Header().Clone()
		if r.Header.Get("X-Ingress-Path") != "" {
			assert.Equal(t, "SAMEORIGIN", h.Get("X-Frame-Options"))
			h.Set("X-Frame-Options", "DENY")
			h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "ancestors 'self'", "ancestors 'none'", 1))
		}
		assertGuarded(t, h)
		if polls > 0 {
			assert.Equal(t, http.MethodPost, r.Method)
			assert.True(t, sameOrigin(r))
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			assert.Equal(t, 1, strings.Count(w.Body.String(), "<script"))
		}
	})
}

// mutated is one of the hostile requests with some bytes of it changed, doubled or cut off.
func mutated(random *rand.Rand) []byte {
	all := hostile()
	raw := []byte(all[random.IntN(len(all))])
	for range random.IntN(8) {
		i := random.IntN(len(raw))
		switch random.IntN(4) {
		case 0:
			raw[i] = byte(random.IntN(256))
		case 1:
			raw = append(raw[:i:i], raw[i/2:]...)
		case 2:
			raw = raw[:i+1]
		case 3:
			raw = append(raw[:i:i], all[random.IntN(len(all))]...)
		}
	}
	return raw
}

// attack sends n hostile requests, several at a time, each on a connection of its own, and waits for no answer longer
// than it takes to come.
func attack(t testing.TB, address string, n int) {
	t.Helper()
	const attackers = 8
	var failures atomic.Int64
	done := make(chan struct{})
	for a := range attackers {
		go func() {
			defer func() { done <- struct{}{} }()
			random := rand.New(rand.NewPCG(1, uint64(a)))
			for range n / attackers {
				c, err := net.Dial("tcp", address)
				if err != nil {
					failures.Add(1)
					continue
				}
				_, _ = c.Write(mutated(random))
				_ = c.(*net.TCPConn).CloseWrite()
				// A stream of events doesn't end: what comes first is enough.
				_, _ = io.CopyN(io.Discard, c, 1<<10)
				_ = c.Close()
			}
		}()
	}
	for range attackers {
		<-done
	}
	assert.Zero(t, failures.Load(), "connections refused")
}

func TestTenThousandHostileRequestsLeaveNothingBehind(t *testing.T) {
	polls := atomic.Int64{}
	server := New(Options{Metrics: prometheus.NewRegistry(), Refresh: func() { polls.Add(1) }})
	server.Show(brewing())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()

	measure := func() (heap uint64, goroutines int) {
		// Those that the last attack started end within moments, and not by our clock.
		require.Eventually(t, func() bool { return len(server.streams) == 0 && runtime.NumGoroutine() < 30 }, 20*time.Second, 10*time.Millisecond)
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	attack(t, l.Addr().String(), 1000) // what is kept for reuse is there after these
	before, _ := measure()
	attack(t, l.Addr().String(), 10_000)
	after, goroutines := measure()
	t.Logf("heap %d KiB before, %d KiB after; %d goroutines", before>>10, after>>10, goroutines)
	assert.Less(t, after, before+2<<20, "the heap grew")
	assert.Zero(t, polls.Load(), "none of them came from the page")
	assert.NoError(t, CheckHealth(context.Background(), l.Addr().String()))

	stop()
	assert.NoError(t, <-ended)
}

// BenchmarkShowUnderFlood is what handing over a snapshot costs the bridge's loop, with a flood of hostile requests and
// without; the ratio of the two is the metric.
func BenchmarkShowUnderFlood(b *testing.B) {
	server := New(Options{Metrics: prometheus.NewRegistry()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	snapshot := brewing()
	loop := func() time.Duration {
		start := time.Now()
		for range 100_000 {
			server.Show(snapshot)
		}
		return time.Since(start)
	}
	var calm, flooded time.Duration
	for b.Loop() {
		calm += loop()
		flood, end := context.WithCancel(context.Background())
		flooding := make(chan struct{})
		go func() {
			defer close(flooding)
			for flood.Err() == nil {
				attack(b, l.Addr().String(), 80)
			}
		}()
		flooded += loop()
		end()
		<-flooding
	}
	b.ReportMetric(float64(flooded)/float64(calm), "ratio")
	stop()
	require.NoError(b, <-ended)
}
