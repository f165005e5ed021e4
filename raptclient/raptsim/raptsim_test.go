package raptsim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	palePill  = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01"
	stoutPill = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a02"
	fridge    = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a03"
	kegerator = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a04"
	heatBelt  = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a05"
	kettle    = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a06"
	sparge    = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a07"
	still     = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a08"
	canFiller = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a09"
	mashTherm = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a0a"
	iSpindel  = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a0c"
)

// hand is a clock that a test turns by hand.
type hand struct {
	mu sync.Mutex
	t  time.Time
}

func newHand() *hand { return &hand{t: time.Date(2026, 11, 20, 9, 0, 0, 123456700, time.UTC)} }

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hand) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

// caller speaks to a cloud with a token.
type caller struct {
	t     *testing.T
	via   http.RoundTripper
	token string
}

func newCaller(t *testing.T, c *Cloud) *caller {
	return signedIn(t, virtual{t, c.Transport()})
}

// virtual makes each request in a bubble of its own, so that the latency takes no real time where a clock is turned by
// hand. The request's context stays outside: a test that needs it makes a bubble itself.
type virtual struct {
	t   *testing.T
	via http.RoundTripper
}

func (v virtual) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	r = r.WithContext(context.Background())
	synctest.Test(v.t, func(*testing.T) { resp, err = v.via.RoundTrip(r) })
	return resp, err
}

func signedIn(t *testing.T, via http.RoundTripper) *caller {
	a := &caller{t: t, via: via}
	a.token = a.signIn("demo-secret")
	return a
}

func signInRequest(secret string) *http.Request {
	form := url.Values{"client_id": {"rapt-user"}, "grant_type": {"password"}, "username": {"brewer@example.com"}, "password": {secret}}
	r, _ := http.NewRequest(http.MethodPost, "https://id.rapt.io/connect/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (a *caller) signIn(secret string) string {
	a.t.Helper()
	status, body := a.send(signInRequest(secret))
	require.Equal(a.t, 200, status, "%s", body)
	var reply struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(a.t, json.Unmarshal(body, &reply))
	return reply.AccessToken
}

func (a *caller) send(r *http.Request) (int, []byte) {
	a.t.Helper()
	resp, err := a.via.RoundTrip(r)
	require.NoError(a.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	return resp.StatusCode, body
}

// request makes a request with the token; query pairs names with values.
func (a *caller) request(method, path string, query ...string) *http.Request {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	r, err := http.NewRequest(method, "https://api.rapt.io/api/"+path+"?"+q.Encode(), http.NoBody)
	require.NoError(a.t, err)
	r.Header.Set("Authorization", "Bearer "+a.token)
	return r
}

func (a *caller) get(path string, query ...string) (int, []byte) {
	a.t.Helper()
	return a.send(a.request(http.MethodGet, path, query...))
}

func (a *caller) post(path string, query ...string) (int, string) {
	a.t.Helper()
	status, body := a.send(a.request(http.MethodPost, path, query...))
	return status, string(body)
}

// object gets one JSON object.
func (a *caller) object(path string, query ...string) map[string]any {
	a.t.Helper()
	status, body := a.get(path, query...)
	require.Equal(a.t, 200, status, "%s", body)
	var v map[string]any
	require.NoError(a.t, json.Unmarshal(body, &v), "%s", body)
	return v
}

// array gets a JSON array of objects.
func (a *caller) array(path string, query ...string) []map[string]any {
	a.t.Helper()
	status, body := a.get(path, query...)
	require.Equal(a.t, 200, status, "%s", body)
	var v []map[string]any
	require.NoError(a.t, json.Unmarshal(body, &v), "%s", body)
	return v
}

// only are the devices of the demo brewery with these ids.
func only(ids ...string) []DeviceSpec {
	return slices.DeleteFunc(DemoBrewery(), func(s DeviceSpec) bool { return !slices.Contains(ids, s.ID) })
}

func number(t *testing.T, v any) float64 {
	t.Helper()
	n, ok := v.(float64)
	require.True(t, ok, "%v is not a number", v)
	return n
}

func TestDemoBreweryHasTwelveDevicesOverAllEightFamilies(t *testing.T) {
	c := New(Options{})
	seen := map[string]int{}
	for _, d := range c.Devices() {
		seen[d.Family]++
		assert.Equal(t, strings.ToLower(d.ID), d.ID)
	}
	assert.Len(t, c.Devices(), 12)
	assert.Len(t, seen, 8)
}
