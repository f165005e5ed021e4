package raptclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newCloud is a real server with a working sign-in and an API with the given handler.
func newCloud(t *testing.T, api http.HandlerFunc) string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /connect/token", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"the-token","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("/api/", api)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func reply200(body string, headers ...string) http.HandlerFunc {
	return replyWith(200, body, headers...)
}

func replyWith(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func zipped(body []byte) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body)
	_ = w.Close()
	return b.String()
}

// cutAfter answers with less than it announces, and breaks the connection.
func cutAfter(body, part string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write([]byte(part))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestAnAnswerThatIsOfNoUseHasAShortError(t *testing.T) {
	const e = "Hydrometers/GetHydrometers"
	long := strings.Repeat("word ", 100)
	for name, test := range map[string]struct {
		api       http.HandlerFunc
		temporary bool
		want      string
	}{
		"a captive portal": {reply200("<!DOCTYPE html>\r\n\t<title>Hotel &amp; Bar</title>", "Content-Type", "text/html"), true,
			e + `: the answer is a web page instead of data ("<!DOCTYPE html> <title>Hotel &amp; Bar</title>"): a login page of the network (captive portal) or a proxy may stand in between`},
		"a redirect": {replyWith(302, "", "Location", "http://portal.test/"), true,
			e + " answered 302 Found: a login page of the network (captive portal) or a proxy stands in between, or the address is wrong"},
		"empty":               {reply200(""), true, e + ": the answer is empty"},
		"no content":          {replyWith(204, ""), true, e + ": the answer is empty"},
		"cut, length known":   {cutAfter(strings.Repeat("x", 99), `[{"id":`), true, e + `: the answer was cut off ("[{\"id\":"): check the internet connection`},
		"cut, length unknown": {reply200(`[{"id":"` + someID), true, e + `: the answer was cut off, it ends within its data at byte 6 ("[{\"id\":\"` + someID + `"): check the internet connection`},
		"not JSON":            {reply200("Service is down"), true, e + `: the answer is not JSON, it breaks at byte 0 ("Service is down")`},
		"long":                {reply200(long), true, e + `: the answer is not JSON, it breaks at byte 0 ("` + long[:199] + `…")`},
		"not printable":       {reply200("\x00\x1b[31mred\xff\n"), true, e + `: the answer is not JSON, it breaks at byte 0 ("[31mred")`},
		"too large":           {reply200(strings.Repeat(" ", MaxBody+1)), true, e + ": the answer is longer than 8 MiB"},
		"a gzip bomb":         {reply200(zipped(make([]byte, 20<<20)), "Content-Encoding", "gzip"), true, e + ": the answer is longer than 8 MiB"},
		"broken gzip":         {reply200("[1,2,3 not zipped]", "Content-Encoding", "gzip"), true, e + ": the answer is not JSON, its compression is broken"},
		"not a list":          {reply200(`{"error":"x"}`), true, e + `: the answer is not what was asked for, an object instead of a list ("{\"error\":\"x\"}")`},
		"400":                 {replyWith(400, `{"title":"Bad"}`), false, e + ` answered 400 Bad Request ("{\"title\":\"Bad\"}"): the cloud refuses the request as it is`},
		"403":                 {replyWith(403, ""), false, e + " answered 403 Forbidden: the account may not do this; check in the RAPT app that it still has access"},
		"404":                 {replyWith(404, ""), false, e + " answered 404 Not Found: the cloud doesn't know this device or endpoint; check that the device is still in the RAPT app"},
		"429":                 {replyWith(429, "slow down"), true, e + ` answered 429 Too Many Requests ("slow down"): the vendor's limit is reached; wait before asking again`},
		"500 with a page":     {replyWith(500, "<html>Oops</html>"), true, e + ` answered 500 Internal Server Error ("<html>Oops</html>"): the cloud has a problem; try again later`},
		"503 cut": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			replyWith(503, "x")(w, r)
		}, true, e + ` answered 503 Service Unavailable ("x"): the cloud has a problem; try again later`},
		"an unknown status": {replyWith(799, ""), true, e + " answered 799: this is not an answer of the RAPT Cloud; check the address"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, newCloud(t, test.api), nil)
			err := list(t, c)
			require.Error(t, err)
			if name == "too large" || name == "a gzip bomb" || name == "broken gzip" {
				assert.True(t, strings.HasPrefix(err.Error(), test.want), err)
			} else {
				assert.EqualError(t, err, test.want)
			}
			assert.LessOrEqual(t, len(err.Error()), 500)
			assert.Equal(t, test.temporary, Temporary(err))
			assert.True(t, Sent(err))
		})
	}
}

