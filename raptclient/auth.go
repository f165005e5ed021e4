package raptclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

const (
	// clientID is what every client of the public API signs in as (vendor's page).
	clientID = "rapt-user"
	// tokenLifetime is the lifetime of a token whose reply tells none (vendor's page).
	tokenLifetime = 60 * time.Minute
	// minTokenLifetime and maxTokenLifetime bound what a reply may tell.
	minTokenLifetime = time.Minute
	maxTokenLifetime = 100 * 24 * time.Hour
	// renewEarly is how long before its end a token is renewed, at most a tenth of its lifetime.
	renewEarly = time.Minute
)

// session is the sign-in and the token that came of it.
type session struct {
	config oauth2.Config
	// secrets are the forms in which the API secret could come back in a reply, the longest first.
	secrets []string
	// signingIn holds a value while somebody signs in. It is a mutex that can be waited for with a context.
	signingIn chan struct{}

	mu   sync.Mutex
	held heldToken
	// dropped is the last token that the cloud refused; its error may quote it.
	dropped string
	// refusing are the endpoints that refused a fresh token too, until they take one.
	refusing map[string]bool
	// believed is when a write to one of them last had a token dropped that others had taken.
	believed time.Time
}

type heldToken struct {
	text string
	// renewAt is when the next call has to sign in again.
	renewAt time.Time
	// accepted says that an endpoint has taken it.
	accepted bool
}

func (s *session) init(o Options, authURL *url.URL) {
	s.signingIn, s.refusing = make(chan struct{}, 1), map[string]bool{}
	s.config = oauth2.Config{
		ClientID: clientID,
		Endpoint: oauth2.Endpoint{TokenURL: authURL.JoinPath(SignInEndpoint).String(), AuthStyle: oauth2.AuthStyleInParams},
	}
	quoted, _ := json.Marshal(o.APISecret)
	s.secrets = []string{o.APISecret, url.QueryEscape(o.APISecret), url.PathEscape(o.APISecret), strings.Trim(string(quoted), `"`)}
	slices.SortFunc(s.secrets, func(a, b string) int { return len(b) - len(a) })
}

// SignIn signs in now unless a token is held.
func (c *Client) SignIn(ctx context.Context) error {
	_, err := c.token(ctx)
	return err
}

// token is the token that is held, or that of a new sign-in. There is one sign-in at a time; who has waited for it uses
// its token, or tries again where it has failed.
func (c *Client) token(ctx context.Context) (string, error) {
	s := &c.session
	if token, ok := s.valid(c.options.Now()); ok {
		return token, nil
	}
	select {
	case s.signingIn <- struct{}{}:
		defer func() { <-s.signingIn }()
	case <-ctx.Done():
		return "", &SignInError{err: fmt.Errorf("given up while waiting for a sign-in: %w", ctx.Err())}
	}
	if token, ok := s.valid(c.options.Now()); ok {
		return token, nil
	}
	token, err := c.signIn(ctx)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = token
	return token.text, nil
}

// valid is the token that is held, if it is good for a while yet.
func (s *session) valid(now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held.text, s.held.text != "" && now.Before(s.held.renewAt)
}

// believeEvery is how far apart tokens are dropped for a write that may be refused whatever the token.
const believeEvery = time.Hour

// drop forgets a token that an endpoint refused, unless it was replaced meanwhile. It reports false, and keeps the token,
// where the endpoint refuses each one while others take this one: another sign-in wouldn't help. A list of those can wait
// until another endpoint refuses the token too; a write, which may switch a heater off, is believed once an hour.
func (s *session) drop(token, endpoint string, write bool, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held.text != token {
		return true
	}
	if s.held.accepted && s.refusing[endpoint] {
		if !write || now.Sub(s.believed) < believeEvery {
			return false
		}
		s.believed = now
	}
	s.held, s.dropped = heldToken{}, token
	return true
}

// refused notes an endpoint that refused a fresh token.
func (s *session) refused(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing[endpoint] = true
}

// accept notes that an endpoint has taken a token.
func (s *session) accept(token, endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refusing, endpoint)
	s.held.accepted = s.held.accepted || s.held.text == token
}

// signIn asks for a token. What oauth2 says of a failure is not passed on: it holds the reply's body.
func (c *Client) signIn(ctx context.Context) (heldToken, error) {
	var (
		answer *reply
		failed error
	)
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			answer, failed = c.exchange(req, Request{Endpoint: SignInEndpoint, SignIn: true}, nil)
			if failed != nil {
				return nil, failed
			}
			return answer.response(req), nil
		}),
	}
	now := c.options.Now()
	token, err := c.session.config.PasswordCredentialsToken(
		context.WithValue(ctx, oauth2.HTTPClient, client), c.options.Username, c.options.APISecret)
	switch {
	case failed != nil:
		return heldToken{}, &SignInError{err: failed}
	case err != nil && answer != nil:
		return heldToken{}, c.signInError(answer, err)
	case err != nil:
		return heldToken{}, &SignInError{err: errors.New("the request could not be made")}
	case !sendable(token.AccessToken):
		return heldToken{}, c.signInError(answer, errors.New("the token is not text"))
	}
	lifetime := c.lifetime(token.ExpiresIn)
	return heldToken{text: token.AccessToken, renewAt: now.Add(lifetime - min(renewEarly, lifetime/10))}, nil
}

// lifetime is how long a token is used whose reply has this expires_in, in seconds; 0 stands for none. What can't be a
// lifetime is taken for the vendor's hour: a token that ends sooner is refused with a 401 and replaced then. Less than a
// minute is taken for a minute, lest every request need a sign-in.
func (c *Client) lifetime(seconds int64) time.Duration {
	taken := time.Duration(seconds) * time.Second
	switch {
	case seconds < 0 || seconds > int64(maxTokenLifetime/time.Second):
		taken = tokenLifetime
	case seconds == 0:
		return tokenLifetime
	case taken < minTokenLifetime:
		taken = minTokenLifetime
	default:
		return taken
	}
	c.reader.later(Notice{
		Kind: TokenLifetime, Resource: SignInEndpoint, Field: "expires_in",
		Detail: fmt.Sprintf("%d s, taken for %.0f s", seconds, taken.Seconds()),
	})
	return taken
}

// sendable tells whether a token can stand in a header.
func sendable(token string) bool {
	return !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// redact replaces the API secret, the token that is held and all e-mail addresses in a text of the cloud's.
func (s *session) redact(text string) string {
	s.mu.Lock()
	tokens := []string{s.held.text, s.dropped}
	s.mu.Unlock()
	for _, secret := range append(tokens, s.secrets...) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, redact.Mark)
		}
	}
	return redact.Emails(text)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// response is the reply for oauth2 to read. It calls JSON by its name, whatever the server called it.
func (r *reply) response(req *http.Request) *http.Response {
	header := http.Header{"Content-Type": {r.header.Get("Content-Type")}}
	if bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("{")) {
		header.Set("Content-Type", "application/json")
	}
	return &http.Response{
		Status: http.StatusText(r.status), StatusCode: r.status, Header: header, Request: req,
		Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)),
	}
}
