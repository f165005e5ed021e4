package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hookSecret = "0123456789abcdef0123456789abcdef"

// hooks is a server with what it received and logged.
type hooks struct {
	*HookServer
	bodies []string
	log    bytes.Buffer
	now    time.Time
}

func newHooks() *hooks {
	h := &hooks{now: noonOfHooks}
	h.HookServer = NewHookServer(HookOptions{
		Secret: hookSecret, MaxBody: 4 << 10, Now: func() time.Time { return h.now }, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
		Receive: func(body []byte, _ ...map[string][]string) bool {
			h.bodies = append(h.bodies, string(body))
			return string(body) != "malformed"
		},
	})
	return h
}

var noonOfHooks = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func (h *hooks) ask(method, target, token, body, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = from
	if token != "" {
		r.Header.Set("X-Webhook-Token", token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhatAWebhookIsAnswered(t *testing.T) {
	for is, c := range map[string]struct {
		method, target, token, body string
		want                        int
	}{
		"the secret in the header":        {"POST", "/hook", hookSecret, "{}", 202},
		"GET":                             {"GET", "/hook?device_id=1", hookSecret, "", 202},
		"the secret in the path":          {"POST", "/hook/" + hookSecret, "", "{}", 202},
		"no secret":                       {"POST", "/hook", "", "{}", 404},
		"a wrong one":                     {"POST", "/hook", hookSecret[1:], "{}", 404},
		"a wrong one in the path":         {"POST", "/hook/x", hookSecret, "{}", 404},
		"an empty one in the path":        {"POST", "/hook/", "", "{}", 404},
		"the right one on another path":   {"POST", "/metrics", hookSecret, "{}", 404},
		"another method":                  {"DELETE", "/hook", hookSecret, "", 405},
		"another method without secret":   {"DELETE", "/hook", "", "", 404},
		"a long body":                     {"POST", "/hook", hookSecret, strings.Repeat("x", 4<<10), 202},
		"a body that is too long":         {"POST", "/hook", hookSecret, strings.Repeat("x", 4<<10+1), 413},
		"what names no device":            {"POST", "/hook", hookSecret, "malformed", 400},
		"the secret in the query is none": {"POST", "/hook?token=" + hookSecret, "", "{}", 404},
	} {
		t.Run(is, func(t *testing.T) {
			h := newHooks()
			w := h.ask(c.method, c.target, c.token, c.body, "192.0.2.1:1")
			assert.Equal(t, c.want, w.Code)
			assert.Empty(t, w.Body.String())
			assert.Empty(t, h.log.String())
			if c.want == 202 {
				assert.Equal(t, []string{c.body}, h.bodies)
			}
		})
	}
}

func TestWrongSecretsAreLimitedPerAddressAndInAll(t *testing.T) {
	h := newHooks()
	ask := func(from string) int { return h.ask("POST", "/hook", "guess", "{}", from).Code }
	for range hookPerAddress {
		require.Equal(t, 404, ask("192.0.2.1:1"))
	}
	assert.Equal(t, 429, ask("192.0.2.1:2"), "another port is the same address")
	assert.Equal(t, 429, ask("[::ffff:192.0.2.1]:2"), "and so is another notation")
	assert.Equal(t, 404, ask("192.0.2.2:1"))
	for i := range hookPerAddress {
		require.Equal(t, 404, ask(fmt.Sprintf("[2001:db8::%x]:1", i+1)))
	}
	assert.Equal(t, 429, ask("[2001:db8::ffff]:1"), "a network of addresses is one caller's")
	n := 0
	for i := range 1000 {
		if ask(fmt.Sprintf("198.51.100.%d:1", i%250)) == 404 {
			n++
		}
	}
	assert.Equal(t, hookInAll-2*hookPerAddress-1, n)
	assert.Equal(t, 202, h.ask("POST", "/hook", hookSecret, "{}", "192.0.2.1:1").Code, "who knows the secret is not held up by them")
	h.now = h.now.Add(time.Minute)
	assert.Equal(t, 404, ask("192.0.2.1:1"))
}

func TestAThousandDevicesMayBePushedByOneAddress(t *testing.T) {
	h := newHooks()
	ask := func() int { return h.ask("POST", "/hook", hookSecret, "{}", "192.0.2.1:1").Code }
	for range hookRequests {
		require.Equal(t, 202, ask())
	}
	assert.Equal(t, 429, ask())
	h.now = h.now.Add(time.Minute)
	assert.Equal(t, 202, ask())
}

// TestTheWebhookListenerUnderAbuse sends what scanners and broken clients send, over sockets.
func TestTheWebhookListenerUnderAbuse(t *testing.T) {
	h := newHooks()
	h.limits = limits{header: 200 * time.Millisecond, read: 300 * time.Millisecond, write: 300 * time.Millisecond, idle: 300 * time.Millisecond, stop: time.Second}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l) }()
	slow, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer slow.Close()
	_, err = slow.Write([]byte("POST /hook HTTP/1.1\r\nHost: x\r\n"))
	require.NoError(t, err)
	for _, request := range hostile() {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, request)
		answer, _ := io.ReadAll(bufio.NewReader(conn))
		assert.False(t, bytes.Contains(answer, []byte("202 Accepted")), "%.60q", request)
		_ = conn.Close()
	}
	_ = slow.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err = io.ReadAll(slow)
	assert.NoError(t, err, "a client that takes its time is cut off")
	assert.Empty(t, h.bodies)
	assert.Empty(t, h.log.String())
	target := url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/hook/" + hookSecret}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post(target.String(), "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, 202, answer.StatusCode, "it still answers")
	end()
	assert.NoError(t, <-done)
}
