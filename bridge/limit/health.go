package limit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/internal/retry"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Status is how the bridge gets on with the API, as its entity api_status shows it.
type Status string

const (
	OK          Status = "ok"
	Slowed      Status = "slowed"       // the ceiling or the vendor's rate-limit headers hold requests back
	RateLimited Status = "rate_limited" // 429
	SignedOut   Status = "signed_out"   // no token, and none may be asked for yet
	Rejected    Status = "rejected"     // the secret was refused, or access revoked (403)
	Unreachable Status = "unreachable"  // no answer, a server error, or an answer that can't be used
	Maintenance Status = "maintenance"  // the cloud says that it is being maintained
)

// How long to keep quiet. The minute after a 429 holds whatever the headers say, because clocks differ (observed);
// the rest is what keeps a broken set-up from looking like an attack.
const (
	leastAfterLimit = time.Minute
	mostAfterLimit  = time.Hour      // of the bridge's own accord, and of a Retry-After but with a 429
	mostStated      = 24 * time.Hour // of a Retry-After with a 429
	afterRejection  = 15 * time.Minute
	mostRejection   = 24 * time.Hour
	firstBackoff    = 20 * time.Second
	mostBackoff     = 15 * time.Minute
	jitter          = 0.3
	offWhileLimited = 15 * time.Minute // from one try to switch something off to the next, while all is silent
	longestWindow   = 24 * time.Hour   // of the vendor's rate limit that is believed
)

// Health is what the answers have shown of the API, and until when it is to be left alone. Its times are steady time.
type Health struct {
	Status Status
	Reason string // in words, with what to do, for the log; empty while all is well
	// Explanation is the same for people; empty while all is well.
	Explanation Explanation
	Until       time.Time // no poll before this
	Hard        bool      // and no command either

	// Remaining and Reset are the vendor's rate limit as its headers gave it last.
	Remaining raptclient.Null[int]
	Reset     time.Time

	lists   lists
	refused map[string]bool // endpoints that answered a 4xx but 401, 403 and 429 since the last success
	// Back-offs, each for one kind of trouble; limited is nil until a 429 says how long its first wait is.
	api, signIn, rejected, limited backoff.BackOff

	// offFrom is when something may be switched off although the account is refused (403) or all is silent (429); zero for
	// neither. limitedSince is when the first 429 came since the last success.
	offFrom, limitedSince time.Time
	// noSignIn is until when requests of a purpose are held back for want of a sign-in.
	noSignIn [purposes]time.Time

	after string // what used the sign-ins up, in words, such as ", after errors (503)"; empty while all is well

	gap      time.Duration // least distance of polls that the rate-limit headers ask for
	gapUntil time.Time
}

// NewHealth is the state before the first answer: signed out.
func NewHealth() *Health {
	return &Health{
		Status: SignedOut, lists: newLists(), refused: map[string]bool{},
		api: retry.New(firstBackoff, mostBackoff, jitter), signIn: retry.New(firstBackoff, mostBackoff, jitter),
		rejected: retry.New(afterRejection, mostRejection, 0),
	}
}

// OnSuccess takes a complete answer of the API into account.
func (h *Health) OnSuccess() {
	h.pause(OK, time.Time{}, false, "")
	h.Explanation, h.after, h.noSignIn = Explanation{}, "", [purposes]time.Time{}
	h.limited, h.limitedSince = nil, time.Time{}
	h.lists.accountAnswered()
	clear(h.refused)
	for _, b := range []backoff.BackOff{h.api, h.signIn, h.rejected} {
		b.Reset()
	}
}

// RateLimitedError is the error of a request that the bridge's own limits hold back.
type RateLimitedError struct {
	At      time.Time // steady time at which it may leave
	Purpose Purpose
	SignIns bool   // the sign-ins of the hour are used up, while the ceiling has room
	Reason  string // in words
}

func (e *RateLimitedError) Error() string { return e.Reason }

