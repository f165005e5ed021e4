package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyThePageItselfMayAskForAPoll(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers map[string]string
		ok      bool
	}{
		{"the page, told by the browser", map[string]string{"Sec-Fetch-Site": "same-origin"}, true},
		{"the page over plain HTTP", map[string]string{"Origin": "http://bridge.local:8099"}, true},
		{"the page over plain HTTP, in capitals", map[string]string{"Origin": "http://Bridge.Local:8099"}, true},
		{"the page under ingress", map[string]string{"Origin": "https://home.example.org", "X-Forwarded-Host": "home.example.org", "X-Ingress-Path": "/x"}, true},
		{"the page under ingress on a port", map[string]string{"Origin": "http://homeassistant.local:8123", "X-Forwarded-Host": "homeassistant.local:8123"}, true},
		{"the page behind two proxies", map[string]string{"Origin": "https://home.example.org", "X-Forwarded-Host": "home.example.org:443, inner:8123"}, true},
		{"a script with no origin", nil, false},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false},
		{"another site that the browser tells of, whatever the origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://bridge.local:8099"}, false},
		{"a sibling site", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://bridge.local:8099"}, false},
		{"an address that was typed", map[string]string{"Sec-Fetch-Site": "none"}, false},
		{"another site over plain HTTP", map[string]string{"Origin": "http://evil.example"}, false},
		{"another port of the same host", map[string]string{"Origin": "http://bridge.local:8123"}, false},
		{"a host that ends the same", map[string]string{"Origin": "http://evil-bridge.local:8099"}, false},
		{"a sandboxed frame", map[string]string{"Origin": "null"}, false},
		{"an origin that is none", map[string]string{"Origin": "http://%zz"}, false},
		{"an empty origin", map[string]string{"Origin": ""}, false},
		{"an origin with no host", map[string]string{"Origin": "file://", "X-Forwarded-Host": ""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			server := New(Options{Now: at(noon), Refresh: func() { asked++ }})
			w := ask(server, "POST", "/refresh", func(r *http.Request) {
				r.Host = "bridge.local:8099"
				for name, value := range c.headers {
					r.Header.Set(name, value)
				}
			})
			if c.ok {
				assert.Equal(t, http.StatusSeeOther, w.Code)
				assert.Equal(t, "./?asked", w.Header().Get("Location"), "relative, for prefixes")
				assert.Equal(t, 1, asked)
			} else {
				assert.Equal(t, http.StatusForbidden, w.Code)
				assert.Zero(t, asked)
			}
		})
	}
}

func TestPollNowSaysWhatHappens(t *testing.T) {
	const plan = "Nothing is asked before 12:09:00: the RAPT Cloud refuses the API secret"
	for _, c := range []struct {
		is       string
		snapshot *Snapshot
		says     string
	}{
		{"before the first snapshot", nil, unconnected},
		{"without a broker", &Snapshot{Refresh: plan}, "The MQTT broker is away"},
		{"with everything", &Snapshot{Refresh: plan, Connected: true}, plan},
	} {
		t.Run(c.is, func(t *testing.T) {
			server := New(Options{Now: at(noon)})
			if c.snapshot != nil {
				server.Show(c.snapshot)
			}
			w := ask(server, "POST", "/refresh", header("Sec-Fetch-Site", "same-origin"), header("Accept", "text/plain"))
			assert.Equal(t, http.StatusAccepted, w.Code)
			assert.Empty(t, w.Header().Get("Location"))
			assert.Contains(t, w.Body.String(), c.says, "a script gets the text alone")
			assert.Contains(t, ask(server, "GET", "/", func(r *http.Request) { r.URL.RawQuery = "asked" }).Body.String(), c.says)
			assert.NotContains(t, ask(server, "GET", "/").Body.String(), c.says)
		})
	}
}

func TestAnImpatientFingerAsksForOnePoll(t *testing.T) {
	now, asked := noon, 0
	server := New(Options{Now: func() time.Time { return now }, Refresh: func() { asked++ }})
	press := func() { ask(server, "POST", "/refresh", header("Sec-Fetch-Site", "same-origin")) }
	for range 100 {
		press()
	}
	assert.Equal(t, 1, asked)
	now = now.Add(refreshApart - 1)
	press()
	assert.Equal(t, 1, asked)
	now = now.Add(1)
	press()
	assert.Equal(t, 2, asked)
}
