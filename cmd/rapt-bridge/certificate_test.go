package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// writeCertificate writes a certificate for 127.0.0.1 and its key, and returns what trusts it.
func writeCertificate(t testing.TB, certFile, keyFile string, number int64, from, until time.Time) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), NotBefore: from, NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certFile, certificate, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

const hookSecret = "0123456789abcdef0123456789abcdef"

// withHooks are settings with the listener for webhooks under TLS.
func withHooks(t testing.TB, listen, certFile, keyFile string) []string {
	_, url := served(t, raptsim.Options{Devices: []raptsim.DeviceSpec{}})
	return append(settings(url, startBroker(t, true).address),
		"RAPT_BRIDGE_WEBHOOK_LISTEN="+listen, "RAPT_BRIDGE_WEBHOOK_SECRET="+hookSecret, "RAPT_BRIDGE_WEBHOOK_CERT_FILE="+certFile, "RAPT_BRIDGE_WEBHOOK_KEY_FILE="+keyFile)
}

func TestWebhooksUnderTLS(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "hook.pem"), filepath.Join(folder, "hook.key")
	day := time.Now().Add(24 * time.Hour)
	pool := writeCertificate(t, certFile, keyFile, 1, time.Now().Add(-time.Hour), day)
	listen := closedPort(t)
	p, _, stderr := newProgram(withHooks(t, listen, certFile, keyFile))
	stop := started(t, p)

	// post sends a webhook on a connection of its own, and says by which certificate.
	post := func(pool *x509.CertPool, adapt func(*tls.Config)) (status int, number int64, err error) {
		config := &tls.Config{RootCAs: pool}
		if adapt != nil {
			adapt(config)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		answer, err := client.Post("https://"+listen+"/hook/"+hookSecret, "application/json", strings.NewReader(`{"device_id":"c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01"}`))
		if err != nil {
			return 0, 0, err
		}
		defer answer.Body.Close()
		return answer.StatusCode, answer.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
	}
	taken := func(want int64, pool *x509.CertPool) func() bool {
		return func() bool {
			status, number, err := post(pool, nil)
			return err == nil && status == http.StatusAccepted && number == want
		}
	}
	eventually(t, "a webhook under TLS", taken(1, pool))
	for name, version := range map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11} {
		_, _, err := post(pool, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, version })
		assert.Error(t, err, "TLS %s", name)
	}
	status, _, err := post(pool, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	assert.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, status)
	if answer, err := http.Post("http://"+listen+"/hook/"+hookSecret, "", strings.NewReader("{}")); err == nil {
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode, "without TLS")
		_ = answer.Body.Close()
	}

	// Renewed on disk: the next connection has it. A half-written one leaves the one before.
	renewed := writeCertificate(t, certFile, keyFile, 2, time.Now().Add(-time.Hour), day)
	eventually(t, "the renewed certificate", taken(2, renewed))
	require.NoError(t, os.WriteFile(certFile, []byte("-----BEGIN CERTIFICATE-----\nhalf"), 0o600))
	eventually(t, "the one before", taken(2, renewed))
	_, _, _ = post(renewed, nil)
	assert.Equal(t, 1, strings.Count(stderr.String(), "can't be used; the one before stays"), "told once")
	last := writeCertificate(t, certFile, keyFile, 3, time.Now().Add(-time.Hour), day)
	eventually(t, "the whole one", taken(3, last))
	assert.Equal(t, exitOK, stop())
	assert.NotContains(t, stderr.String(), hookSecret)
	http.DefaultClient.CloseIdleConnections()
}

func TestARenewedCertificateThatCouldNotBeUsedIsTriedAgain(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		from        time.Time
		spoil, mend func(t *testing.T, keyFile string)
	}{
		"its time begins a little later": {from: now.Add(20 * time.Second)},
		// As when the key's mode is mended: nothing shows in the file's time and size. A test that runs as root may read every file.
		"its key could not be read": {
			now.Add(-time.Hour),
			func(t *testing.T, keyFile string) {
				require.NoError(t, os.Rename(keyFile, keyFile+".kept"))
				unreadable(t, keyFile+".kept", keyFile)
			},
			func(t *testing.T, keyFile string) { require.NoError(t, os.Rename(keyFile+".kept", keyFile)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder, said := t.TempDir(), new(output)
			certFile, keyFile := filepath.Join(folder, "hook.pem"), filepath.Join(folder, "hook.key")
			writeCertificate(t, certFile, keyFile, 1, now.Add(-time.Hour), now.Add(time.Hour))
			certificate, err := newCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(said, nil)))
			require.NoError(t, err)
			number := func(after time.Duration) int64 { return certificate.current(now.Add(after)).Leaf.SerialNumber.Int64() }
			writeCertificate(t, certFile, keyFile, 2, c.from, now.Add(24*time.Hour))
			if c.spoil != nil {
				c.spoil(t, keyFile)
			}
			assert.EqualValues(t, 1, number(0))
			if c.mend != nil {
				c.mend(t, keyFile)
			}
			assert.EqualValues(t, 1, number(loadAgain-1), "not with each connection")
			assert.EqualValues(t, 2, number(loadAgain))
			assert.Equal(t, 1, strings.Count(said.String(), "level=WARN"), said)
			assert.Equal(t, 1, strings.Count(said.String(), "was renewed"), said)
		})
	}
}

// unreadable writes a file that has the time and the size of another and can't be used in its place.
func unreadable(t *testing.T, like, path string) {
	t.Helper()
	info, err := os.Stat(like)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, make([]byte, info.Size()), 0o600))
	require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
}

func TestACertificateForWebhooksThatCantBeUsed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, other := filepath.Join(folder, "hook.pem"), filepath.Join(folder, "hook.key"), filepath.Join(folder, "other.key")
	ago, ahead := time.Now().AddDate(0, 0, -10), time.Now().AddDate(0, 0, 10)
	good := func() { writeCertificate(t, certFile, keyFile, 1, ago, ahead) }
	for name, c := range map[string]struct {
		arrange  func()
		key      string
		says, do string
	}{
		"expired":          {func() { writeCertificate(t, certFile, keyFile, 1, ago, ago.AddDate(0, 0, 1)) }, keyFile, "expired on " + ago.AddDate(0, 0, 1).UTC().Format(time.DateOnly), "renew it"},
		"not yet valid":    {func() { writeCertificate(t, certFile, keyFile, 1, ahead, ahead.AddDate(0, 0, 1)) }, keyFile, "is not valid before", "clock"},
		"another key":      {func() { writeCertificate(t, filepath.Join(folder, "other.pem"), other, 1, ago, ahead); good() }, other, "private key does not match", "in PEM"},
		"no certificate":   {func() { good(); _ = os.WriteFile(certFile, []byte("hello"), 0o600) }, keyFile, "failed to find any PEM data", "in PEM"},
		"key that is gone": {good, filepath.Join(folder, "none.key"), "none.key", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			c.arrange()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p, _, stderr := newProgram(withHooks(t, closedPort(t), certFile, c.key))
			assert.Equal(t, exitConfig, run(ctx, p))
			assert.Contains(t, stderr.String(), "webhook.cert_file and webhook.key_file")
			assert.Contains(t, stderr.String(), c.says)
			assert.Contains(t, stderr.String(), c.do)
		})
	}
}
