package limit

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func answered(status int) error {
	return &raptclient.APIError{Endpoint: "Hydrometers/GetHydrometers", Status: status}
}

func answeredOn(endpoint string, status int) error {
	return fmt.Errorf("wrapped: %w", &raptclient.APIError{Endpoint: endpoint, Status: status})
}

func limitedFor(d time.Duration) error {
	return &raptclient.APIError{Endpoint: "Stills/GetStills", Status: 429, RateLimit: raptclient.RateLimit{RetryAfter: raptclient.Some(d)}}
}

// repeated is the same error so many times.
func repeated(err error, n int) []error {
	out := make([]error, n)
	for i := range out {
		out[i] = err
	}
	return out
}

// TestWhatAnErrorMeans has what the bridge makes of errors, one after the other at noon: the status that Home Assistant
// shows, how long no poll leaves, and whether commands wait as well.
func TestWhatAnErrorMeans(t *testing.T) {
	const m, s = time.Minute, time.Second
	rejection := &raptclient.SignInError{Rejected: true, Status: 400}
	for _, c := range []struct {
		is          string
		errs        []error
		status      Status
		least, most time.Duration
		hard        bool
		says        string
	}{
		{"no answer", []error{&raptclient.TransportError{Endpoint: "x", Host: "api.rapt.io"}}, Unreachable, 14 * s, 26 * s, false, "can't be reached"},
		{"time out", []error{&raptclient.TransportError{Endpoint: "x", Host: "api.rapt.io", Timeout: true}}, Unreachable, 14 * s, 26 * s, false, "check the internet connection"},
		{"an error nobody thought of", []error{errors.New("cosmic ray")}, Unreachable, 14 * s, 26 * s, false, "cosmic ray"},
		{"server error", []error{answered(500)}, Unreachable, 14 * s, 26 * s, false, "try again later"},
		{"twice: twice as long", repeated(answered(502), 2), Unreachable, 28 * s, 52 * s, false, "try again later"},
		{"three times", repeated(answered(504), 3), Unreachable, 56 * s, 104 * s, false, "try again later"},
		{"ever again: a quarter of an hour at most", repeated(answered(500), 30), Unreachable, 10 * m, 15 * m, false, "try again later"},
		{"one 503 is no maintenance", []error{answered(503)}, Unreachable, 14 * s, 26 * s, false, "try again later"},
		{"maintenance for half an hour, it says", []error{&raptclient.APIError{Status: 503, Excerpt: "Down for Maintenance", RateLimit: raptclient.RateLimit{RetryAfter: raptclient.Some(30 * m)}}}, Maintenance, 30 * m, 30 * m, false, "try again later"},
		{"maintenance for a week, it says", []error{&raptclient.SignInError{Status: 503, Excerpt: "scheduled maintenance", RateLimit: raptclient.RateLimit{RetryAfter: raptclient.Some(168 * time.Hour)}}}, Maintenance, time.Hour, time.Hour, false, "next try at 13:00:00"},
		{"a web page where JSON belongs", []error{&raptclient.BodyError{Endpoint: "x", Status: 200, Problem: raptclient.BodyHTML}}, Unreachable, 14 * s, 26 * s, false, "x"},
		{"a web page of maintenance", []error{&raptclient.BodyError{Endpoint: "x", Status: 200, Problem: raptclient.BodyHTML, Excerpt: "<h1>Maintenance</h1>"}}, Maintenance, 14 * s, 26 * s, false, "x"},
		{"a redirect to a portal", []error{answered(302)}, Unreachable, 14 * s, 26 * s, false, "captive portal"},
		{"a fresh token is refused", []error{answered(401)}, SignedOut, 14 * s, 26 * s, false, "check that the account may use the API"},

		{"a token is refused that is taken elsewhere", []error{&raptclient.APIError{Endpoint: "Stills/GetStills", Status: 401, TakenElsewhere: true}}, OK, 0, 0, false, "Stills/GetStills answered 401"},

		{"429 without a word: a minute", []error{answered(429)}, RateLimited, m, m, true, "fewer requests"},
		{"429 again: doubled", repeated(answered(429), 2), RateLimited, 2 * m, 2 * m, true, "fewer requests"},
		{"429 for ever: an hour at most", repeated(answered(429), 20), RateLimited, time.Hour, time.Hour, true, "fewer requests"},
		{"Retry-After", []error{limitedFor(7 * m)}, RateLimited, 7 * m, 7 * m, true, "nothing is asked until 12:07:00"},
		{"Retry-After of a second: a minute all the same", []error{limitedFor(s)}, RateLimited, m, m, true, "12:01:00"},
		{"Retry-After of five hours", []error{limitedFor(5 * time.Hour)}, RateLimited, 5 * time.Hour, 5 * time.Hour, true, "17:00:00"},
		{"Retry-After of a week: a day", []error{limitedFor(168 * time.Hour)}, RateLimited, 24 * time.Hour, 24 * time.Hour, true, "fewer requests"},
		{"Retry-After again: doubled", repeated(limitedFor(7*m), 2), RateLimited, 14 * m, 14 * m, true, "12:14:00"},
		{"429 at the sign-in", []error{&raptclient.SignInError{Status: 429, RateLimit: raptclient.RateLimit{RetryAfter: raptclient.Some(5 * m)}}}, RateLimited, 5 * m, 5 * m, true, "fewer requests"},

		{"the secret is rejected: a quarter of an hour", []error{rejection}, Rejected, 15 * m, 15 * m, true, "My Account, Api Secrets"},
		{"again: half an hour", repeated(rejection, 2), Rejected, 30 * m, 30 * m, true, "next try at 12:30:00"},
		{"again: an hour", repeated(rejection, 3), Rejected, time.Hour, time.Hour, true, "restart"},
		{"for days: once a day", repeated(rejection, 30), Rejected, 24 * time.Hour, 24 * time.Hour, true, "restart"},
		{"the sign-in has a server error", []error{&raptclient.SignInError{Status: 500}}, Unreachable, 14 * s, 26 * s, false, "the sign-in"},
		{"the sign-in answers 503", []error{&raptclient.SignInError{Status: 503}}, Unreachable, 14 * s, 26 * s, false, "the sign-in"},
		{"the sign-ins of the hour are used up", []error{&RateLimitedError{At: noon.Add(9 * m), SignIns: true}}, SignedOut, 9 * m, 9 * m, false, "the next one is at 12:09:00"},

		{"the same after errors", []error{&raptclient.SignInError{Status: 503}, &RateLimitedError{At: noon.Add(9 * m), SignIns: true}}, Unreachable, 9 * m, 9 * m, false, "used up, after errors (503); the next one is at 12:09:00"},
		{"the same because nobody answers", []error{&raptclient.SignInError{}, &RateLimitedError{At: noon.Add(9 * m), SignIns: true}}, Unreachable, 9 * m, 9 * m, false, "used up, after sign-ins that failed; the next one is at 12:09:00"},
		{"the same after a rejected secret", []error{rejection, &RateLimitedError{At: noon.Add(9 * m), SignIns: true}}, Rejected, 9 * m, 9 * m, true, "My Account"},

		{"403 of one family: says nothing of the others", []error{answeredOn("Stills/GetStills", 403)}, OK, 0, 0, false, "Stills/GetStills"},
		{"403 of one family again and again", repeated(answeredOn("Stills/GetStills", 403), 9), OK, 0, 0, false, "Stills/GetStills"},
		{"403 of two that were answered before", []error{answeredOn("Stills/GetStills", 403), answeredOn("BrewZillas/GetBrewZillas", 403)}, Rejected, time.Hour, time.Hour, true, "revoked or banned"},
		{"403 of one that was and one that wasn't", []error{answeredOn("CanFillers/GetCanFillers", 403), answeredOn("Stills/GetStills", 403)}, Rejected, time.Hour, time.Hour, true, "revoked or banned"},
		{"403 of two that never were", []error{answeredOn("CanFillers/GetCanFillers", 403), answeredOn("BondedDevices/GetBondedDevices", 403)}, OK, 0, 0, false, "BondedDevices/GetBondedDevices"},
		{"403 of histories and setters", []error{answeredOn("Stills/GetTelemetry", 403), answeredOn("BrewZillas/GetTelemetry", 403), answeredOn("BrewZillas/SetPumpEnabled", 403), answeredOn("Stills/SetPumpEnabled", 403)}, OK, 0, 0, false, "Stills/SetPumpEnabled"},
		{"404 of one family", repeated(answeredOn("Stills/GetStills", 404), 9), OK, 0, 0, false, "Stills/GetStills"},
		{"404 of two, and no answer between", []error{answeredOn("Stills/GetStills", 404), answeredOn("BrewZillas/GetBrewZillas", 404)}, Unreachable, 14 * s, 26 * s, false, "newer version"},
		{"400 of two, and no answer between", []error{answeredOn("Stills/GetStills", 400), answeredOn("BrewZillas/GetBrewZillas", 400)}, Unreachable, 14 * s, 26 * s, false, "newer version"},
		{"403 at the sign-in", []error{&raptclient.SignInError{Status: 403}}, Rejected, time.Hour, time.Hour, true, "ask KegLand"},
		{"404: something of the request", []error{answered(404)}, OK, 0, 0, false, "doesn't know"},
		{"400", []error{answered(400)}, OK, 0, 0, false, "refuses the request"},

		{"the ceiling: the bridge's own affair", []error{&RateLimitedError{At: noon.Add(9 * m)}}, OK, 0, 0, false, ""},
		{"cancelled for a command: nobody's fault", []error{context.Canceled}, OK, 0, 0, false, ""},
		{"a sign-in cancelled for a command", []error{fmt.Errorf("%w", context.Canceled)}, OK, 0, 0, false, ""},
	} {
		t.Run(c.is, func(t *testing.T) {
			h := NewHealth()
			h.lists.listAnswered("Stills/GetStills")
			h.lists.listAnswered("BrewZillas/GetBrewZillas")
			h.OnSuccess()
			for _, err := range c.errs {
				h.OnError(noon, noon, err)
			}
			assert.Equal(t, c.status, h.Status)
			assert.Equal(t, c.hard, h.Hard)
			assert.Contains(t, h.Reason, c.says)
			if c.says == "" {
				assert.Empty(t, h.Reason)
			}
			if c.most == 0 {
				assert.True(t, h.NextPoll(noon, noon).IsZero())
				return
			}
			wait := h.NextPoll(noon, noon).Sub(noon)
			assert.GreaterOrEqual(t, wait, c.least)
			assert.LessOrEqual(t, wait, c.most)
			if c.hard {
				assert.Equal(t, h.NextPoll(noon, noon), h.NextCommand(ForCommand))
			} else {
				assert.True(t, h.NextCommand(ForCommand).IsZero(), "somebody waits for a command")
			}
		})
	}
}

