package raptsim_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestSignInGivesATokenForItsLifetime(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now})
	a := &caller{t: t, via: virtual{t, c.Transport()}}
	status, body := a.send(signInRequest("demo-secret"))
	require.Equal(t, 200, status)
	var reply map[string]any
	require.NoError(t, json.Unmarshal(body, &reply))
	assert.Equal(t, "Bearer", reply["token_type"])
	assert.Equal(t, 3600.0, reply["expires_in"])
	assert.NotContains(t, reply, "refresh_token")
	a.token = reply["access_token"].(string)
	second := a.signIn("demo-secret")
	assert.NotEqual(t, a.token, second)

	clock.add(59*time.Minute + 59*time.Second)
	status, _ = a.get("Hydrometers/GetHydrometers")
	assert.Equal(t, 200, status)
	clock.add(time.Second)
	status, _ = a.get("Hydrometers/GetHydrometers")
	assert.Equal(t, 401, status, "expired")
	a.token = a.signIn("demo-secret")
	c.RevokeTokens()
	status, _ = a.get("Hydrometers/GetHydrometers")
	assert.Equal(t, 401, status, "revoked")
	a.token = ""
	status, _ = a.get("Hydrometers/GetHydrometers")
	assert.Equal(t, 401, status, "none")
}

func TestWrongSignInsAreRefused(t *testing.T) {
	edit := func(from, to string) *http.Request {
		r := signInRequest("demo-secret")
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), from, to, 1)))
		return r
	}
	get := signInRequest("demo-secret")
	get.Method = http.MethodGet
	asJSON := signInRequest("demo-secret")
	asJSON.Header.Set("Content-Type", "application/json")
	for name, row := range map[string]struct {
		request *http.Request
		status  int // 0: as the option says
		code    string
	}{
		"secret":     {signInRequest("wrong"), 0, "invalid_grant"},
		"user":       {edit("brewer%40example.com", "nobody"), 0, "invalid_grant"},
		"client":     {edit("rapt-user", "other"), 400, "invalid_client"},
		"grant type": {edit("grant_type=password", "grant_type=client_credentials"), 400, "unsupported_grant_type"},
		"method":     {get, 405, "invalid_request"},
		"JSON":       {asJSON, 400, "invalid_request"},
	} {
		for _, refusal := range []int{400, 401} {
			c := New(Options{BadCredentialsStatus: refusal})
			a := &caller{t: t, via: virtual{t, c.Transport()}}
			r := row.request.Clone(t.Context())
			if row.request.Body != nil {
				body, _ := io.ReadAll(row.request.Body)
				row.request.Body, r.Body = io.NopCloser(strings.NewReader(string(body))), io.NopCloser(strings.NewReader(string(body)))
			}
			status, body := a.send(r)
			want := row.status
			if want == 0 {
				want = refusal
			}
			assert.Equal(t, want, status, name)
			assert.JSONEq(t, `{"error":"`+row.code+`"}`, string(body), name)
		}
	}
}

func TestANewSecretLeavesTokensGood(t *testing.T) {
	c := New(Options{})
	a := newCaller(t, c)
	c.SetSecret("other")
	status, _ := a.get("Stills/GetStills")
	assert.Equal(t, 200, status)
	status, _ = a.send(signInRequest("demo-secret"))
	assert.Equal(t, 400, status)
	a.signIn("other")
}

func TestTheRateLimitCountsAnHourAndSaysWhenItEnds(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, RateLimitPerHour: 5, ClockOffset: time.Minute})
	a := newCaller(t, c)
	for left := 3; left >= 0; left-- {
		resp, err := a.via.RoundTrip(a.request(http.MethodGet, "Stills/GetStills"))
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, string(rune('0'+left)), resp.Header.Get("X-Rate-Limit-Remaining"))
	}
	clock.add(10 * time.Minute)
	resp, err := a.via.RoundTrip(a.request(http.MethodGet, "Stills/GetStills"))
	require.NoError(t, err)
	assert.Equal(t, 429, resp.StatusCode)
	assert.Equal(t, "3000", resp.Header.Get("Retry-After"))
	reset, err := time.Parse(time.RFC3339, resp.Header.Get("X-Rate-Limit-Reset"))
	require.NoError(t, err)
	assert.Equal(t, newHand().now().Add(time.Hour+time.Minute), reset)
	assert.Equal(t, clock.now().Add(time.Minute).Format(http.TimeFormat), resp.Header.Get("Date"))
	clock.add(50 * time.Minute)
	a.token = a.signIn("demo-secret")
	status, _ := a.get("Stills/GetStills")
	assert.Equal(t, 200, status)
}

func TestRateLimitHeadersWithoutALimit(t *testing.T) {
	c := New(Options{RateLimitHeaders: true})
	a := newCaller(t, c)
	resp, err := a.via.RoundTrip(a.request(http.MethodGet, "Stills/GetStills"))
	require.NoError(t, err)
	assert.Equal(t, "998", resp.Header.Get("X-Rate-Limit-Remaining"))
}

func TestTheLogTellsEveryRequest(t *testing.T) {
	clock := newHand()
	c := New(Options{Now: clock.now, KeepRequests: 3})
	a := newCaller(t, c)
	clock.add(time.Second)
	r := a.request(http.MethodGet, "Stills/GetStill", "stillId", still)
	r.Header.Set("User-Agent", "test/1")
	a.send(r)
	assert.Equal(t, []Request{
		{At: newHand().now(), Method: "POST", Path: "/connect/token", Status: 200, SignIn: true, Executed: true},
		{At: clock.now(), Method: "GET", Path: "/api/Stills/GetStill", Query: "stillId=" + still, Status: 200, UserAgent: "test/1", Authenticated: true, Executed: true},
	}, c.Requests())
	for range 20 {
		a.get("Stills/GetStills")
	}
	assert.Len(t, c.Requests(), 3)
	assert.Equal(t, 1, c.MaxInFlight())
}

func TestOverHTTPRepliesAreCompressedWhenAskedFor(t *testing.T) {
	c := New(Options{Latency: &Latency{}})
	server := httptest.NewServer(c)
	defer server.Close()
	a := newCaller(t, c)
	r := a.request(http.MethodGet, "Hydrometers/GetHydrometers")
	r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(server.URL, "http://"), ""
	r.Header.Set("Accept-Encoding", "gzip")
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	z, err := gzip.NewReader(resp.Body)
	require.NoError(t, err)
	var list []any
	require.NoError(t, json.NewDecoder(z).Decode(&list))
	assert.Len(t, list, 2)
}