func TestAGzippedListIsReadAndAskedFor(t *testing.T) {
	c := newTestClient(t, newCloud(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		reply200(zipped([]byte("["+device("")+"]")), "Content-Encoding", "gzip")(w, r)
	}), nil)
	l, err := c.Hydrometers.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, l.Items, 1)
}

func TestOneConnectionServesManyRequests(t *testing.T) {
	connections := map[string]bool{}
	c := newTestClient(t, newCloud(t, func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		reply200("[]")(w, r)
	}), nil)
	for range 5 {
		require.NoError(t, list(t, c))
	}
	assert.Len(t, connections, 1)
}

func TestA429CarriesWhatItsHeadersSay(t *testing.T) {
	c := newTestClient(t, newCloud(t, replyWith(429, "", "Retry-After", "120", "X-Rate-Limit-Remaining", "0",
		"X-Rate-Limit-Reset", "2026-09-08T18:10:00.0000000Z")), nil)
	var api *APIError
	require.ErrorAs(t, list(t, c), &api)
	assert.Equal(t, RateLimit{Some(0), Some(time.Date(2026, 9, 8, 18, 10, 0, 0, time.UTC)), Some(2 * time.Minute)}, api.RateLimit)
	assert.Equal(t, "Hydrometers/GetHydrometers", api.Endpoint)
}

func TestTheLimitsHeadersAreReadInEveryFormThatIsInUse(t *testing.T) {
	now := time.Date(2026, 9, 8, 18, 8, 0, 0, time.UTC)
	later := Some(now.Add(time.Minute))
	for text, want := range map[string]Null[time.Time]{
		"": {}, "soon": {}, "-5": {}, "NaN": {}, "Inf": {}, "1e300": {},
		"60": later, " 60 ": later, "60.0": later, "1788890940": later, "1788890940000": later,
		"2026-09-08T18:09:00Z": later, "2026-09-08T20:09:00+02:00": later, "2026-09-08T18:09:00.0000000Z": later, "Tue, 08 Sep 2026 18:09:00 GMT": later,
	} {
		r := readRateLimit(http.Header{"X-Rate-Limit-Reset": {text}, "Retry-After": {text}, "X-Rate-Limit-Remaining": {text}}, now)
		assert.Equal(t, want, r.Reset, text)
		assert.Equal(t, want.Valid, r.RetryAfter.Valid, text)
		assert.Equal(t, r.RetryAfter.Valid, r.RetryAfter.V == time.Minute, text)
	}
	past := readRateLimit(http.Header{"Retry-After": {"Tue, 08 Sep 2026 18:00:00 GMT"}}, now)
	assert.Equal(t, Some(time.Duration(0)), past.RetryAfter)
}

func TestARequestWithoutAConnectionWasSurelyNotSent(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, test := range map[string]struct {
		change func(*Options)
		sent   bool
		want   string
	}{
		"nobody listens": {func(o *Options) { o.APIURL = dead.URL }, false, "can't be reached: dial tcp"},
		"no such name": {func(o *Options) {
			o.APIURL = "http://api.rapt.invalid"
			o.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "api.rapt.invalid", IsNotFound: true}
			}}
		}, false, "api.rapt.invalid can't be reached: lookup api.rapt.invalid: no such host: check the address and the internet connection"},
		"another transport's dial": {func(o *Options) {
			o.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
				return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
			})
		}, false, "can't be reached"},
		"another transport's trouble": {func(o *Options) {
			o.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken pipe") })
		}, true, "no answer from"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, "http://127.0.0.1:9", test.change)
			c.session.held = heldToken{text: "the-token", renewAt: time.Now().Add(time.Hour)}
			_, err := c.Stills.SetPumpEnabled(t.Context(), someID, true)
			require.ErrorContains(t, err, test.want)
			assert.Equal(t, test.sent, Sent(err))
			assert.True(t, Temporary(err))
		})
	}
}

