package raptsim

import (
	"crypto/subtle"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// tokens are those given out, with the time at which each ends.
type tokens struct {
	username, secret string
	lifetime         time.Duration
	refusal          int
	ends             map[string]time.Time
	rng              *rand.Rand
}

func newTokens(o Options) tokens {
	return tokens{
		username: o.Username, secret: o.APISecret, lifetime: o.TokenLifetime, refusal: o.BadCredentialsStatus,
		ends: map[string]time.Time{}, rng: rand.New(rand.NewPCG(o.Seed, hash("tokens"))),
	}
}

// issue answers a sign-in.
func (t *tokens) issue(r *http.Request, body []byte, now time.Time) (status int, reply string) {
	fail := func(status int, code string) (int, string) { return status, fmt.Sprintf(`{"error":%q}`, code) }
	form, err := url.ParseQuery(string(body))
	switch {
	case r.Method != http.MethodPost:
		return fail(http.StatusMethodNotAllowed, "invalid_request")
	case err != nil, !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return fail(http.StatusBadRequest, "invalid_request")
	case form.Get("client_id") != "rapt-user":
		return fail(http.StatusBadRequest, "invalid_client")
	case form.Get("grant_type") != "password":
		return fail(http.StatusBadRequest, "unsupported_grant_type")
	case !same(form.Get("username"), t.username), !same(form.Get("password"), t.secret):
		return fail(t.refusal, "invalid_grant")
	}
	for token, end := range t.ends {
		if !now.Before(end) {
			delete(t.ends, token)
		}
	}
	token := fmt.Sprintf("%016x%016x.%016x%016x", t.rng.Uint64(), t.rng.Uint64(), t.rng.Uint64(), t.rng.Uint64())
	t.ends[token] = now.Add(t.lifetime)
	return http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":%d,"scope":"rapt-api.public"}`,
		token, int(t.lifetime.Seconds()))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// valid tells whether the request carries a token that is valid now.
func (t *tokens) valid(r *http.Request, now time.Time) bool {
	end, ok := t.ends[bearer(r)]
	return ok && now.Before(end)
}

// RevokeTokens makes all tokens given so far no good.
func (c *Cloud) RevokeTokens() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.tokens.ends)
}

// SetSecret changes the API secret that the token endpoint accepts. Tokens stay good.
func (c *Cloud) SetSecret(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens.secret = secret
}
