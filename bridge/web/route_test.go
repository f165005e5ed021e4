package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
)

// ask has a server answer a request that may be changed before.
func ask(s *Server, method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = path
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// back is the page that a form's answer sends a browser back to.
func back(s *Server, answer *httptest.ResponseRecorder) string {
	_, query, _ := strings.Cut(answer.Header().Get("Location"), "?")
	return ask(s, "GET", "/", func(r *http.Request) { r.URL.RawQuery = query }).Body.String()
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

func TestRoutes(t *testing.T) {
	server := New(Options{Now: at(noon), Metrics: prometheus.NewRegistry()})
	server.Show(brewing())
	for _, c := range []struct {
		method, path string
		status       int
		kind, allow  string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", ""},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"GET", "/page.css", 200, "text/css; charset=utf-8", ""},
		{"GET", "/page.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/icon.svg", 200, "image/svg+xml", ""},
		{"GET", "/healthz", 200, "text/plain; charset=utf-8", ""},
		{"HEAD", "/healthz", 200, "text/plain; charset=utf-8", ""},
		{"GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", ""},
		{"GET", "/refresh", 405, "text/plain; charset=utf-8", "POST"},
		{"HEAD", "/events", 405, "text/plain; charset=utf-8", "GET"},
		{"POST", "/events", 405, "text/plain; charset=utf-8", "GET"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "GET, HEAD"},
		{"OPTIONS", "/refresh", 405, "text/plain; charset=utf-8", "POST"},
		{"DELETE", "/healthz", 405, "text/plain; charset=utf-8", "GET, HEAD"},
		{"TRACE", "/", 405, "text/plain; charset=utf-8", "GET, HEAD"},
		{"BREW", "/metrics", 405, "text/plain; charset=utf-8", "GET, HEAD"},
		{"GET", "", 404, "text/plain; charset=utf-8", ""},
		{"OPTIONS", "*", 404, "text/plain; charset=utf-8", ""},
		{"GET", "//", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/.", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/..", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/healthz/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/content", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/content/page.html", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/page.html", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/parts.html", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/../content/page.css", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/favicon.ico", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/debug/pprof/", 404, "text/plain; charset=utf-8", ""},
		{"GET", "/.well-known/", 404, "text/plain; charset=utf-8", ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := ask(server, c.method, c.path)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.kind, w.Header().Get("Content-Type"))
			assert.Equal(t, c.allow, w.Header().Get("Allow"))
			assertGuarded(t, w.Header())
		})
	}
}

func TestWithoutMetricsThereIsNoSuchPath(t *testing.T) {
	assert.Equal(t, http.StatusNotFound, ask(New(Options{}), "GET", "/metrics").Code)
}

// assertGuarded checks the headers that every answer outside of a frame has.
func assertGuarded(t testing.TB, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Frame-Options":              "DENY",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		assert.Equal(t, []string{want}, h.Values(name), name)
	}
	assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
	assert.Empty(t, h.Get("Server"))
}

func TestIngressMayFrameThePageWithinItsOwnOriginOnly(t *testing.T) {
	w := ask(New(Options{Now: at(noon)}), "GET", "/", header("X-Ingress-Path", "/api/hassio_ingress/abc"))
	assert.Equal(t, "SAMEORIGIN", w.Header().Get("X-Frame-Options"))
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "frame-ancestors 'self'")
	assert.NotContains(t, w.Body.String(), "hassio_ingress", "links are relative, whatever the header says")
}

func TestOnlyIngressAndLoopbackAreAdmittedInTheAddOn(t *testing.T) {
	peer := netip.MustParseAddr("172.30.32.2")
	for _, c := range []struct {
		from         string
		addOn, alone int
	}{
		{"172.30.32.2:41234", 200, 200},
		{"[::ffff:172.30.32.2]:41234", 200, 200},
		{"127.0.0.1:41234", 200, 200},
		{"[::1]:41234", 200, 200},
		{"172.30.32.1:41234", 403, 200},
		{"172.30.32.20:41234", 403, 200},
		{"192.168.1.7:41234", 403, 200},
		{"[fd00::2]:41234", 403, 200},
		{"172.30.32.2", 403, 200},
		{"", 403, 200},
		{"@", 403, 200},
	} {
		for _, path := range []string{"/", "/healthz", "/page.css"} {
			addOn := ask(New(Options{Now: at(noon), IngressOnly: true, IngressPeer: peer}), "GET", path, from(c.from), header("X-Forwarded-For", "127.0.0.1"))
			assert.Equal(t, c.addOn, addOn.Code, "%s %s", c.from, path)
			assertGuarded(t, addOn.Header())
			assert.Equal(t, c.alone, ask(New(Options{Now: at(noon)}), "GET", path, from(c.from)).Code)
		}
	}
	nobody := New(Options{Now: at(noon), IngressOnly: true})
	assert.Equal(t, http.StatusForbidden, ask(nobody, "GET", "/", from("172.30.32.2:1")).Code)
	assert.Equal(t, http.StatusOK, ask(nobody, "GET", "/", from("127.0.0.1:1")).Code)
}

func TestEmbeddedFilesAreAskedForAgainButNotSentAgain(t *testing.T) {
	server := New(Options{})
	for _, path := range []string{"/page.css", "/page.js", "/icon.svg"} {
		first := ask(server, "GET", path)
		assert.Equal(t, "no-cache", first.Header().Get("Cache-Control"))
		tag := first.Header().Get("ETag")
		assert.NotEmpty(t, tag)
		again := ask(server, "GET", path, header("If-None-Match", tag))
		assert.Equal(t, http.StatusNotModified, again.Code)
		assert.Zero(t, again.Body.Len())
	}
	assert.Equal(t, "no-store", ask(server, "GET", "/").Header().Get("Cache-Control"))
}