// OnError takes a failed call into account. now is steady, wall the same moment for people to read.
func (h *Health) OnError(now, wall time.Time, err error) {
	var (
		held    *RateLimitedError
		signIn  *raptclient.SignInError
		api     *raptclient.APIError
		body    *raptclient.BodyError
		clock   = func(until time.Time) string { return wall.Add(until.Sub(now)).Format(time.TimeOnly + " MST") }
		backOff = func(b backoff.BackOff, r raptclient.RateLimit) time.Time {
			return now.Add(max(b.NextBackOff(), min(r.RetryAfter.Or(0), mostAfterLimit)))
		}
	)
	if errors.As(err, &held) {
		h.onOwnLimit(held, clock)
		return
	}
	if errors.Is(err, context.Canceled) {
		return
	}
	limited, isLimited := limitOf(err)
	if h.silentUntil().After(now) && !isLimited {
		return // something was to be switched off; all else stays silent
	}
	var known bool
	if h.Explanation, known = Describe(err); !known {
		h.Explanation = Explanation{What: "The RAPT Cloud can't be asked"}
	}
	switch {
	case errors.As(err, &signIn) && signIn.Rejected:
		until := now.Add(h.rejected.NextBackOff())
		h.pause(Rejected, until, true, "the RAPT Cloud refuses the user name or the API secret; make a new secret in the RAPT app (My Account, Api Secrets), enter it and restart; next try at "+clock(until))
	case isLimited:
		h.onRateLimit(now, limited, clock)
	case errors.As(err, &signIn) && signIn.Status == http.StatusForbidden:
		h.onForbidden(now, clock)
	case errors.As(err, &api) && api.Status == http.StatusForbidden:
		h.onForbiddenEndpoint(now, api.Endpoint, clock)
	case errors.As(err, &signIn):
		h.onSignInError(signIn, backOff(h.signIn, signIn.RateLimit), err)
	case errors.As(err, &api) && api.TakenElsewhere:
		h.Reason = err.Error() // it says nothing of other requests
	case errors.As(err, &api) && api.Status == http.StatusUnauthorized:
		h.pause(SignedOut, backOff(h.api, api.RateLimit), false, "the RAPT Cloud refuses a fresh token: "+err.Error())
	case errors.As(err, &api) && api.Status >= http.StatusBadRequest && api.Status < http.StatusInternalServerError:
		// One says something of the request. Two different ones in a row without an answer between them say that the
		// API is not what it was.
		if h.refused[api.Endpoint] = true; len(h.refused) > 1 {
			h.pause(Unreachable, backOff(h.api, api.RateLimit), false,
				fmt.Sprintf("the RAPT Cloud answers %d to whatever it is asked; it may have changed: look for a newer version of rapt-bridge", api.Status))
			h.Explanation = Explanation{fmt.Sprintf("The RAPT Cloud answers %d to whatever it is asked", api.Status), "It may have changed: look for a newer version of rapt-bridge."}
		} else {
			h.Reason = err.Error()
		}
	case errors.As(err, &api):
		h.pause(ill(api.Status, api.Excerpt), backOff(h.api, api.RateLimit), false, err.Error())
	case errors.As(err, &body):
		h.pause(ill(http.StatusServiceUnavailable, body.Excerpt), backOff(h.api, body.RateLimit), false, err.Error())
	default:
		h.pause(Unreachable, backOff(h.api, raptclient.RateLimit{}), false, err.Error())
	}
	if !h.Hard && h.pausesLong(now) {
		h.Reason += "; next try at " + clock(h.Until)
	}
}

// pausesLong reports whether the cloud has asked for a longer pause than the bridge makes after errors.
func (h *Health) pausesLong(now time.Time) bool { return h.Until.Sub(now) > mostBackoff }

// ill is the status after an answer that is an error or can't be used.
func ill(status int, excerpt string) Status {
	if status >= http.StatusInternalServerError && saysMaintenance(excerpt) {
		return Maintenance
	}
	return Unreachable
}

func (h *Health) pause(status Status, until time.Time, hard bool, reason string) {
	h.Status, h.Until, h.Hard, h.Reason, h.offFrom = status, until, hard, reason, time.Time{}
}

func (h *Health) onSignInError(e *raptclient.SignInError, until time.Time, err error) {
	if h.after = ", after sign-ins that failed"; e.Status != 0 {
		h.after = fmt.Sprintf(", after errors (%d)", e.Status)
	}
	h.pause(ill(e.Status, e.Excerpt), until, false, "the sign-in at the RAPT Cloud fails: "+err.Error())
}

// onOwnLimit keeps requests of that purpose quiet until their next sign-in is allowed; others may have one left. The
// ceiling of requests is the bridge's own affair.
func (h *Health) onOwnLimit(held *RateLimitedError, clock func(time.Time) string) {
	if !held.SignIns {
		return
	}
	h.noSignIn[held.Purpose] = held.At
	if held.Purpose != ForPoll {
		return
	}
	reason := fmt.Sprintf("the %d sign-ins of an hour that polls may use are used up%s; the next one is at %s", SignInsPerHour-commandSignIns-offSignIns, h.after, clock(held.At))
	what := "The sign-ins of this hour are used up" + h.after
	switch h.Status {
	case Rejected:
		h.Until = held.At // what used the sign-ins up is the reason to show
	case Unreachable, Maintenance:
		h.Until, h.Reason, h.Explanation.What = held.At, reason, what // and the advice as before
	default:
		h.pause(SignedOut, held.At, false, reason)
		h.Explanation = Explanation{What: what}
	}
}

// Silence is for how long a 429 asks for no requests: a minute at the least, a day at the most.
func Silence(r raptclient.RateLimit) time.Duration {
	return max(leastAfterLimit, min(r.RetryAfter.Or(0), mostStated))
}