// TestTheLastSignInsAreForCommands: polls that may not sign in any more hold back no command, and commands nothing that
// switches off.
func TestTheLastSignInsAreForCommands(t *testing.T) {
	h, held := NewHealth(), func(p Purpose, after time.Duration) error {
		return &RateLimitedError{At: noon.Add(after), Purpose: p, SignIns: true}
	}
	h.OnError(noon, noon, held(ForPoll, 9*time.Minute))
	assert.Equal(t, noon.Add(9*time.Minute), h.NextPoll(noon, noon))
	assert.True(t, h.NextCommand(ForCommand).IsZero())
	h.OnError(noon, noon, held(ForCommand, 5*time.Minute))
	assert.Equal(t, noon.Add(5*time.Minute), h.NextCommand(ForCommand))
	assert.True(t, h.NextCommand(ForOff).IsZero())
	h.OnError(noon, noon, held(ForOff, 2*time.Minute))
	assert.Equal(t, noon.Add(2*time.Minute), h.NextCommand(ForOff))
	h.OnError(noon, noon, answered(429))
	assert.Equal(t, noon.Add(2*time.Minute), h.NextCommand(ForOff))
	h.OnSuccess() // the token is for all
	for p := range purposes {
		assert.True(t, h.NextCommand(p).IsZero())
	}
	assert.True(t, h.NextPoll(noon, noon).IsZero())
}

