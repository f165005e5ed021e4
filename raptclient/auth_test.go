package raptclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fake is a cloud in memory: a round tripper that needs no network, for tests in which time passes.
type fake struct {
	mu      sync.Mutex
	signIns int
	calls   int
	valid   string
	// lifetime is expires_in as the reply writes it; signIn and list replace the usual answers.
	lifetime string
	signIn   func(*http.Request) (*http.Response, error)
	list     func(*http.Request) (*http.Response, error)
}

func (f *fake) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasSuffix(req.URL.Path, SignInEndpoint) {
		f.signIns++
		if f.signIn != nil {
			return f.signIn(req)
		}
		f.valid = fmt.Sprintf("token-%d", f.signIns)
		return answer(200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%s,"scope":"rapt-api"}`, f.valid, f.lifetime)), nil
	}
	f.calls++
	if f.list != nil {
		return f.list(req)
	}
	if req.Header.Get("Authorization") != "Bearer "+f.valid {
		return answer(401, ""), nil
	}
	return answer(200, "[]"), nil
}

func answer(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

func newFake(t testing.TB, change func(*Options)) (*fake, *Client) {
	f := &fake{lifetime: "3600"}
	return f, newTestClient(t, "http://cloud.test", func(o *Options) {
		o.Transport = f
		if change != nil {
			change(o)
		}
	})
}

func list(t testing.TB, c *Client) error {
	_, err := c.Hydrometers.List(t.Context())
	return err
}

func TestASignInSendsWhatTheVendorAsksFor(t *testing.T) {
	f, c := newFake(t, func(o *Options) { o.AuthURL = "http://id.test/base/" })
	f.signIn = func(req *http.Request) (*http.Response, error) {
		require.NoError(t, req.ParseForm())
		assert.Equal(t, "http://id.test/base/connect/token", req.URL.String())
		assert.Equal(t, map[string][]string{
			"client_id": {"rapt-user"}, "grant_type": {"password"}, "username": {"brewer@example.com"}, "password": {"s3cret & more"},
		}, map[string][]string(req.PostForm))
		assert.Empty(t, req.Header.Get("Authorization"))
		assert.Equal(t, "rapt-bridge/test", req.UserAgent())
		f.valid = "abc"
		return answer(200, `{"access_token":"abc","expires_in":"3600"}`, "Content-Type", "text/plain"), nil
	}
	require.NoError(t, c.SignIn(t.Context()))
	require.NoError(t, list(t, c))
	assert.Equal(t, 1, f.signIns)
}

func TestATokenServesItsLifetimeAndIsRenewedALittleBeforeItsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		lifetime      string
		serves, total time.Duration
	}{
		"an hour":                   {"3600", 59 * time.Minute, time.Hour},
		"as text":                   {`"3600"`, 59 * time.Minute, time.Hour},
		"missing":                   {"null", 59 * time.Minute, time.Hour},
		"not possible":              {"-5", 59 * time.Minute, time.Hour},
		"too long":                  {"99999999", 59 * time.Minute, time.Hour},
		"a minute: a tenth earlier": {"60", 54 * time.Second, time.Minute},
		"less than a minute":        {"59", 54 * time.Second, time.Minute},
		"a second":                  {"1", 54 * time.Second, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, c := newFake(t, nil)
				f.lifetime = test.lifetime
				require.NoError(t, list(t, c))
				time.Sleep(test.serves - time.Nanosecond)
				require.NoError(t, list(t, c))
				assert.Equal(t, 1, f.signIns)
				time.Sleep(time.Nanosecond)
				require.NoError(t, list(t, c))
				assert.Equal(t, 2, f.signIns)
				assert.Equal(t, 3, f.calls)
			})
		})
	}
}

func TestALifetimeThatIsNotTakenAsItIsGetsANotice(t *testing.T) {
	for lifetime, want := range map[string][]string{
		"3600": nil, "60": nil, "null": nil, "0": nil,
		"59":       {"connect/token: expires_in is 59 s, taken for 60 s"},
		"-5":       {"connect/token: expires_in is -5 s, taken for 3600 s"},
		"99999999": {"connect/token: expires_in is 99999999 s, taken for 3600 s"},
	} {
		f, c := newFake(t, nil)
		f.lifetime = lifetime
		var got []string
		for range 2 {
			l, err := c.Hydrometers.List(t.Context())
			require.NoError(t, err)
			for _, n := range l.Notices {
				assert.Equal(t, TokenLifetime, n.Kind)
				got = append(got, n.String())
			}
			c.session.drop(f.valid, "Hydrometers/GetHydrometers", false, time.Now())
		}
		assert.Equal(t, want, got, "%s: once, though there were two sign-ins", lifetime)
		assert.Equal(t, 2, f.signIns)
	}
}

func TestARevokedTokenIsReplacedAndTheCallRepeatedOnce(t *testing.T) {
	f, c := newFake(t, nil)
	require.NoError(t, list(t, c))
	f.valid = "revoked"
	changed, err := c.Stills.SetPumpEnabled(t.Context(), someID, true)
	assert.Equal(t, 2, f.signIns)
	assert.Equal(t, 3, f.calls)
	assert.False(t, changed)
	assert.ErrorContains(t, err, "a list instead of true or false", "the repeated call was answered")

	f.list = func(*http.Request) (*http.Response, error) { return answer(401, "no"), nil }
	err = list(t, c)
	var api *APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, 401, api.Status)
	assert.False(t, Temporary(err))
	assert.Equal(t, 3, f.signIns)
	assert.Equal(t, 5, f.calls)
}

func TestWhatASignInThatFailsMeans(t *testing.T) {
	reset := errors.New("connection reset by peer")
	for name, test := range map[string]struct {
		status    int
		body      string
		headers   []string
		err       error
		rejected  bool
		temporary bool
		want      string
	}{
		"400 invalid_grant": {status: 400, body: `{"error":"invalid_grant"}`, rejected: true,
			want: "the RAPT Cloud refuses the username or the API secret (400 Bad Request): check the username"},
		"401 empty":           {status: 401, rejected: true, want: "the RAPT Cloud refuses the username or the API secret (401 Unauthorized): check the username"},
		"401 web page":        {status: 401, body: "<html>Unauthorized</html>", rejected: true, want: "the RAPT Cloud refuses the username or the API secret (401 Unauthorized): "},
		"400 web page":        {status: 400, body: "<html>Bad Request</html>", want: "sign-in was answered with 400 Bad Request (\"<html>Bad Request</html>\"): the cloud refuses the request as it is"},
		"400 of the server's": {status: 400, body: `{"error":"temporarily_unavailable"}`, want: "sign-in was answered with 400"},
		"200 with an error":   {status: 200, body: `{"error":"invalid_grant","access_token":"leaked"}`, rejected: true, want: "the RAPT Cloud refuses the username or the API secret (200 OK): "},
		"403":                 {status: 403, want: "sign-in was answered with 403 Forbidden: the account may not do this"},
		"429":                 {status: 429, headers: []string{"Retry-After", "90"}, temporary: true, want: "sign-in was answered with 429 Too Many Requests: the vendor's limit is reached"},
		"503":                 {status: 503, body: "maintenance", temporary: true, want: `sign-in was answered with 503 Service Unavailable ("maintenance"): the cloud has a problem`},
		"a redirect":          {status: 302, headers: []string{"Location", "http://portal.test/login"}, temporary: true, want: "sign-in was answered with 302 Found: a login page"},
		"a captive portal":    {status: 200, body: "<html>Welcome to the hotel</html>", temporary: true, want: "sign-in failed: connect/token: the answer is a web page instead of data"},
		"empty":               {status: 200, temporary: true, want: "sign-in failed: connect/token: the answer is empty"},
		"cut":                 {status: 200, body: `{"access_token":"leaked`, temporary: true, want: "sign-in failed: connect/token: the answer is not what was asked for, no token in it"},
		"too large":           {status: 200, body: strings.Repeat(" ", MaxBody+1), temporary: true, want: "sign-in failed: connect/token: the answer is longer than 8 MiB"},
		"no token":            {status: 200, body: `{"token_type":"Bearer"}`, temporary: true, want: "sign-in failed: connect/token: the answer is not what was asked for, no token in it"},
		"no text as token":    {status: 200, body: `{"access_token":"leaked\nX: y"}`, temporary: true, want: "sign-in failed: connect/token: the answer is not what was asked for, no token in it"},
		"no answer":           {err: reset, temporary: true, want: "sign-in failed: connect/token: no answer from cloud.test: connection reset by peer"},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := newFake(t, nil)
			f.signIn = func(*http.Request) (*http.Response, error) {
				if test.err != nil {
					return nil, test.err
				}
				return answer(test.status, test.body, test.headers...), nil
			}
			err := list(t, c)
			require.ErrorContains(t, err, "Hydrometers/GetHydrometers: "+test.want)
			assert.NotContains(t, err.Error(), "leaked")
			var signIn *SignInError
			require.ErrorAs(t, err, &signIn)
			assert.Equal(t, test.rejected, signIn.Rejected)
			assert.Equal(t, test.temporary, Temporary(err))
			assert.False(t, Sent(err))
			assert.Equal(t, 0, f.calls)
			if test.status != 200 {
				assert.Equal(t, test.status, signIn.Status)
			}
			if test.headers != nil && test.headers[0] == "Retry-After" {
				assert.Equal(t, Some(90*time.Second), signIn.RateLimit.RetryAfter)
			}

			f.signIn = nil
			require.NoError(t, list(t, c), "the next call signs in anew")
		})
	}
}

func TestThereIsOneSignInAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFake(t, nil)
		var now, most, signIns atomic.Int32
		slow := roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, SignInEndpoint) {
				signIns.Add(1)
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
			}
			return f.RoundTrip(req)
		})
		_, c := newFake(t, func(o *Options) { o.Transport = slow })
		for _, fails := range []bool{true, false} {
			f.signIn = nil
			if fails {
				f.signIn = func(*http.Request) (*http.Response, error) { return answer(401, ""), nil }
			}
			signIns.Store(0)
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { assert.Equal(t, fails, list(t, c) != nil) })
			}
			wg.Wait()
			want := 1
			if fails {
				want = 20 // nobody holds a failure: pace and ceilings are the caller's
			}
			assert.EqualValues(t, want, signIns.Load())
			assert.EqualValues(t, 1, most.Load())
		}
	})
}

func TestWhoWaitsForASignInThatWasGivenUpSignsInItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFake(t, nil)
		hang := roundTripper(func(req *http.Request) (*http.Response, error) {
			if f.mu.Lock(); f.signIns == 0 {
				f.signIns++
				f.mu.Unlock()
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			f.mu.Unlock()
			return f.RoundTrip(req)
		})
		_, c := newFake(t, func(o *Options) { o.Transport = hang })
		first, giveUp := context.WithCancel(t.Context())
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Hydrometers.List(first)
			assert.ErrorIs(t, err, context.Canceled)
			assert.False(t, Temporary(err))
		})
		synctest.Wait()
		wg.Go(func() { assert.NoError(t, list(t, c)) })
		wg.Go(func() {
			_, err := c.Hydrometers.List(impatient)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.False(t, Sent(err))
		})
		time.Sleep(2 * time.Second)
		giveUp()
		wg.Wait()
		assert.Equal(t, 2, f.signIns)
	})
}

