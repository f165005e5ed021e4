package web

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestThePageAnswersToTheHostsThatItIsReachedBy(t *testing.T) {
	for _, c := range []struct {
		listen, host string
		status       int
	}{
		{":8099", "localhost:8099", 200}, {":8099", "127.0.0.1:8099", 200}, {":8099", "[::1]:8099", 200}, {":8099", "LOCALHOST.", 200},
		{":8099", "192.168.1.10:8099", 200}, {":8099", "[fd00::5]", 200}, {":8099", "brewery.lan:8099", 200}, {":8099", "Brewery.Lan.", 200},
		{"bridge.home:8099", "bridge.home:8099", 200}, {"bridge.home:8099", "bridge.home", 200},
		{":8099", "evil.example:8099", 421}, {":8099", "evil.example", 421}, {":8099", "bridge.home", 421}, {":8099", "", 421},
		{":8099", "127.0.0.1.evil.example", 421}, {":8099", "localhost.evil.example:8099", 421}, {":8099", "xbrewery.lan", 421},
	} {
		server := New(Options{Now: at(noon), Listen: c.listen, Hosts: []string{"brewery.lan"}})
		for _, path := range []string{"/", "/healthz", "/events", "/metrics", "/page.js"} {
			if path == "/events" && c.status == 200 || path == "/metrics" {
				continue
			}
			w := ask(server, "GET", path, func(r *http.Request) { r.Host = c.host })
			assert.Equal(t, c.status, w.Code, "%s on %s for %s", path, c.listen, c.host)
		}
	}
}

func TestHomeAssistantsProxyMayNameAnyHost(t *testing.T) {
	server := New(Options{Now: at(noon), Listen: ":8099", IngressOnly: true, IngressPeer: netip.MustParseAddr("172.30.32.2")})
	from := func(address string) int {
		return ask(server, "GET", "/", func(r *http.Request) { r.Host, r.RemoteAddr = "home.example.org", address }).Code
	}
	assert.Equal(t, http.StatusOK, from("172.30.32.2:4711"))
	assert.Equal(t, http.StatusMisdirectedRequest, from("127.0.0.1:4711"))
	assert.Equal(t, http.StatusForbidden, from("172.30.32.3:4711"))
}

func TestAPageOfAnotherNameCannotPressAnything(t *testing.T) {
	asked := 0
	server := New(Options{Now: at(noon), Listen: ":8099", Refresh: func() { asked++ }})
	w := ask(server, "POST", "/refresh", func(r *http.Request) {
		r.Host = "evil.example:8099" // a name that is pointed at this machine: to the browser all is of one origin
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", "http://evil.example:8099")
	})
	assert.Equal(t, http.StatusMisdirectedRequest, w.Code)
	assert.Zero(t, asked)
}
