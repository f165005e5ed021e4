package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// refreshApart is the least time between two polls that are asked for: each is a request for every family.
const refreshApart = 10 * time.Second

// unconnected is what a press of Poll now is answered with before the bridge has shown itself.
const unconnected = "The bridge has not started yet; it asks for all readings when it has."

// refreshed says what a press of Poll now does at this moment.
func (s *Server) refreshed() string {
	latest := s.latest.Load()
	switch {
	case latest == nil:
		return unconnected
	case !latest.Connected:
		return "The MQTT broker is away; the bridge asks for all readings when it is back."
	}
	return said(latest.Refresh)
}

// refresh asks the bridge to poll now. A browser's form is sent back to the page, a script gets the text alone.
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, "This was not sent from the status page. Open the page and press its button.", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	now := s.options.Now()
	due := s.askedFor.IsZero() || now.Sub(s.askedFor) >= refreshApart
	if due {
		s.askedFor = now
	}
	s.mu.Unlock()
	what := s.refreshed()
	if due {
		s.options.Refresh()
	}
	s.answerForm(w, r, what)
}

// sameOrigin says whether a request shows that a page of ours sent it. Browsers tell the site for https and loopback
// only, but the origin with every POST. A request that tells neither is refused.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" {
		return false
	}
	// A proxy may have put the host that the browser knows into X-Forwarded-Host. A page of somebody else can't have a
	// browser send that header.
	hosts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",")
	for _, host := range append(hosts, r.Host) {
		if host = strings.TrimSpace(host); host != "" && plainHost(host) == plainHost(origin.Host) {
			return true
		}
	}
	return false
}

// plainHost is a host in lower case without the port when that is a scheme's own.
func plainHost(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}
