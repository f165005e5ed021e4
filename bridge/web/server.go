package web

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What a client may take. A page that is looked at takes one connection and one stream.
const (
	maxStreams     = 32  // of server-sent events
	maxConnections = 128 // from elsewhere; loopback has reserved ones beside them
	reserved       = 32
	maxOfAddress   = 64       // connections of one address; Home Assistant's proxy is one for all its users
	maxHeaderBytes = 16 << 10 // cookies of Home Assistant come through its ingress
	headerTimeout  = 5 * time.Second
	readTimeout    = 10 * time.Second
	writeTimeout   = 30 * time.Second // for a stream: of each event
	idleTimeout    = time.Minute
	stopWithin     = time.Second // then what is still under way is cut off
)

// Options are what a Server is made of. Each may be left out.
type Options struct {
	// Refresh asks the bridge to poll now. It must not block.
	Refresh func()
	// Forget takes a device out, by its id, that the lists lack. It must not block.
	Forget func(id string)
	// Diagnosis gives the anonymous file that /diagnose shows. Without it there is no such page.
	Diagnosis func(context.Context) ([]byte, error)
	// Metrics is what /metrics shows. Without it there is no such path.
	Metrics prometheus.Gatherer
	// IngressOnly refuses every request that comes neither from IngressPeer nor from loopback, where the health check
	// comes from. IngressPeer is the address of Home Assistant's proxy, 172.30.32.2.
	IngressOnly bool
	IngressPeer netip.Addr
	// Listen is the address that the page listens on. With it requests are answered that name this host, loopback, an IP
	// address or one of Hosts; without it all are.
	Listen string
	Hosts  []string
	// Webhooks is what the page tells of the listener for webhooks.
	Webhooks Webhooks
	// Now is the clock, time.Now by default.
	Now func() time.Time
	Log *slog.Logger
}

// Server shows the newest snapshot that it was handed.
type Server struct {
	options  Options
	page     *template.Template
	routes   map[string]route
	started  time.Time
	latest   atomic.Pointer[shown]
	beat     atomic.Pointer[time.Time]     // of the bridge's loop
	changed  atomic.Pointer[chan struct{}] // closed when latest changes
	streams  chan struct{}                 // one place for each stream under way
	limits   limits
	mu       sync.Mutex // of what follows
	made     *rendering
	askedFor time.Time // when Refresh was last called
	yaml     []byte    // of the dashboard
	yamlAt   time.Time // when it was made
	read     []byte    // the anonymous file as it was shown last

	asking    chan struct{} // holds one while the loop is asked; whoever has put it there owns what follows
	diagnosed []byte        // the anonymous file; nil where the loop gave none
	askedAt   time.Time
}

// shown is a snapshot and when it came.
type shown struct {
	*Snapshot
	came time.Time
}

// limits are the server's time-outs.
type limits struct{ header, read, write, idle, stop time.Duration }

// New returns a server that has nothing to show yet.
func New(o Options) *Server {
	if o.Refresh == nil {
		o.Refresh = func() {}
	}
	if o.Forget == nil {
		o.Forget = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		options: o,
		page:    pageTemplate(),
		started: o.Now(),
		streams: make(chan struct{}, maxStreams),
		asking:  make(chan struct{}, 1),
		limits:  limits{headerTimeout, readTimeout, writeTimeout, idleTimeout, stopWithin},
	}
	s.routes = s.table()
	changed := make(chan struct{})
	s.changed.Store(&changed)
	return s
}

// Show hands over the newest snapshot, which nobody may change any more. It never waits for a client.
func (s *Server) Show(snapshot *Snapshot) {
	s.latest.Store(&shown{Snapshot: snapshot, came: s.options.Now()})
	changed := make(chan struct{})
	close(*s.changed.Swap(&changed))
}

// Beat says that the bridge's loop has turned. It never waits.
func (s *Server) Beat() {
	now := s.options.Now()
	s.beat.Store(&now)
}

// Serve answers the requests that come in by l until ctx ends. Then it closes l, ends the streams, gives other answers
// under way a second and returns nil. It returns an error only when l fails.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           serving(s.Handler()),
		ConnContext:       withConn,
		ReadHeaderTimeout: s.limits.header,
		ReadTimeout:       s.limits.read,
		WriteTimeout:      s.limits.write,
		IdleTimeout:       s.limits.idle,
		MaxHeaderBytes:    maxHeaderBytes,
		// The context of every request ends with ctx, and the streams with it.
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ErrorLog:                     slog.NewLogLogger(s.options.Log.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true,
	}
	return serveUntil(ctx, server, newBounded(l, maxConnections, reserved, maxOfAddress), s.limits.stop)
}

// serveUntil serves until ctx ends, then closes l, gives answers under way that long and returns nil. It returns an error
// only when l fails.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener, patience time.Duration) error {
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(stopped)
		stopping, end := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer end()
		if server.Shutdown(stopping) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(l)
	if release() { // the listener failed by itself
		_ = server.Close()
		return err
	}
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
