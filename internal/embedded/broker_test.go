package embedded

import (
	"log/slog"
	"net"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The race detector is the judge: clients come while the broker closes.
func TestClientsComeWhileTheBrokerCloses(t *testing.T) {
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
		stop, err := Serve(server, listeners.NewNet("test", listener))
		require.NoError(t, err)
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		_ = conn.Close()
		stop()
		stop()
		_, err = net.Dial("tcp", listener.Addr().String())
		assert.Error(t, err)
	}
}

// A client that has connected and says nothing is never gone for the library, and the broker closes all the same.
func TestASilentClientDoesNotHoldTheBroker(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stop, err := Serve(mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)}), listeners.NewNet("test", listener))
	require.NoError(t, err)
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	stop()
	_, err = net.Dial("tcp", listener.Addr().String())
	assert.Error(t, err)
}
