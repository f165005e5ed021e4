package raptclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/oauth2"
)

// APIError is an answer of the API with another status than 2xx. For a 401 the client has signed in anew and asked once
// more already, unless TakenElsewhere.
type APIError struct {
	Endpoint  string
	Status    int
	RateLimit RateLimit
	// TakenElsewhere is for a 401 of an endpoint that has refused a fresh token before, while others take the token.
	TakenElsewhere bool
	// Excerpt is at most 200 characters of the body.
	Excerpt string
}

func (e *APIError) Error() string {
	hint := statusHint(e.Status)
	if e.TakenElsewhere {
		hint = "the cloud takes the token for other requests; check that the account may use this one"
	}
	return sentence(fmt.Sprintf("%s answered %s", e.Endpoint, statusText(e.Status)), e.Excerpt, hint)
}

// SignInError is a sign-in that failed. The request that needed it was not sent.
type SignInError struct {
	// Rejected means that the username or the API secret is wrong: the same again can't help.
	Rejected bool
	// Status is the HTTP status of the answer, 0 when there was none.
	Status    int
	RateLimit RateLimit
	// Code is the OAuth error code of the answer, for example "invalid_grant".
	Code string
	// Excerpt is at most 200 characters of the body; never of one that may hold a token.
	Excerpt string

	err error
}

func (e *SignInError) Error() string {
	switch {
	case e.Rejected:
		answer := statusText(e.Status)
		if e.Code != "" && e.Code != wrongCredentials {
			answer += ", " + e.Code
		}
		return "the RAPT Cloud refuses the username or the API secret (" + answer + "): check the username, which is the account's email address, and make a new secret in the RAPT app under My Account, Api Secrets; it is not the password"
	case e.err != nil:
		return fmt.Sprintf("sign-in failed: %v", e.err)
	}
	return sentence("sign-in was answered with "+statusText(e.Status), e.Excerpt, statusHint(e.Status))
}

func (e *SignInError) Unwrap() error { return e.err }

// TransportError is a request without a whole answer: the name was not found, nobody answered, the connection broke,
// time ran out or the caller gave up (then errors.Is finds its context's error).
type TransportError struct {
	Endpoint, Host string
	// Timeout means that [Options.Timeout] passed.
	Timeout bool

	sent  bool
	limit time.Duration
	err   error
}

func (e *TransportError) Error() string {
	switch {
	case e.Timeout:
		return fmt.Sprintf("%s: no whole answer from %s within %s: check the internet connection", e.Endpoint, e.Host, e.limit)
	case errors.Is(e.err, context.Canceled):
		return fmt.Sprintf("%s: given up before the answer from %s", e.Endpoint, e.Host)
	case errors.Is(e.err, context.DeadlineExceeded):
		return fmt.Sprintf("%s: no time left for the answer from %s", e.Endpoint, e.Host)
	case !e.sent:
		return fmt.Sprintf("%s: %s can't be reached: %v: check the address and the internet connection", e.Endpoint, e.Host, e.err)
	}
	return fmt.Sprintf("%s: no answer from %s: %v: check the internet connection", e.Endpoint, e.Host, e.err)
}

func (e *TransportError) Unwrap() error { return e.err }

// ArgumentError is a value that can't be sent. Nothing was sent.
type ArgumentError struct {
	// Name is the API's name of the parameter.
	Name, Problem string
}

func (e *ArgumentError) Error() string { return e.Name + " " + e.Problem }

// PermitError is a request that [Options.Permit] refused; what that hook gave as its reason is what it wraps. Where a
// sign-in was refused, it stands within a [SignInError] and its Request says so: the call itself was not asked about.
type PermitError struct {
	Request

	err error
}

func (e *PermitError) Error() string { return fmt.Sprintf("%s was not sent: %v", e.Endpoint, e.err) }
func (e *PermitError) Unwrap() error { return e.err }

// Temporary tells whether the same request can succeed later without anybody changing anything.
func Temporary(err error) bool {
	var (
		signIn *SignInError
		api    *APIError
		body   *BodyError
		refuse *PermitError
		trans  *TransportError
	)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &refuse):
		return true
	case errors.As(err, &signIn) && signIn.Rejected:
		return false
	case errors.As(err, &body), errors.As(err, &trans):
		return true
	case errors.As(err, &signIn):
		return signIn.Status == 0 || temporaryStatus(signIn.Status)
	case errors.As(err, &api):
		return temporaryStatus(api.Status)
	}
	return false
}

// Sent tells whether the request behind err may have reached the cloud and, if it was a write, may have been carried
// out. It is false when that surely did not happen: a refused permit or argument, a failed sign-in, no connection.
// An error of another package counts as sent.
func Sent(err error) bool {
	var (
		trans *TransportError
		other interface{ neverSent() }
	)
	if errors.As(err, &other) {
		return false
	}
	return !errors.As(err, &trans) || trans.sent
}

func (*SignInError) neverSent()   {}
func (*ArgumentError) neverSent() {}
func (*PermitError) neverSent()   {}

// failedDial tells whether no connection came about.
func failedDial(err error) bool {
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

func (c *Client) apiError(r *reply) *APIError {
	return &APIError{Endpoint: r.endpoint, Status: r.status, RateLimit: r.rateLimit, Excerpt: c.excerpt(r.body)}
}

// signInError tells why a sign-in that was answered gave no token. Whether bad credentials answer 400 or 401 is not
// known, so both count; a 400 that is a web page or tells of trouble at the server's is not about the credentials.
func (c *Client) signInError(r *reply, err error) *SignInError {
	e := &SignInError{Status: r.status, RateLimit: r.rateLimit}
	var oauth *oauth2.RetrieveError
	if errors.As(err, &oauth) {
		e.Code = c.excerpt([]byte(oauth.ErrorCode))
	}
	html := looksLikeHTML(r.header, r.body)
	switch {
	case r.ok() && r.problem != nil:
		e.err = r.problem
	case r.ok() && html:
		e.err = c.bodyError(r, &bodyProblem{problem: BodyHTML})
	case r.ok() && len(bytes.TrimSpace(r.body)) == 0:
		e.err = c.bodyError(r, &bodyProblem{problem: BodyEmpty})
	case r.ok() && e.Code == "":
		e.err = &BodyError{Endpoint: SignInEndpoint, Status: r.status, Problem: BodyUnexpected, Detail: "no token in it"}
	default:
		if !r.ok() && !bytes.Contains(r.body, []byte("access_token")) {
			e.Excerpt = c.excerpt(r.body)
		}
		e.Rejected = r.status == http.StatusUnauthorized ||
			(r.status == http.StatusBadRequest || r.ok()) && !html && !temporaryCodes[e.Code]
	}
	return e
}

// wrongCredentials is the OAuth error code of a wrong username or secret.
const wrongCredentials = "invalid_grant"

// temporaryCodes are the OAuth error codes that don't speak of the credentials.
var temporaryCodes = map[string]bool{"temporarily_unavailable": true, "server_error": true}

// Refused reports whether the API has answered a request with one of these statuses.
func Refused(err error, statuses ...int) bool {
	var api *APIError
	return errors.As(err, &api) && slices.Contains(statuses, api.Status)
}
