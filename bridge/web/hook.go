package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// What callers of the webhook may do in a minute. RAPT sends one request per row of telemetry, and behind a proxy all callers
// are one address: what others send must not use up what those may who know the secret.
const (
	hookRequests   = 3000 // of those who know the secret
	hookPerAddress = 60   // of one address that does not
	hookInAll      = 300  // and of all of those
	hookAddresses  = 1024
)

// HookOptions are what a HookServer is made of.
type HookOptions struct {
	// Secret is what a caller must know, see HookServer. At least 16 bytes.
	Secret string
	// Certificate, when set, has the listener speak TLS, 1.2 or later, with the certificate that it gives for each connection. It
	// may be called by several goroutines.
	Certificate func() *tls.Certificate
	// MaxBody is the longest body that is taken, in bytes.
	MaxBody int64
	// Receive is handed the body of a request with its headers and its query, and says whether it is well formed. It must not
	// block.
	Receive func(body []byte, fields ...map[string][]string) bool
	// Now is the clock, time.Now by default.
	Now func() time.Time
	Log *slog.Logger
}

// HookServer takes webhooks, on a listener of its own with nothing else on it: GET or POST /hook with the secret in the
// header X-Webhook-Token, or /hook/<secret>. Nothing of a request is logged.
type HookServer struct {
	options HookOptions
	secret  [sha256.Size]byte
	limits  limits

	mu      sync.Mutex // of what follows
	minute  time.Time  // that the counts are of
	all     int        // that did not know the secret
	known   int        // that did
	address map[netip.Addr]int
}

// NewHookServer returns a server for the options.
func NewHookServer(o HookOptions) *HookServer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &HookServer{
		options: o, secret: sha256.Sum256([]byte(o.Secret)), address: map[netip.Addr]int{},
		limits: limits{headerTimeout, readTimeout, readTimeout, readTimeout, stopWithin},
	}
}

// Serve answers the requests that come in by l until ctx ends, and closes l. It returns an error only when l fails.
func (s *HookServer) Serve(ctx context.Context, l net.Listener) error {
	l = newBounded(l, maxConnections, 0, maxOfAddress)
	if give := s.options.Certificate; give != nil {
		l = tls.NewListener(l, &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return give(), nil }, MinVersion: tls.VersionTLS12,
		})
	}
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: s.limits.header, ReadTimeout: s.limits.read, WriteTimeout: s.limits.write, IdleTimeout: s.limits.idle,
		MaxHeaderBytes: maxHeaderBytes, DisableGeneralOptionsHandler: true,
		// Its lines name addresses and parts of requests.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	return serveUntil(ctx, server, l, s.limits.stop)
}

// ServeHTTP answers one request: 202 for what is well formed, whether it names a known device or not.
func (s *HookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	status := s.take(w, r)
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
}

func (s *HookServer) take(w http.ResponseWriter, r *http.Request) int {
	token, inPath := strings.CutPrefix(r.URL.Path, "/hook/")
	if !inPath {
		token = r.Header.Get("X-Webhook-Token")
	}
	given := sha256.Sum256([]byte(token))
	known := subtle.ConstantTimeCompare(given[:], s.secret[:]) == 1 && (inPath || r.URL.Path == "/hook")
	if !s.admit(r.RemoteAddr, known) {
		return http.StatusTooManyRequests
	}
	if !known { // one answer for a wrong path and a wrong secret: who doesn't know it learns nothing
		return http.StatusNotFound
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		return http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.options.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	if !s.options.Receive(body, r.Header, r.URL.Query()) {
		return http.StatusBadRequest
	}
	return http.StatusAccepted
}

// admit counts a request, and reports whether it is within the limits of those who know the secret, or of its address and of
// all that don't.
func (s *HookServer) admit(remote string, known bool) bool {
	client, _ := netip.ParseAddrPort(remote) // the zero address stands for what can't be read
	address := client.Addr().Unmap().WithZone("")
	if address.Is6() { // one customer has a whole network of them
		if network, err := address.Prefix(64); err == nil {
			address = network.Addr()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.options.Now(); now.Sub(s.minute).Abs() >= time.Minute {
		s.minute, s.all, s.known = now, 0, 0
		clear(s.address)
	}
	if known {
		s.known++
		return s.known <= hookRequests
	}
	if s.all >= hookInAll || s.address[address] >= hookPerAddress || len(s.address) >= hookAddresses {
		return false
	}
	s.all++
	s.address[address]++
	return true
}