// OnRateLimit keeps the silence of a 429 that came at now.
func (l *RequestLog) OnRateLimit(now time.Time, r raptclient.RateLimit) {
	l.SilentUntil = times.Latest(l.SilentUntil, now.Add(Silence(r)))
	l.OffFrom = times.Soonest(l.SilentUntil, now.Add(mostAfterLimit))
}

// limitOf is what a 429 says of the rate limit, be it the sign-in's or another's; false for another error.
func limitOf(err error) (raptclient.RateLimit, bool) {
	var (
		signIn *raptclient.SignInError
		api    *raptclient.APIError
	)
	switch {
	case errors.As(err, &signIn):
		return signIn.RateLimit, signIn.Status == http.StatusTooManyRequests
	case errors.As(err, &api):
		return api.RateLimit, api.Status == http.StatusTooManyRequests
	}
	return raptclient.RateLimit{}, false
}

func (h *Health) onRateLimit(now time.Time, r raptclient.RateLimit, clock func(time.Time) string) {
	wait := Silence(r)
	if !r.RetryAfter.Valid && !h.Reset.IsZero() {
		wait = max(wait, min(h.Reset.Sub(now), mostAfterLimit))
	}
	if h.limited == nil {
		h.limited = retry.New(wait, mostAfterLimit, 0)
	}
	until := now.Add(max(wait, h.limited.NextBackOff()))
	if !r.RetryAfter.Valid {
		until = times.Latest(until, h.silentUntil()) // what the cloud has stated before
	}
	if h.limitedSince.IsZero() {
		h.limitedSince = now
	}
	h.silence(until, times.Latest(h.limitedSince.Add(mostAfterLimit), now.Add(offWhileLimited)), clock)
}

// silence keeps everything quiet after a 429. A Retry-After may be wrong, as one in milliseconds is, and a heater may be
// on: from offFrom on it may be tried to switch something off.
func (h *Health) silence(until, offFrom time.Time, clock func(time.Time) string) {
	reason := "the RAPT Cloud asks for fewer requests (429); nothing is asked until " + clock(until)
	if offFrom.Before(until) {
		reason += ", but what switches something off is tried from " + clock(offFrom)
	}
	h.pause(RateLimited, until, true, reason)
	h.offFrom = times.Soonest(until, offFrom)
}

// silentUntil is until when the cloud wants to be asked nothing after a 429; zero for no such time.
func (h *Health) silentUntil() time.Time {
	if h.Status != RateLimited {
		return time.Time{}
	}
	return h.Until
}

// OnHeaders takes the rate-limit headers of an answer into account: what remains is spread over the rest of the window,
// less the share that is kept for commands. skew is what the cloud's clock is ahead of steady time.
func (h *Health) OnHeaders(now time.Time, r raptclient.RateLimit, skew time.Duration) {
	if r.Remaining.Valid {
		h.Remaining = r.Remaining
	}
	if r.Reset.Valid {
		h.Reset = r.Reset.V.Add(-skew)
		if now.Add(longestWindow).Before(h.Reset) {
			h.Reset = now.Add(longestWindow)
		}
	}
	if !r.Remaining.Valid || !h.Reset.After(now) {
		return
	}
	left := min(h.Reset.Sub(now), mostAfterLimit)
	usable := int(float64(r.Remaining.V) * pollShare)
	h.gapUntil = now.Add(left)
	h.gap = left
	if usable > 0 {
		h.gap = left / time.Duration(usable)
	}
}

// NextPoll is when the API's state lets the next poll leave, last being when the last request left.
func (h *Health) NextPoll(now, last time.Time) time.Time {
	at := h.Until
	if now.Before(h.gapUntil) && !last.IsZero() {
		at = times.Latest(at, last.Add(h.gap))
	}
	return at
}

// NextCommand is the same for a command, whose purpose is ForCommand or ForOff: a server error or a time-out doesn't make
// it wait, since somebody does. What switches off is tried now and then while the account is refused or all is silent: a heater may
// be on, and whatever answered 403 or 429 may be gone.
func (h *Health) NextCommand(p Purpose) time.Time {
	switch {
	case p == ForOff && !h.offFrom.IsZero():
		return times.Latest(h.offFrom, h.noSignIn[p])
	case !h.Hard:
		return h.noSignIn[p]
	}
	return times.Latest(h.Until, h.noSignIn[p])
}

// RequestsLeft is how many requests the vendor's headers still allow; false while they say nothing that holds at now.
func (h *Health) RequestsLeft(now time.Time) (int, bool) {
	return max(0, h.Remaining.V), h.Remaining.Valid && h.Reset.After(now)
}

// LimitReset is when the vendor's limit, or the pause after a 429, ends; zero while there is none.
func (h *Health) LimitReset(now time.Time) time.Time {
	switch {
	case h.Status == RateLimited:
		return h.Until
	case h.Reset.After(now):
		return h.Reset
	}
	return time.Time{}
}
