package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// eavesdropper sees the requests and answers that the cloud sees, and notes every token.
type eavesdropper struct {
	http.RoundTripper
	mu     sync.Mutex
	tokens []string
}

func (e *eavesdropper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.RoundTripper.RoundTrip(req)
	if err != nil || req.URL.Path != "/connect/token" {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Token != "" {
		e.mu.Lock()
		e.tokens = append(e.tokens, answer.Token)
		e.mu.Unlock()
	}
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	return resp, nil
}

// TestSecretsStayWhereTheyBelong lets everything go wrong that could make a secret be told: at debug level, with a cloud
// that quotes what it was sent, and reads what came out of the bridge.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	const secret, password = "s3cr3t/of+the=brewer", "broker-pa55word"
	registry := prometheus.NewRegistry()
	var (
		snapshots []*web.Snapshot
		spy       *eavesdropper
	)
	inBubble(t, func(t *testing.T) {
		w := newWorld(raptsim.Options{APISecret: secret, Username: "brewer@example.com", TokenLifetime: 99 * time.Hour}, nil)
		spy = &eavesdropper{RoundTripper: w.cloud.Transport()}
		w.adapt = func(o *Options) {
			withoutCeiling(o)
			o.RAPT.APISecret, o.RAPT.Transport = secret, spy
			o.FindBroker = broker.Known(broker.Server{Username: "bridge", Password: password})
			o.Metrics = registry
			o.OnSnapshot = func(s *web.Snapshot) { snapshots = append(snapshots, s) }
		}
		w.start(t)
		defer w.halt()
		pass(ready)
		_, topic := w.deviceOf(raptsim.BrewZilla)

		quoting := func() []raptsim.Fault {
			spy.mu.Lock()
			defer spy.mu.Unlock()
			quote := fmt.Sprintf(`{"error":"the token Bearer %s and the secret %s of brewer@example.com"}`, spy.tokens[len(spy.tokens)-1], secret)
			return []raptsim.Fault{
				{Path: "/api/", Status: 500, Body: quote}, {Path: "/api/", Status: 400, Body: quote}, {Path: "/api/", Body: quote},
				{Path: "/api/", HTML: true}, {Path: "/connect/token", Status: 400, Body: `{"error":"invalid_grant","error_description":` + fmt.Sprintf("%q", secret) + `}`},
				{Path: "/connect/token", Status: 500, Body: quote}, {Path: "/api/", DropToken: true}, {Reset: true},
			}
		}
		for i := range quoting() {
			fault := quoting()[i] // of the token of the moment
			remove := w.cloud.Inject(fault)
			w.cloud.RevokeTokens()
			w.publish(topic+"/pump_utilisation/set", "33")
			w.publish(topic+"/pump_utilisation/set", "not a number")
			w.publish("rapt/bridge/refresh/set", "PRESS")
			pass(10 * time.Minute)
			remove()
			pass(2 * time.Hour)
		}
		w.broker.conn.Events <- broker.Event{Kind: broker.Failed, Err: errors.New("the broker refuses the user name or password")}
		w.broker.lose("gone")
		w.broker.back()
		pass(time.Minute)

		var published strings.Builder
		for _, p := range w.broker.sent {
			fmt.Fprintf(&published, "%s %s\n", p.Topic, p.Payload)
		}
		metrics, err := registry.Gather()
		require.NoError(t, err)
		shown, err := json.Marshal(snapshots)
		require.NoError(t, err)
		require.NotEmpty(t, snapshots)
		require.Greater(t, len(spy.tokens), 3)
		assert.Contains(t, w.logged(), "level=DEBUG")
		for where, text := range map[string]string{"log": w.logged(), "topics": published.String(), "metrics": fmt.Sprint(metrics), "snapshots": string(shown)} {
			require.NotEmpty(t, text)
			for _, hidden := range append([]string{secret, password, "brewer@example.com", "s3cr3t%2Fof%2Bthe%3Dbrewer"}, spy.tokens...) {
				if i := strings.Index(text, hidden); i >= 0 {
					t.Errorf("the %s tell %s: %s", where, hidden, text[max(0, i-200):i+len(hidden)])
				}
			}
		}
	})
}
