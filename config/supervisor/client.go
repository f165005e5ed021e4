// Package supervisor asks the Supervisor of Home Assistant, which runs the program as an add-on, what it knows: where the
// MQTT broker is, and which options the owner set.
//
// It knows the Supervisor's REST API and nothing else. What the answers are good for is decided by whoever asks: the package
// must not know keys of the configuration, RAPT or MQTT. Of config it uses the Secret alone.
package supervisor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/config"
)

const (
	defaultURL     = "http://supervisor"
	requestTimeout = 10 * time.Second
	maxBody        = 64 << 10
)

// Client asks the Supervisor. It is not changed by its methods, so that several goroutines may use it.
type Client struct {
	URL   string        // empty: http://supervisor
	Token config.Secret // of this add-on, from SUPERVISOR_TOKEN
	HTTP  *http.Client  // nil: one without proxies and redirects that gives up after 10 seconds
}

// New gives a client for the Supervisor that started this program as an add-on; false when none did. Environ is
// NAME=value, nil means os.Environ.
func New(environ []string) (Client, bool) {
	if environ == nil {
		environ = os.Environ()
	}
	token := ""
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, "SUPERVISOR_TOKEN="); ok {
			token = value
		}
	}
	return Client{Token: config.NewSecret(token)}, token != ""
}

// Error is an answer of the Supervisor that is not what was asked for.
type Error struct {
	Status  int    // of HTTP
	Message string // the Supervisor's own, may be empty
}

// Error says what the Supervisor said and what to do.
func (e *Error) Error() string {
	text := "the Supervisor answered " + strconv.Itoa(e.Status)
	if e.Message != "" {
		text += fmt.Sprintf(" (%.60s)", e.Message)
	}
	if e.refused() {
		return text + " and refuses this add-on: start the add-on again; if that does not help, uninstall it and install it again"
	}
	return text + ": look at the Supervisor's log (Settings, System, Logs), or set mqtt.url to a broker of your own"
}

// refused tells whether asking again is of no use.
func (e *Error) refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// get asks the Supervisor one question and gives its status and at most a little more than maxBody of its answer.
func (c Client) get(ctx context.Context, path string) (status int, body []byte, err error) {
	base := strings.TrimRight(c.URL, "/")
	if base == "" {
		base = defaultURL
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token.Reveal())
	req.Header.Set("Accept", "application/json")
	resp, err := c.client().Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return 0, nil, fmt.Errorf("read the answer: %w", err)
	}
	return resp.StatusCode, body, nil
}

// client has no keep-alive: the next question, if any, is minutes away.
func (c Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{DisableKeepAlives: true},
		// The token is for the Supervisor alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
