package bridge

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/internal/embedded"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// realBroker is a broker on loopback that lets in user bridge with password broker-pa55word.
type realBroker struct {
	*mochi.Server
	address string
	end     func()
}

func newRealBroker(t testing.TB, address, scheme string, secured *tls.Config) *realBroker {
	t.Helper()
	server := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, server.AddHook(new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{
		Auth: auth.AuthRules{{Username: "bridge", Password: "broker-pa55word", Allow: true}},
	}}))
	cfg := listeners.Config{ID: "one", Address: address, TLSConfig: secured}
	var l listeners.Listener = listeners.NewTCP(cfg)
	if strings.HasPrefix(scheme, "ws") {
		address = free(t) // this listener doesn't tell the port that it got
		cfg.Address = address
		l = listeners.NewWebsocket(cfg)
	}
	stop, err := embedded.Serve(server, l)
	require.NoError(t, err)
	if !strings.HasPrefix(scheme, "ws") {
		address = l.Address()
	}
	b := &realBroker{server, address, stop}
	t.Cleanup(b.end)
	return b
}

// free is an address on loopback where nobody listens.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// retains is what the broker retains on a topic.
func (b *realBroker) retains(topic string) string {
	p, _ := b.Topics.Retained.Get(topic)
	return string(p.Payload)
}

// retained counts what the broker retains on topics of a pattern, as [path.Match] reads it. The library's own search by a
// filter is not made for being called while clients publish.
func (b *realBroker) retained(pattern string) (n int) {
	for topic := range b.Topics.Retained.GetAll() {
		if is, _ := path.Match(pattern, topic); is {
			n++
		}
	}
	return n
}

func serverAt(t testing.TB, scheme, address string) broker.Server {
	t.Helper()
	u, err := url.Parse(scheme + "://" + address)
	require.NoError(t, err)
	return broker.Server{URL: u, Username: "bridge", Password: "broker-pa55word"}
}

func knownAt(t testing.TB, scheme, address string) broker.Find {
	t.Helper()
	return broker.Known(serverAt(t, scheme, address))
}

// startReal starts a bridge on real sockets and returns its world; it ends with the test.
func startReal(t testing.TB, adapt func(*Options)) *world {
	t.Helper()
	w := newWorld(raptsim.Options{}, func(o *Options) {
		withoutCeiling(o)
		o.Log = nil
		adapt(o)
	})
	o := w.options()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(w, nil))
	}
	ctx, end := context.WithCancel(context.Background())
	w.end, w.done = end, make(chan struct{})
	go func() {
		defer close(w.done)
		assert.NoError(t, Run(ctx, o))
	}()
	t.Cleanup(w.halt)
	return w
}

// eventually waits for what another goroutine or the network is to bring about.
func eventually(t testing.TB, is func() bool, msg ...any) {
	t.Helper()
	require.Eventually(t, is, 30*time.Second, 10*time.Millisecond, msg...)
}

func (b *realBroker) complete() bool {
	return b.retained("homeassistant/device/*/config") == 13 && b.retained("rapt/*/*/state") == 12 &&
		b.retains("rapt/bridge/availability") == "online"
}

// authority signs certificates for 127.0.0.1.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, pool: x509.NewCertPool()}
	signed := a.sign(true)
	a.cert, a.key = signed.Leaf, signed.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) sign(isCA bool) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "test " + serial.String()}, IsCA: isCA, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if !isCA {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(a.t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.sign(false)}, MinVersion: tls.VersionTLS12}
	strict := server.Clone()
	strict.ClientAuth, strict.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	for _, c := range []struct {
		is             string
		scheme         string
		server, client *tls.Config
	}{
		{"plain", "mqtt", nil, nil},
		{"TLS with a CA of one's own", "mqtts", server, &tls.Config{RootCAs: ca.pool}},
		{"TLS with a client certificate", "mqtts", strict, &tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{ca.sign(false)}}},
		{"TLS without verification", "mqtts", server, &tls.Config{InsecureSkipVerify: true}},
		{"WebSocket", "ws", nil, nil},
		{"WebSocket over TLS", "wss", server, &tls.Config{RootCAs: ca.pool}},
	} {
		t.Run(c.is, func(t *testing.T) {
			t.Parallel()
			b := newRealBroker(t, "127.0.0.1:0", c.scheme, c.server)
			w := startReal(t, func(o *Options) {
				server := serverAt(t, c.scheme, b.address)
				server.TLS = c.client
				o.FindBroker = broker.Known(server)
			})
			eventually(t, b.complete, c.is)
			assert.Empty(t, w.warnings())
			_, topic := w.deviceOf(raptsim.BrewZilla)
			require.NoError(t, b.Publish(topic+"/pump_utilisation/set", []byte("37"), false, 1))
			eventually(t, func() bool { return len(w.writes()) == 1 })
			w.end()
			<-w.done
			assert.Equal(t, "offline", b.retains("rapt/bridge/availability"), "said at the end")
		})
	}
}

