package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/internal/embedded"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const (
	account  = "brewer@example.com"
	secret   = "demo-secret"         // of the simulated account
	password = "hunter2-at-the-keg"  // of the broker
	token    = "supervisor-token-77" // of the add-on
)

// output is what a run of the program writes; it may be read meanwhile.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// outcome is a run of the program that has ended.
type outcome struct {
	status         int
	stdout, stderr string
}

// newProgram is the program with nothing of this machine's configuration in it.
func newProgram(environ []string, args ...string) (p program, stdout, stderr *output) {
	stdout, stderr = new(output), new(output)
	return program{
		args: append([]string{}, args...), environ: append([]string{}, environ...), stdout: stdout, stderr: stderr,
		optionsJSON: os.DevNull, searchDirs: []string{},
	}, stdout, stderr
}

// ran runs the program to its end.
func ran(t *testing.T, environ []string, args ...string) outcome {
	t.Helper()
	p, stdout, stderr := newProgram(environ, args...)
	status := run(t.Context(), p)
	o := outcome{status, stdout.String(), stderr.String()}
	tellsNoSecret(t, o.stdout+o.stderr)
	return o
}

// tellsNoSecret checks what the program writes.
func tellsNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{secret, password, token, "eyJ"} {
		require.NotContains(t, text, s)
	}
}

// eventually waits for something that other goroutines do.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 20*time.Second, 10*time.Millisecond, what)
}

// served is a simulated RAPT cloud on loopback.
func served(t testing.TB, o raptsim.Options) (*raptsim.Cloud, string) {
	t.Helper()
	o.Latency = cmp.Or(o.Latency, &raptsim.Latency{}) // real time would pass
	cloud := raptsim.New(o)
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return cloud, server.URL
}

// broker is an MQTT broker in this process that notes what is published.
type testBroker struct {
	*mqtt.Server
	address string
	mu      sync.Mutex
	seen    map[string][]byte // the last payload by topic
}

// startBroker starts one for the user "rapt" and the password above, or for everybody.
func startBroker(t testing.TB, withPassword bool) *testBroker {
	t.Helper()
	b := &testBroker{Server: mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), InlineClient: true}), seen: map[string][]byte{}}
	if withPassword {
		require.NoError(t, b.AddHook(new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{
			Auth: auth.AuthRules{{Username: "rapt", Password: password, Allow: true}},
		}}))
	} else {
		require.NoError(t, b.AddHook(new(auth.AllowHook), nil))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.address = listener.Addr().String()
	require.NoError(t, b.Subscribe("#", 1, func(_ *mqtt.Client, _ packets.Subscription, p packets.Packet) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.seen[p.TopicName] = p.Payload
	}))
	stop, err := embedded.Serve(b.Server, listeners.NewNet("test", listener))
	require.NoError(t, err)
	t.Cleanup(stop)
	return b
}

// payload is the last one of a topic.
func (b *testBroker) payload(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.seen[topic])
}

// retained is what the broker retains of a topic: what has been acknowledged is there, while payload may still lack it.
func (b *testBroker) retained(topic string) string {
	p, _ := b.Topics.Retained.Get(topic)
	return string(p.Payload)
}

// count is the number of topics that begin and end so.
func (b *testBroker) count(prefix, suffix string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for topic := range b.seen {
		if strings.HasPrefix(topic, prefix) && strings.HasSuffix(topic, suffix) {
			n++
		}
	}
	return n
}

// closedPort is an address of this machine at which nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// settings are the environment of a program on the simulated account.
func settings(cloud, broker string) []string {
	return []string{
		"RAPT_BRIDGE_RAPT_USERNAME=" + account, "RAPT_BRIDGE_RAPT_API_SECRET=" + secret,
		"RAPT_BRIDGE_RAPT_API_URL=" + cloud, "RAPT_BRIDGE_RAPT_AUTH_URL=" + cloud,
		"RAPT_BRIDGE_MQTT_URL=mqtt://" + broker, "RAPT_BRIDGE_MQTT_USERNAME=rapt", "RAPT_BRIDGE_MQTT_PASSWORD=" + password,
		"RAPT_BRIDGE_HTTP_LISTEN=",
	}
}

// unusedHour is the bridge's state as a run without requests leaves it.
func unusedHour(t testing.TB) []byte {
	t.Helper()
	state, err := json.Marshal(map[string]any{"ledger": limit.NewKey(account, secret).Unused(time.Now())})
	require.NoError(t, err)
	return state
}
