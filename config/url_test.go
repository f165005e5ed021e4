package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrokerAddressIsTakenApart(t *testing.T) {
	for _, c := range []struct{ set, address, user, password string }{
		{"mqtt://broker", "mqtt://broker:1883", "", ""},
		{"mqtt://broker/", "mqtt://broker:1883", "", ""},
		{"MQTTS://Broker", "mqtts://Broker:8883", "", ""},
		{" mqtt://broker:1884 ", "mqtt://broker:1884", "", ""},
		{"mqtt://[fe80::1]", "mqtt://[fe80::1]:1883", "", ""},
		{"ws://broker/mqtt?a=b", "ws://broker/mqtt?a=b", "", ""},
		{"wss://broker:443", "wss://broker:443", "", ""},
		{"mqtt://me:h%40nter%2F2@broker", "mqtt://broker:1883", "me", "h@nter/2"},
		{"mqtts://me@broker", "mqtts://broker:8883", "me", ""},
	} {
		o := nowhere()
		o.Environ = append(complete()[:2], "RAPT_BRIDGE_MQTT_URL="+c.set)
		cfg, err := Load(o)
		require.NoError(t, err, c.set)
		assert.Equal(t, c.address, cfg.MQTT.URL)
		assert.Equal(t, c.user, cfg.MQTT.Username)
		assert.Equal(t, c.password, cfg.MQTT.Password.Reveal())
	}
}
