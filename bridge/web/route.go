package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed content
var content embed.FS

// route is what answers at a path, and to which methods.
type route struct {
	methods []string
	handler http.HandlerFunc
}

// table is every path that there is. Paths are compared as they are: nothing is cleaned, redirected or listed.
func (s *Server) table() map[string]route {
	get := []string{http.MethodGet, http.MethodHead}
	routes := map[string]route{
		"/":               {get, s.index},
		"/events":         {[]string{http.MethodGet}, s.events},
		"/refresh":        {[]string{http.MethodPost}, s.refresh},
		"/forget":         {[]string{http.MethodPost}, s.forget},
		"/push":           {get, s.push},
		"/dashboard":      {get, s.dashboard},
		"/dashboard.yaml": {get, s.dashboardFile},
		"/healthz":        {get, s.healthz},
		"/page.css":       {get, embedded("page.css", "text/css; charset=utf-8")},
		"/page.js":        {get, embedded("page.js", "text/javascript; charset=utf-8")},
		"/icon.svg":       {get, embedded("icon.svg", "image/svg+xml")},
	}
	if s.options.Metrics != nil {
		metrics := promhttp.HandlerFor(s.options.Metrics, promhttp.HandlerOpts{
			ErrorLog:            slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn),
			MaxRequestsInFlight: 4,
		})
		routes["/metrics"] = route{get, metrics.ServeHTTP}
	}
	if s.options.Diagnosis != nil {
		routes["/diagnose"] = route{get, s.diagnose}
		routes["/diagnose.json"] = route{get, s.diagnosis}
	}
	return routes
}

// Handler answers for one request; [Server.Serve] adds the time-outs and the bounds.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard(w.Header(), r)
		route, known := s.routes[r.URL.Path]
		switch {
		case !s.admitted(r.RemoteAddr):
			http.Error(w, "This page is shown in Home Assistant only: open the add-on and press Open Web UI.", http.StatusForbidden)
		case !s.reachedBy(r):
			http.Error(w, unknownHost, http.StatusMisdirectedRequest)
		case !known:
			http.Error(w, "There is nothing here. The status page is at the start of this path.", http.StatusNotFound)
		case !slices.Contains(route.methods, r.Method):
			w.Header().Set("Allow", strings.Join(route.methods, ", "))
			http.Error(w, "This address takes "+strings.Join(route.methods, " and ")+" only.", http.StatusMethodNotAllowed)
		case r.Method == http.MethodPost && !sameOrigin(r):
			http.Error(w, "This was not sent from the status page. Open the page and press its button.", http.StatusForbidden)
		default:
			route.handler(w, r)
		}
	})
}

// admitted says whether requests of a client's address, with its port, are answered.
func (s *Server) admitted(remote string) bool {
	if !s.options.IngressOnly {
		return true
	}
	client, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	address := client.Addr().Unmap()
	return address.IsLoopback() || address == s.options.IngressPeer.Unmap()
}

// guard sets the headers that tell browsers what the page never does.
func guard(h http.Header, r *http.Request) {
	// Home Assistant shows the page in a frame of its own origin. A page of somebody else can't have a browser send the
	// header, so with it the request came through a proxy that shows the page under its own address.
	ancestors, frames := "'none'", "DENY"
	if r.Header.Get("X-Ingress-Path") != "" {
		ancestors, frames = "'self'", "SAMEORIGIN"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors "+ancestors)
	h.Set("X-Frame-Options", frames)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with that a browser sends the origin of our own form as "null".
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "X-Ingress-Path")
}

// embedded answers with a file of the program, which a browser may keep but asks for again.
func embedded(name, contentType string) http.HandlerFunc {
	body, err := content.ReadFile("content/" + name)
	if err != nil {
		panic(err) // the program was built without it
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body)
	}
}