func TestSuccessForgetsAllTrouble(t *testing.T) {
	for _, err := range []error{answered(500), answered(429), &raptclient.SignInError{Rejected: true}, &raptclient.SignInError{Status: 403}, &raptclient.SignInError{Status: 500}} {
		fresh := NewHealth()
		fresh.OnError(noon, noon, err)
		c := NewHealth()
		for range 5 {
			c.OnError(noon, noon, err)
		}
		c.OnSuccess()
		assert.Equal(t, OK, c.Status)
		assert.Empty(t, c.Reason)
		assert.True(t, c.NextPoll(noon, noon).IsZero())
		c.OnError(noon, noon, err)
		assert.InEpsilon(t, fresh.Until.Sub(noon).Seconds(), c.Until.Sub(noon).Seconds(), 1, "as at the first time, but for chance")
	}
	c := NewHealth()
	c.OnError(noon, noon, answeredOn("Stills/GetStills", 403))
	c.OnSuccess()
	c.OnError(noon, noon, answeredOn("BrewZillas/GetBrewZillas", 403))
	assert.Equal(t, OK, c.Status, "an answer between two 403: access as such is there")
}

func TestTheResetHeaderSaysHowLongALimitLasts(t *testing.T) {
	for _, c := range []struct {
		is    string
		reset time.Duration // after noon, by the cloud's clock
		skew  time.Duration
		want  time.Duration
	}{
		{"in ten minutes", 10 * time.Minute, 0, 10 * time.Minute},
		{"just over", -time.Minute, 0, time.Minute},
		{"in two hours", 2 * time.Hour, 0, time.Hour},
		{"the cloud's clock is an hour ahead", time.Hour + 10*time.Minute, time.Hour, 10 * time.Minute},
	} {
		t.Run(c.is, func(t *testing.T) {
			h := NewHealth()
			h.OnHeaders(noon, raptclient.RateLimit{Remaining: raptclient.Some(0), Reset: raptclient.Some(noon.Add(c.reset))}, c.skew)
			h.OnError(noon, noon, answered(429))
			assert.Equal(t, c.want, h.Until.Sub(noon))
		})
	}
}

