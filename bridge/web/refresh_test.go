package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/discovery"
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
	for _, c := range []struct {
		is       string
		snapshot *Snapshot
		says     string
	}{
		{"before the first snapshot", nil, "The bridge has not started yet"},
		{"without a broker", &Snapshot{Refresh: Plan{Why: "x"}}, "The MQTT broker is away"},
		{"standing by", &Snapshot{Connected: true, Standby: true}, "Another bridge of this account is active"},
		{"with everything", &Snapshot{Connected: true}, "The bridge asks for fresh readings now; they show within some seconds."},
		{"with a rejected secret", &Snapshot{Connected: true, Refresh: Plan{At: before(-9 * time.Minute), Why: "The RAPT Cloud refuses the API secret of brewer@example.com"}},
			`Nothing is asked before <time class="clock" datetime="2026-03-14T12:09:00Z">2026-03-14 12:09:00 UTC</time>: the RAPT Cloud refuses the API secret of REDACTED.`},
		{"below the limits", &Snapshot{Connected: true, Refresh: Plan{At: before(-time.Minute)}},
			`The bridge asks for fresh readings from <time class="clock" datetime="2026-03-14T12:01:00Z">2026-03-14 12:01:00 UTC</time> on, to stay below the limits.`},
		{"but for a list that failed", &Snapshot{Connected: true, Refresh: Plan{Later: []LaterList{{discovery.Still, before(-time.Hour)}}}},
			`The list of <em>RAPT Still</em> failed; it is asked for again at <time class="clock" datetime="2026-03-14T13:00:00Z">2026-03-14 13:00:00 UTC</time>.`},
	} {
		t.Run(c.is, func(t *testing.T) {
			server := New(Options{Now: at(noon)})
			if c.snapshot != nil {
				server.Show(c.snapshot)
			}
			w := ask(server, "POST", "/refresh", header("Sec-Fetch-Site", "same-origin"), header("Accept", fragment))
			assert.Equal(t, http.StatusAccepted, w.Code)
			assert.Empty(t, w.Header().Get("Location"))
			assert.Contains(t, w.Body.String(), c.says, "a script gets the answer alone")
			assert.NotContains(t, w.Body.String(), "<html")
			page := func(query string) int {
				body := ask(server, "GET", "/", func(r *http.Request) { r.URL.RawQuery = query }).Body.String()
				_, body, _ = strings.Cut(body, "<header>")
				body, _, _ = strings.Cut(body, "</header>")
				return strings.Count(body, c.says)
			}
			unpressed := 1
			if c.snapshot != nil && planOf(&shown{Snapshot: c.snapshot}).Now && !strings.Contains(c.says, "list") {
				unpressed = 0 // it tells what it would do
			}
			assert.Equal(t, unpressed, page(""), "beside the button before it is pressed")
			assert.Equal(t, unpressed+1, page("asked"), "and to a form")
		})
	}
}

func TestAnImpatientFingerAsksForOnePoll(t *testing.T) {
	now, asked := noon, 0
	server := New(Options{Now: func() time.Time { return now }, Refresh: func() { asked++ }})
	server.Show(brewing())
	press := func() *httptest.ResponseRecorder {
		return ask(server, "POST", "/refresh", header("Sec-Fetch-Site", "same-origin"))
	}
	assert.Equal(t, "./?asked", press().Header().Get("Location"))
	for range 100 {
		assert.Contains(t, press().Body.String(), "The bridge was asked a moment ago")
	}
	assert.Equal(t, 1, asked)
	assert.Contains(t, back(server, press()), "The bridge was asked a moment ago")
	now = now.Add(refreshApart - 1)
	press()
	assert.Equal(t, 1, asked)
	now = now.Add(1)
	press()
	assert.Equal(t, 2, asked)
}
