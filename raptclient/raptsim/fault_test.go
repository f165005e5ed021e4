package raptsim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// outcome is what a caller sees of a request.
type outcome struct {
	status  int
	header  http.Header
	body    string
	err     error // of the request
	bodyErr error
}

func see(via http.RoundTripper, r *http.Request) outcome {
	resp, err := via.RoundTrip(r)
	if err != nil {
		return outcome{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return outcome{status: resp.StatusCode, header: resp.Header, body: string(body), bodyErr: err}
}

func TestEachFaultInProcessAndOverHTTP(t *testing.T) {
	rows := map[string]struct {
		fault Fault
		check func(t *testing.T, o outcome)
	}{
		"status": {Fault{Status: 503}, func(t *testing.T, o outcome) {
			assert.Equal(t, 503, o.status)
			assert.Empty(t, o.body)
		}},
		"status with body and Retry-After": {Fault{Status: 500, Body: `{"x":1}`, RetryAfter: 90 * time.Second}, func(t *testing.T, o outcome) {
			assert.Equal(t, 500, o.status)
			assert.Equal(t, `{"x":1}`, o.body)
			assert.Equal(t, "90", o.header.Get("Retry-After"))
		}},
		"header": {Fault{Header: http.Header{"x-rate-limit-remaining": {"3"}}}, func(t *testing.T, o outcome) {
			assert.Equal(t, 200, o.status)
			assert.Equal(t, "3", o.header.Get("X-Rate-Limit-Remaining"))
		}},
		"cut body": {Fault{CutBody: true}, func(t *testing.T, o outcome) {
			assert.Equal(t, 200, o.status)
			assert.ErrorIs(t, o.bodyErr, io.ErrUnexpectedEOF)
			assert.False(t, json.Valid([]byte(o.body)))
			assert.NotEmpty(t, o.body)
		}},
		"HTML": {Fault{HTML: true}, func(t *testing.T, o outcome) {
			assert.Equal(t, 200, o.status)
			assert.Contains(t, o.header.Get("Content-Type"), "text/html")
			assert.Contains(t, o.body, "<html>")
		}},
		"body": {Fault{Body: `[{"id":7}]`}, func(t *testing.T, o outcome) {
			assert.Equal(t, 200, o.status)
			assert.Equal(t, `[{"id":7}]`, o.body)
		}},
		"wrong types": {Fault{WrongTypes: true}, func(t *testing.T, o outcome) {
			var list []map[string]any
			require.NoError(t, json.Unmarshal([]byte(o.body), &list))
			require.Len(t, list, 2)
			assert.IsType(t, "", list[0]["gravity"])
			assert.IsType(t, 0.0, list[0]["name"])
			assert.IsType(t, 0.0, list[0]["active"])
			assert.Equal(t, palePill, list[0]["id"])
		}},
		"empty list": {Fault{EmptyList: true}, func(t *testing.T, o outcome) {
			assert.Equal(t, 200, o.status)
			assert.Equal(t, "[]", o.body)
		}},
		"rate limited": {Fault{LimitRate: true}, func(t *testing.T, o outcome) {
			assert.Equal(t, 429, o.status)
			assert.Equal(t, "60", o.header.Get("Retry-After"))
			assert.Equal(t, "0", o.header.Get("X-Rate-Limit-Remaining"))
		}},
		"reset": {Fault{Reset: true}, func(t *testing.T, o outcome) {
			assert.ErrorIs(t, o.err, syscall.ECONNRESET)
		}},
		"token dropped": {Fault{DropToken: true}, func(t *testing.T, o outcome) {
			assert.Equal(t, 401, o.status)
			assert.Contains(t, o.header.Get("WWW-Authenticate"), "invalid_token")
		}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			c := New(Options{Latency: &Latency{}})
			server := httptest.NewServer(c)
			defer server.Close()
			remote := &http.Transport{}
			defer remote.CloseIdleConnections()
			a := newCaller(t, c)
			row.fault.Path = "Hydrometers/"
			defer c.Inject(row.fault)()

			row.check(t, see(a.via, a.request(http.MethodGet, "Hydrometers/GetHydrometers")))
			a.token = a.signIn("demo-secret")
			r := a.request(http.MethodGet, "Hydrometers/GetHydrometers")
			r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(server.URL, "http://"), ""
			row.check(t, see(remote, r))

			a.token = a.signIn("demo-secret")
			status, _ := a.get("Stills/GetStills")
			assert.Equal(t, 200, status, "other paths are well")
		})
	}
}

func TestFaultsMatchByPathMethodAndCount(t *testing.T) {
	c := New(Options{})
	a := newCaller(t, c)
	statuses := func(n int, path string) (out []int) {
		for range n {
			status, _ := a.get(path)
			out = append(out, status)
		}
		return out
	}
	remove := c.Inject(Fault{Path: "/api/*/GetTelemetry", Status: 500})
	status, _ := a.get("Stills/GetTelemetry", "stillId", still)
	assert.Equal(t, 500, status)
	assert.Equal(t, []int{200}, statuses(1, "Stills/GetStills"))
	remove()
	status, _ = a.get("Stills/GetTelemetry", "stillId", still)
	assert.Equal(t, 200, status)

	remove = c.Inject(Fault{Every: 3, Status: 502})
	assert.Equal(t, []int{200, 200, 502, 200, 200, 502}, statuses(6, "Stills/GetStills"))
	remove()
	c.Inject(Fault{Times: 2, Status: 503})
	c.Inject(Fault{Times: 1, Status: 504})
	assert.Equal(t, []int{503, 503, 504, 200}, statuses(4, "Stills/GetStills"))
	c.Inject(Fault{Method: http.MethodPost, Status: 403})
	assert.Equal(t, []int{200}, statuses(1, "Stills/GetStills"))
	status, _ = a.post("Stills/SetPIDEnabled", "stillId", still, "state", "true")
	assert.Equal(t, 403, status)

	defer c.Inject(Fault{Path: "/connect/token", Status: 500})()
	status, _ = a.send(signInRequest("demo-secret"))
	assert.Equal(t, 403, status, "of two the one injected first")
}

func TestAWriteWhoseAnswerIsLostIsCarriedOutOnlyWithExecuted(t *testing.T) {
	for _, executed := range []bool{false, true} {
		c := New(Options{})
		a := newCaller(t, c)
		c.Inject(Fault{Reset: true, Executed: executed, Times: 1})
		r := a.request(http.MethodPost, "Stills/SetTargetTemperature", "stillId", still, "target", "44")
		assert.Error(t, see(a.via, r).err)
		assert.Equal(t, executed, c.Actual(still, "targetTemperature") == 44.0)
		log := c.Requests()
		assert.Zero(t, log[len(log)-1].Status)
	}
}

func TestDelaysObeyTheContextAndLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{Latency: &Latency{}})
		a := signedIn(t, c.Transport())
		c.Inject(Fault{Path: "Stills", Delay: 20 * time.Second})
		began := time.Now()
		status, _ := a.get("Stills/GetStills")
		assert.Equal(t, 200, status)
		assert.Equal(t, 20*time.Second, time.Since(began))

		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		began = time.Now()
		o := see(a.via, a.request(http.MethodGet, "Stills/GetStills").WithContext(ctx))
		assert.ErrorIs(t, o.err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(began))
		log := c.Requests()
		assert.Zero(t, log[len(log)-1].Status)

		sent := len(log)
		o = see(a.via, a.request(http.MethodGet, "Stills/GetStills").WithContext(ctx))
		assert.ErrorIs(t, o.err, context.DeadlineExceeded)
		assert.Len(t, c.Requests(), sent, "nothing is sent when the context has ended")

		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() { a.get("Stills/GetStills") })
		}
		wait.Wait()
		assert.Equal(t, 3, c.MaxInFlight())
	})
}

