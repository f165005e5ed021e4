package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// refreshApart is the least time between two polls that are asked for: each is a request for every family.
const refreshApart = 10 * time.Second

const refreshed = "The bridge was asked for the newest readings; they show here within some seconds."

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
	if due {
		s.options.Refresh()
	}
	s.answerForm(w, r, refreshed)
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
