package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// apiStatus is how the bridge gets on with the API, as its entity api_status shows it.
type apiStatus string

const (
	apiOK          apiStatus = "ok"
	apiSlowed      apiStatus = "slowed"       // the ceiling or the vendor's rate-limit headers hold requests back
	apiRateLimited apiStatus = "rate_limited" // 429
	apiSignedOut   apiStatus = "signed_out"   // no token, and none may be asked for yet
	apiRejected    apiStatus = "rejected"     // the secret was refused, or access revoked (403)
	apiUnreachable apiStatus = "unreachable"  // no answer, or a server error
	apiMaintenance apiStatus = "maintenance"  // 503, or a web page where JSON belongs
)

// How long to keep quiet. The minute after a 429 holds whatever the headers say, because clocks differ (observed);
// the rest is what keeps a broken set-up from looking like an attack.
const (
	leastAfterLimit = time.Minute
	mostAfterLimit  = time.Hour
	afterRejection  = 15 * time.Minute
	mostRejection   = 24 * time.Hour
	afterForbidden  = time.Hour
	firstBackoff    = 20 * time.Second
	mostBackoff     = 15 * time.Minute
)

// condition is what the answers have shown of the API, and until when it is to be left alone.
type condition struct {
	status apiStatus
	reason string    // in words, with what to do; empty while all is well
	until  time.Time // nothing but commands before this
	hard   bool      // not even commands

	limits     int             // 429s since the last success
	rejections int             // refused sign-ins since the last success
	forbidden  map[string]bool // endpoints that answered 403 since the last success
	api, auth  backoff.BackOff // by host

	gap       time.Duration // least distance of polls that the rate-limit headers ask for
	gapUntil  time.Time
	remaining raptclient.Null[int]
	reset     time.Time
}

func newCondition() *condition {
	return &condition{status: apiSignedOut, forbidden: map[string]bool{}, api: newBackoff(), auth: newBackoff()}
}

func newBackoff() backoff.BackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(firstBackoff), backoff.WithMultiplier(2), backoff.WithRandomizationFactor(0.3),
		backoff.WithMaxInterval(mostBackoff), backoff.WithMaxElapsedTime(0))
}

// succeeded takes a complete answer of the API into account.
func (c *condition) succeeded() {
	c.status, c.reason, c.until, c.hard = apiOK, "", time.Time{}, false
	c.limits, c.rejections = 0, 0
	clear(c.forbidden)
	c.api.Reset()
	c.auth.Reset()
}

// notYet is the error of a request that the ceiling holds back.
type notYet struct {
	at     time.Time // steady time at which it may leave
	signIn bool
	what   string
}

func (e *notYet) Error() string { return e.what }

// failed takes a failed call into account. now is steady, wall the same moment for people to read.
func (c *condition) failed(now, wall time.Time, err error) {
	var (
		held    *notYet
		signIn  *raptclient.SignInError
		api     *raptclient.APIError
		body    *raptclient.BodyError
		waiting = func(until time.Time) string { return wall.Add(until.Sub(now)).Format(time.TimeOnly) }
	)
	switch {
	case errors.As(err, &held):
		switch {
		case !held.signIn:
		case c.status == apiUnreachable || c.status == apiMaintenance:
			c.until, c.hard = held.at, true // what used the sign-ins up is the reason to show
		default:
			c.pause(apiSignedOut, held.at, true, fmt.Sprintf("the %d sign-ins of this hour are used up; the next one is at %s", signInsPerHour, waiting(held.at)))
		}
	case errors.Is(err, context.Canceled):
	case errors.As(err, &signIn) && signIn.Rejected:
		c.rejections++
		until := now.Add(doubled(afterRejection, c.rejections, mostRejection))
		c.pause(apiRejected, until, true, "the RAPT Cloud refuses the user name or the API secret; make a new secret in the RAPT app (My Account, Api Secrets), enter it and restart; next try at "+waiting(until))
	case errors.As(err, &signIn) && signIn.Status == http.StatusTooManyRequests:
		c.limited(now, signIn.RateLimit, waiting)
	case errors.As(err, &api) && api.Status == http.StatusTooManyRequests:
		c.limited(now, api.RateLimit, waiting)
	case errors.As(err, &signIn) && signIn.Status == http.StatusForbidden:
		c.barred(now, waiting)
	case errors.As(err, &api) && api.Status == http.StatusForbidden:
		// One family may be closed to an account; two in a row without an answer between them are the whole API.
		if c.forbidden[api.Endpoint] = true; len(c.forbidden) > 1 {
			c.barred(now, waiting)
		} else {
			c.reason = "the RAPT Cloud refuses " + api.Endpoint + " (403)"
		}
	case errors.As(err, &signIn):
		c.pause(unreachableOr(signIn.Status), now.Add(pauseFor(c.auth, signIn.RateLimit)), false, "the sign-in at the RAPT Cloud fails: "+err.Error())
	case errors.As(err, &api) && api.Status == http.StatusUnauthorized:
		c.pause(apiSignedOut, now.Add(pauseFor(c.api, api.RateLimit)), false, "the RAPT Cloud refuses a fresh token: "+err.Error())
	case errors.As(err, &api) && api.Status >= http.StatusBadRequest && api.Status < http.StatusInternalServerError:
		c.reason = err.Error() // says something of the request, nothing of the API's health
	case errors.As(err, &api):
		c.pause(unreachableOr(api.Status), now.Add(pauseFor(c.api, api.RateLimit)), false, err.Error())
	case errors.As(err, &body):
		c.pause(apiMaintenance, now.Add(pauseFor(c.api, body.RateLimit)), false, err.Error())
	default:
		c.pause(apiUnreachable, now.Add(pauseFor(c.api, raptclient.RateLimit{})), false, err.Error())
	}
}