func TestAWriteThatIsAnsweredTooLateHasHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		a := signedIn(t, c.Transport())
		c.Inject(Fault{Delay: time.Minute, Executed: true, Times: 2})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r := a.request(http.MethodPost, "Stills/SetTargetTemperature", "stillId", still, "target", "44").WithContext(ctx)
		assert.ErrorIs(t, see(a.via, r).err, context.DeadlineExceeded)
		assert.Equal(t, 44.0, c.Actual(still, "targetTemperature"))
		_, reply := a.post("Stills/SetTargetTemperature", "stillId", still, "target", "45")
		assert.Equal(t, "true", reply)
	})
}

func TestManyCallersAtOnce(t *testing.T) {
	c := New(Options{Speed: 3600, Latency: &Latency{}})
	a := signedIn(t, c.Transport())
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				a.get("Hydrometers/GetHydrometers")
				a.post("Stills/SetPIDEnabled", "stillId", still, "state", "true")
				c.Set(palePill, "name", "Pill")
				c.Value(palePill, "gravity")
				c.Actual(still, "abv")
				c.Inject(Fault{Times: 1, Path: "/api/BrewZillas", Status: 500})()
				c.Reports(kettle)
				c.Requests()
			}
		})
	}
	wait.Wait()
	assert.Len(t, c.Requests(), 1+8*20*2)
}