func TestABrokenConnectionMayHaveCarriedTheWrite(t *testing.T) {
	c := newTestClient(t, newCloud(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), nil)
	_, err := c.Stills.SetPumpEnabled(t.Context(), someID, true)
	require.ErrorContains(t, err, "Stills/SetPumpEnabled: no answer from 127.0.0.1")
	assert.True(t, Sent(err))
	assert.True(t, Temporary(err))
}

func TestAnExchangeEndsAfterItsTimeOrWithItsCaller(t *testing.T) {
	for name, stall := range map[string]func(ctx context.Context) (*http.Response, error){
		"before the answer": func(ctx context.Context) (*http.Response, error) { <-ctx.Done(); return nil, ctx.Err() },
		"within the answer": func(ctx context.Context) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: stalled{ctx}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var exchange Exchange
				f, c := newFake(t, func(o *Options) { o.Answered = func(e Exchange) { exchange = e } })
				require.NoError(t, c.SignIn(t.Context()))
				f.list = func(req *http.Request) (*http.Response, error) { return stall(req.Context()) }
				start := time.Now()
				err := list(t, c)
				assert.EqualError(t, err, "Hydrometers/GetHydrometers: no whole answer from cloud.test within 30s: check the internet connection")
				assert.Equal(t, DefaultTimeout, time.Since(start))
				assert.Equal(t, DefaultTimeout, exchange.Took)
				assert.Equal(t, err, exchange.Err)
				assert.True(t, Temporary(err))

				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				_, err = c.Hydrometers.List(ctx)
				require.ErrorIs(t, err, context.Canceled)
				assert.EqualError(t, err, "Hydrometers/GetHydrometers: given up before the answer from cloud.test")
				assert.False(t, Temporary(err))
				assert.True(t, Sent(err))

				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = c.Hydrometers.List(short)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.EqualError(t, err, "Hydrometers/GetHydrometers: no time left for the answer from cloud.test")
			})
		})
	}
}

// stalled is a body that never comes.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }
func (s stalled) Close() error             { return nil }

func TestAnotherPackagesErrorCountsAsSentAndLasting(t *testing.T) {
	assert.True(t, Sent(errors.New("x")))
	assert.False(t, Temporary(errors.New("x")))
	assert.False(t, Temporary(nil))
}

func TestNoErrorNoNoticeAndNoLogHoldsASecret(t *testing.T) {
	// The cloud quotes in every way it could what the client sent it.
	echo := func(w http.ResponseWriter, req *http.Request) {
		fmt.Fprintf(w, `no: %s s3cret & more s3cret+%%26+more s3cret%%20&%%20more s3cret \u0026 more %s`, req.Header.Get("Authorization"), strings.Repeat("-", 300))
	}
	secrets := []string{"s3cret", "the-token", "token-1", "token-2"}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	note := func(err error) {
		require.Error(t, err)
		logger.Error("failed", "err", err, "value", fmt.Sprintf("%+v", err), "cause", errors.Unwrap(err))
	}
	answered := func(o *Options) { o.Answered = func(e Exchange) { logger.Info("answered", "exchange", e) } }

	for _, status := range []int{200, 302, 400, 401, 403, 429, 500} {
		c := newTestClient(t, newCloud(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status); echo(w, r) }), answered)
		note(list(t, c))
		_, err := c.Stills.SetPIDEnabled(t.Context(), someID, true)
		note(err)

		f, c := newFake(t, answered)
		f.signIn = func(*http.Request) (*http.Response, error) {
			return answer(status, `{"access_token": "the-token", "error":"e","error_description":"s3cret & more is wrong", "access`), nil
		}
		note(list(t, c))
		f.signIn = func(*http.Request) (*http.Response, error) {
			return answer(status, `{"access_token":"`+strings.Repeat("the-token", 10)), nil
		}
		if status == 200 {
			note(list(t, c))
		}
	}
	c := newTestClient(t, newCloud(t, reply200("["+device(`"deviceType":"the-token s3cret & more","the":1`)+"]")), answered)
	l, err := c.Hydrometers.List(t.Context())
	require.NoError(t, err)
	require.Len(t, l.Notices, 2)
	logger.Info("seen", "notices", l.Notices)

	require.Contains(t, log.String(), "REDACTED")
	for _, secret := range secrets {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, secret) {
				t.Errorf("%q stands in %.600s", secret, line)
			}
		}
	}
}