func TestEveryRequestIsPermittedAndAnswered(t *testing.T) {
	refused := errors.New("the ceiling is reached")
	var asked []Request
	var exchanges []Exchange
	allow := 4
	f, c := newFake(t, func(o *Options) {
		o.Permit = func(_ context.Context, r Request) error {
			if asked = append(asked, r); len(asked) > allow {
				return refused
			}
			return nil
		}
		o.Answered = func(e Exchange) { exchanges = append(exchanges, e) }
	})
	f.list = func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") == "Bearer token-1" {
			return answer(401, ""), nil
		}
		return answer(200, "true", "X-Rate-Limit-Remaining", "41", "Date", "Tue, 08 Sep 2026 18:08:00 GMT"), nil
	}
	_, err := c.Stills.SetPIDEnabled(t.Context(), someID, true)
	require.NoError(t, err)
	signIn, write := Request{Endpoint: SignInEndpoint, SignIn: true}, Request{Endpoint: "Stills/SetPIDEnabled", Write: true}
	assert.Equal(t, []Request{signIn, write, signIn, write}, asked)
	require.Len(t, exchanges, 4)
	for i, e := range exchanges {
		assert.Equal(t, asked[i], e.Request)
		assert.Equal(t, []int{200, 401, 200, 200}[i], e.Status)
		assert.NoError(t, e.Err)
	}
	assert.Equal(t, RateLimit{Remaining: Some(41)}, exchanges[3].RateLimit)
	assert.Equal(t, Some(time.Date(2026, 9, 8, 18, 8, 0, 0, time.UTC)), exchanges[3].Date)

	_, err = c.Stills.SetPIDEnabled(t.Context(), someID, true)
	require.ErrorIs(t, err, refused)
	assert.EqualError(t, err, "Stills/SetPIDEnabled was not sent: the ceiling is reached")
	var permit *PermitError
	require.ErrorAs(t, err, &permit)
	assert.Equal(t, write, permit.Request)
	assert.False(t, Sent(err))
	assert.True(t, Temporary(err))
	assert.Len(t, exchanges, 4)

	c.session.drop("token-2", "", false, time.Now())
	err = c.SignIn(t.Context())
	require.ErrorIs(t, err, refused)
	assert.EqualError(t, err, "sign-in failed: connect/token was not sent: the ceiling is reached")
	assert.True(t, Temporary(err))
	_, err = c.Stills.SetPIDEnabled(t.Context(), someID, true)
	require.ErrorAs(t, err, &permit)
	assert.Equal(t, signIn, permit.Request, "the sign-in was refused, and the write was not asked about")
}