// TestWhyABrokerCannotBeUsed has each reason told once, with what to do.
func TestWhyABrokerCannotBeUsed(t *testing.T) {
	t.Parallel()
	var checks []func()
	start := time.Now()
	ca, stranger := newAuthority(t), newAuthority(t)
	secured := &tls.Config{Certificates: []tls.Certificate{ca.sign(false)}, MinVersion: tls.VersionTLS12}
	strict := secured.Clone()
	strict.ClientAuth, strict.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	plain := func(t *testing.T) string { return newRealBroker(t, "127.0.0.1:0", "mqtt", nil).address }
	for _, c := range []struct {
		is     string
		broker func(t *testing.T) broker.Server
		says   string
	}{
		{"wrong password", func(t *testing.T) broker.Server {
			b := serverAt(t, "mqtt", plain(t))
			b.Password = "wrong"
			return b
		}, "check mqtt.username and mqtt.password"},
		{"nobody listens", func(t *testing.T) broker.Server { return serverAt(t, "mqtt", free(t)) }, "nothing listens at the broker's address"},
		{"no such host", func(t *testing.T) broker.Server { return serverAt(t, "mqtt", "broker.invalid:1883") }, "host name can't be found"},
		{"a certificate of somebody else", func(t *testing.T) broker.Server {
			b := serverAt(t, "mqtts", newRealBroker(t, "127.0.0.1:0", "mqtts", secured).address)
			b.TLS = &tls.Config{RootCAs: stranger.pool}
			return b
		}, "mqtt.ca_file"},
		{"no client certificate where one is wanted", func(t *testing.T) broker.Server {
			b := serverAt(t, "mqtts", newRealBroker(t, "127.0.0.1:0", "mqtts", strict).address)
			b.TLS = &tls.Config{RootCAs: ca.pool}
			return b
		}, "mqtt.cert_file"},
		{"TLS to a port without", func(t *testing.T) broker.Server {
			b := serverAt(t, "mqtts", plain(t))
			b.TLS = &tls.Config{RootCAs: ca.pool}
			return b
		}, "mqtt://"},
		{"a broker that speaks 3.1.1 and says so", func(t *testing.T) broker.Server {
			return serverAt(t, "mqtt", fakeBroker(t, []byte{0x20, 0x02, 0x00, 0x01}))
		}, "must speak MQTT 5"},
		{"a broker that speaks 3.1.1 and hangs up", func(t *testing.T) broker.Server { return serverAt(t, "mqtt", fakeBroker(t, nil)) }, "must speak MQTT 5"},
		{"no broker at all", func(t *testing.T) broker.Server {
			return serverAt(t, "mqtt", fakeBroker(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")))
		}, "check mqtt.url"},
	} {
		server := c.broker(t)
		w := startReal(t, func(o *Options) { o.FindBroker = broker.Known(server) })
		checks = append(checks, func() {
			t.Run(c.is, func(t *testing.T) {
				logged := func() []string { return w.lines("the MQTT broker can't be used") }
				eventually(t, func() bool { return len(logged()) > 0 })
				assert.Contains(t, logged()[0], c.says)
				assert.NotContains(t, logged()[0], "pa55word")
				eventually(t, func() bool { return time.Since(start) > 4*time.Second }) // another try or two
				seen := map[string]bool{}
				for _, line := range logged() {
					_, reason, _ := strings.Cut(line, "reason=")
					assert.False(t, seen[reason], "once: %s", reason)
					seen[reason] = true
				}
				assert.LessOrEqual(t, len(seen), 2)
				assert.Empty(t, w.cloud.Requests(), "nobody to publish for")
			})
		})
	}
	for _, check := range checks {
		check()
	}
}

// fakeBroker answers the first packet of every connection so, and hangs up.
func fakeBroker(t testing.TB, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 512)
			_, _ = conn.Read(buffer)
			_, _ = conn.Write(answer)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func TestRefusedCredentialsAreLookedUpAgain(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	var asked atomic.Int32
	startReal(t, func(o *Options) {
		o.FindBroker = func(context.Context) (broker.Server, error) {
			found := serverAt(t, "mqtt", b.address)
			if asked.Add(1) == 1 {
				found.Password = "of yesterday"
			}
			return found, nil
		}
	})
	eventually(t, b.complete)
	assert.EqualValues(t, 2, asked.Load(), "once at the start, and once after the refusal")
}

func TestABrokerThatCannotBeFoundEndsTheStart(t *testing.T) {
	o := newWorld(raptsim.Options{}, nil).options()
	o.FindBroker = func(context.Context) (broker.Server, error) {
		return broker.Server{}, errors.New("no broker is installed")
	}
	require.ErrorContains(t, Run(context.Background(), o), "no broker is installed")
}

func TestTwoBridgesOnOneBrokerAreAPair(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	one := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", b.address) })
	eventually(t, b.complete)
	two := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", b.address) })
	eventually(t, func() bool { return len(two.lines("standing by until it is gone")) == 1 })
	client, ok := b.Clients.Get("rapt-bridge")
	require.True(t, ok)
	assert.Empty(t, one.warnings())
	assert.Empty(t, two.cloud.Requests())

	client.Stop(errors.New("as if the network had broken")) // its will is published, and it is there again at once
	eventually(t, func() bool {
		return len(two.cloud.Requests()) > 0 || len(one.lines("connected to the MQTT broker")) == 2
	})
	eventually(t, b.complete)
	one.end()
	<-one.done
	eventually(t, func() bool { return len(two.cloud.Requests()) > 0 })
	eventually(t, b.complete)
	assert.LessOrEqual(t, len(two.lines("the active bridge is gone")), 2, "no flapping")
}

// A bridge of another version doesn't look first: it takes the name, and the one that had it stands back.
func TestOneThatIsTakenOverOnARealBrokerStandsBack(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	one := startReal(t, func(o *Options) { o.FindBroker = knownAt(t, "mqtt", b.address) })
	eventually(t, b.complete)
	thief, err := broker.Connect(context.Background(), broker.Options{Find: knownAt(t, "mqtt", b.address), ClientID: "rapt-bridge", Filters: []string{"a"},
		Will: broker.Publication{Topic: "a/will", Payload: []byte("gone")}, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	up := <-thief.Events
	require.Equal(t, broker.Up, up.Kind, "%v", up.Err)
	eventually(t, func() bool { return len(one.lines("taken the connection over")) == 1 })
	eventually(t, func() bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(b.Clients.GetAll())), func(id string) bool { return strings.HasPrefix(id, "rapt-bridge-standby-") })
	}, "it stands by under another id")
	assert.Empty(t, thief.Events, "and leaves the name where it is")
	thief.Close(context.Background(), broker.Publication{})
	eventually(t, func() bool { return len(one.lines("connected to the MQTT broker")) == 2 })
}

func TestAfterASleepTheConnectionIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := newRealBroker(t, "127.0.0.1:0", "mqtt", nil)
	s := &sleeper{}
	w := startReal(t, func(o *Options) {
		s.adapt(o)
		o.FindBroker = knownAt(t, "mqtt", b.address)
	})
	eventually(t, b.complete)
	_, topic := w.deviceOf(raptsim.Still)
	s.stop(func() {
		assert.NoError(t, b.Publish(topic+"/pump_utilisation/set", []byte("11"), false, 1))
		client, _ := b.Clients.Get("rapt-bridge")
		eventually(t, func() bool { return client.State.Inflight.Len() == 0 }, "the connection has it, the loop has not")
		s.jump.Add(int64(8 * time.Hour))
	})
	eventually(t, func() bool { return len(w.lines("connected to the MQTT broker")) == 2 })
	assert.Len(t, w.lines("came while the bridge was asleep"), 1)
	require.NoError(t, b.Publish(topic+"/pump_utilisation/set", []byte("12"), false, 1))
	eventually(t, func() bool { return len(w.writes()) == 1 })
	assert.Contains(t, w.writes()[0], "utilisation=12")
}
