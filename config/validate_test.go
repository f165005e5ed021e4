package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair makes a certificate and its key.
func pair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

func TestCertificateAndKeyMustBelongTogether(t *testing.T) {
	cert, key := pair(t)
	_, other := pair(t)
	for name, c := range map[string]struct{ ca, cert, key, problem string }{
		"pair":          {cert, cert, key, ""},
		"another's key": {cert, cert, other, "mqtt.key_file (RAPT_BRIDGE_MQTT_KEY_FILE): does not fit mqtt.cert_file (private key does not match public key)"},
		"swapped":       {cert, key, cert, "mqtt.key_file (RAPT_BRIDGE_MQTT_KEY_FILE): does not fit mqtt.cert_file"},
		"no CA":         {key, cert, key, "mqtt.ca_file (RAPT_BRIDGE_MQTT_CA_FILE): has no certificate in it"},
	} {
		t.Run(name, func(t *testing.T) {
			o := nowhere()
			o.Environ = append(complete()[:2], "RAPT_BRIDGE_MQTT_URL=mqtts://broker",
				"RAPT_BRIDGE_MQTT_CA_FILE="+write(t, "ca.pem", c.ca), "RAPT_BRIDGE_MQTT_CERT_FILE="+write(t, "cert.pem", c.cert), "RAPT_BRIDGE_MQTT_KEY_FILE="+write(t, "key.pem", c.key))
			_, err := Load(o)
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.problem)
			for _, line := range strings.Split(key, "\n")[1:3] {
				assert.NotContains(t, err.Error(), line, "nothing of the key is shown")
			}
		})
	}
}

func TestFastPollingIsRefusedForTheVendorsHostOnly(t *testing.T) {
	for host, fine := range map[string]bool{
		"https://api.rapt.io": false, "https://API.RAPT.IO.:443/": false, "https://test.rapt.io": false, "https://rapt.io": false,
		"http://127.0.0.1:8080": true, "https://api.rapt.io.example.com": true, "https://notrapt.io": true,
	} {
		o := nowhere()
		o.Environ = append(complete(), "RAPT_BRIDGE_RAPT_API_URL="+host, "RAPT_BRIDGE_RAPT_MIN_POLL_INTERVAL=100ms", "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=100000")
		_, err := Load(o)
		if fine {
			require.NoError(t, err, host)
			continue
		}
		require.ErrorContains(t, err, "is 100ms and must be at least 60s", host)
		require.ErrorContains(t, err, "is 100000 and must be at most 1000", host)
	}
}

func TestUnusualButRightValuesAreTaken(t *testing.T) {
	for _, v := range []string{
		"MQTT_TOPIC_PREFIX=Brauerei/Süd 1", "HOMEASSISTANT_DISCOVERY_PREFIX=ha/test", "HTTP_LISTEN=[::1]:8099", "HTTP_LISTEN=0.0.0.0:0", "RAPT_API_SECRET=p@ss w/örd#?",
		"RAPT_MIN_POLL_INTERVAL=1m 30s", "RAPT_MAX_POLL_INTERVAL=24h", "RAPT_API_URL=http://localhost:1234/base/", "CONTROL_READ_ONLY=ON", "LOG_LEVEL=Warning",
	} {
		o := nowhere()
		o.Environ = append(complete(), envPrefix+v)
		_, err := Load(o)
		assert.NoError(t, err, v)
	}
}