func TestWhatRemainsIsSpreadOverTheRestOfTheWindow(t *testing.T) {
	limit := func(remaining int, reset time.Duration) raptclient.RateLimit {
		return raptclient.RateLimit{Remaining: raptclient.Some(remaining), Reset: raptclient.Some(noon.Add(reset))}
	}
	for _, c := range []struct {
		is   string
		r    raptclient.RateLimit
		want time.Duration // from the last request to the next
	}{
		{"80 for twenty minutes, of which 64 for polls", limit(80, 20*time.Minute), 18750 * time.Millisecond},
		{"plenty", limit(1000, 10*time.Minute), 750 * time.Millisecond},
		{"one, and that is for a command", limit(1, 10*time.Minute), 10 * time.Minute},
		{"none", limit(0, 10*time.Minute), 10 * time.Minute},
		{"less than none", limit(-5, 10*time.Minute), 10 * time.Minute},
		{"a window of a day counts as an hour", limit(45, 24*time.Hour), 100 * time.Second},
	} {
		t.Run(c.is, func(t *testing.T) {
			h := NewHealth()
			h.OnHeaders(noon, c.r, 0)
			assert.Equal(t, c.want, h.NextPoll(noon, noon).Sub(noon))
			assert.True(t, h.NextCommand(ForCommand).IsZero())
			assert.True(t, h.NextPoll(noon, time.Time{}).IsZero(), "the first request of all")
			over := h.gapUntil
			assert.True(t, h.NextPoll(over, over).IsZero(), "the window is over")
		})
	}
	h := NewHealth()
	h.OnHeaders(noon, limit(0, 200*365*24*time.Hour), 0)
	_, known := h.RequestsLeft(noon.Add(25 * time.Hour))
	assert.False(t, known, "a date that can't be true is not waited for")
	h = NewHealth()
	h.OnHeaders(noon, raptclient.RateLimit{Remaining: raptclient.Some(3)}, 0)
	assert.True(t, h.NextPoll(noon, noon).IsZero(), "without a reset nothing can be said")
	h.OnHeaders(noon, limit(3, -time.Minute), 0)
	assert.True(t, h.NextPoll(noon, noon).IsZero(), "a window that is over")
}