// pauseFor is the next pause of a back-off, or what the answer asks for where that is longer.
func pauseFor(b backoff.BackOff, r raptclient.RateLimit) time.Duration {
	return max(min(b.NextBackOff(), mostBackoff), min(r.RetryAfter.Or(0), mostAfterLimit))
}

func unreachableOr(status int) apiStatus {
	if status == http.StatusServiceUnavailable || status > 0 && status < http.StatusBadRequest { // a portal's redirect
		return apiMaintenance
	}
	return apiUnreachable
}

func (c *condition) pause(status apiStatus, until time.Time, hard bool, reason string) {
	c.status, c.until, c.hard, c.reason = status, until, hard, reason
}

func (c *condition) limited(now time.Time, r raptclient.RateLimit, waiting func(time.Time) string) {
	c.limits++
	wait := leastAfterLimit
	if r.RetryAfter.Valid {
		wait = max(wait, r.RetryAfter.V)
	} else if !c.reset.IsZero() {
		wait = max(wait, c.reset.Sub(now))
	}
	until := now.Add(min(doubled(wait, c.limits, mostAfterLimit), mostAfterLimit))
	c.pause(apiRateLimited, until, true, "the RAPT Cloud asks for fewer requests (429); nothing is asked until "+waiting(until))
}

func (c *condition) barred(now time.Time, waiting func(time.Time) string) {
	until := now.Add(afterForbidden)
	c.pause(apiRejected, until, true, "the RAPT Cloud refuses this account altogether (403): access may have been revoked or banned; look into the RAPT app or ask KegLand; next try at "+waiting(until))
}

// doubled is d for the first time, twice that for the second, and so on up to most.
func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	for range times - 1 {
		if d >= most {
			break
		}
		d *= 2
	}
	return min(d, most)
}

// headers takes the rate-limit headers of an answer into account: what remains is spread over the rest of the window,
// less the share that is kept for commands. skew is what the cloud's clock is ahead of steady time.
func (c *condition) headers(now time.Time, r raptclient.RateLimit, skew time.Duration) {
	if r.Remaining.Valid {
		c.remaining = r.Remaining
	}
	if r.Reset.Valid {
		c.reset = r.Reset.V.Add(-skew)
	}
	if !r.Remaining.Valid || !c.reset.After(now) {
		return
	}
	left := min(c.reset.Sub(now), mostAfterLimit)
	usable := int(float64(r.Remaining.V) * pollShare)
	c.gapUntil = now.Add(left)
	c.gap = left
	if usable > 0 {
		c.gap = left / time.Duration(usable)
	}
}

// pollOpens is when the API's state lets the next poll leave, last being when the last request left.
func (c *condition) pollOpens(now, last time.Time) time.Time {
	at := c.until
	if now.Before(c.gapUntil) && !last.IsZero() {
		at = latest(at, last.Add(c.gap))
	}
	return at
}

// commandOpens is the same for a command: a server error or a time-out doesn't make it wait, since somebody does.
func (c *condition) commandOpens() time.Time {
	if !c.hard {
		return time.Time{}
	}
	return c.until
}
