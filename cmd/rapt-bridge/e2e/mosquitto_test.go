package e2e

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

const mosquittoImage = "eclipse-mosquitto:2"

// mosquittoOptions says how a Mosquitto is started. The zero value lets anybody do anything and forgets all retained
// messages when it is restarted.
type mosquittoOptions struct {
	network     *testcontainers.DockerNetwork // where it is known as "mosquitto"; nil: no network of its own
	users       map[string]string             // passwords by user; empty: anonymous
	acl         string                        // the file of access rights, in Mosquitto's own format
	authority   *authority                    // with it there is a TLS listener
	clientCert  bool                          // the TLS listener asks for a certificate of the authority
	webSocket   bool                          // with it there is a WebSocket listener, with authority one with TLS too
	persistence bool                          // retained messages survive a restart
	busy        bool                          // for many messages: any number may wait, and its log has errors alone
	small       bool                          // there is little room for what it keeps on its disk
}

// mosquitto is a running Mosquitto.
type mosquitto struct {
	*container
	conf                                 []string
	tcp, tls, webSocket, secureWebSocket int // published ports; 0: no such listener
}

// startMosquitto runs a Mosquitto and returns when it answers.
func startMosquitto(t testing.TB, s scope, o mosquittoOptions) *mosquitto {
	t.Helper()
	needDocker(t)
	m := &mosquitto{tcp: freePort(t)}
	ports := map[int]int{1883: m.tcp}
	// As root it may read and write whatever is copied in.
	conf := []string{"user root", "log_dest stdout", "log_type all", "connection_messages true"}
	if o.busy {
		conf = []string{"user root", "log_dest stdout", "log_type error", "max_queued_messages 0"}
	}
	options := []testcontainers.ContainerCustomizer{}

	if len(o.users) == 0 {
		conf = append(conf, "allow_anonymous true")
	} else {
		conf = append(conf, "allow_anonymous false", "password_file /mosquitto/config/passwords")
		options = append(options, testcontainers.WithFiles(file("/mosquitto/config/passwords", passwordFile(t, o.users))))
	}
	if o.acl != "" {
		conf = append(conf, "acl_file /mosquitto/config/acl")
		options = append(options, testcontainers.WithFiles(file("/mosquitto/config/acl", o.acl)))
	}
	if o.persistence {
		conf = append(conf, "persistence true", "persistence_location /mosquitto/data/", "autosave_interval 1", "autosave_on_changes true")
	}
	conf = append(conf, "listener 1883")
	if o.authority != nil {
		m.tls = freePort(t)
		ports[8883] = m.tls
		cert, key := o.authority.issue(t, "mosquitto")
		options = append(options, testcontainers.WithFiles(file("/mosquitto/config/ca.pem", o.authority.pem),
			file("/mosquitto/config/server.pem", cert), file("/mosquitto/config/server.key", key)))
		secure := []string{"cafile /mosquitto/config/ca.pem",
			"certfile /mosquitto/config/server.pem", "keyfile /mosquitto/config/server.key",
			fmt.Sprintf("require_certificate %t", o.clientCert)}
		conf = append(append(conf, "listener 8883"), secure...)
		if o.webSocket {
			m.secureWebSocket = freePort(t)
			ports[9443] = m.secureWebSocket
			conf = append(append(conf, "listener 9443", "protocol websockets"), secure...)
		}
	}
	if o.webSocket {
		m.webSocket = freePort(t)
		ports[9001] = m.webSocket
		conf = append(conf, "listener 9001", "protocol websockets")
	}
	if o.network != nil {
		options = append(options, network.WithNetwork([]string{"mosquitto"}, o.network))
	}
	if o.small {
		options = append(options, testcontainers.WithTmpfs(map[string]string{"/mosquitto/data": "size=16k"}))
	}
	m.conf = conf
	options = append(options, testcontainers.WithFiles(file("/mosquitto/config/mosquitto.conf", strings.Join(conf, "\n")+"\n")))
	m.container = startContainer(t, s, mosquittoImage, ports, options...)
	m.ready(t)
	return m
}

// url is the address of the plain listener, as rapt-bridge takes it.
func (m *mosquitto) url() string { return fmt.Sprintf("mqtt://127.0.0.1:%d", m.tcp) }

// configure puts lines before the listeners of the configuration that it was started with, for the next start.
func (m *mosquitto) configure(t testing.TB, lines ...string) {
	t.Helper()
	conf := strings.Join(append(lines, m.conf...), "\n") + "\n"
	require.NoError(t, m.CopyToContainer(context.Background(), []byte(conf), "/mosquitto/config/mosquitto.conf", 0o644))
}

// restart stops the broker as an administrator would, starts it and waits until it answers.
func (m *mosquitto) restart(t testing.TB) {
	t.Helper()
	m.stop(t)
	m.start(t)
}

// start starts a stopped broker and waits until it answers.
func (m *mosquitto) start(t testing.TB) {
	t.Helper()
	m.container.start(t)
	m.ready(t)
}

// ready waits until the broker answers a CONNECT, no matter how. (That its port accepts connections says nothing: the
// Docker engine accepts them before the broker does.)
func (m *mosquitto) ready(t testing.TB) {
	t.Helper()
	within(t, patience, "Mosquitto answers", func() error {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", m.tcp), time.Second)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(time.Second))
		// MQTT 5 CONNECT: clean start, no keep-alive, no properties, no client id.
		if _, err := conn.Write([]byte("\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00")); err != nil {
			return err
		}
		answer := make([]byte, 1)
		if _, err := io.ReadFull(conn, answer); err != nil {
			return err
		}
		if answer[0] != 0x20 {
			return errors.New("no CONNACK")
		}
		return nil
	})
}

// passwordFile writes Mosquitto's password file: PBKDF2 with SHA-512, as mosquitto_passwd makes it.
func passwordFile(t testing.TB, users map[string]string) string {
	t.Helper()
	const rounds = 101 // mosquitto_passwd's default
	var b strings.Builder
	for user, password := range users {
		salt := make([]byte, 12)
		_, _ = rand.Read(salt)
		hash, err := pbkdf2.Key(sha512.New, password, salt, rounds, sha512.Size)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%s:$7$%d$%s$%s\n", user, rounds,
			base64.StdEncoding.EncodeToString(salt), base64.StdEncoding.EncodeToString(hash))
	}
	return b.String()
}
