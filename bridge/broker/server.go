package broker

import (
	"context"
	"crypto/tls"
	"net/url"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// Server is where to find the MQTT broker.
type Server struct {
	// URL has the scheme mqtt, mqtts, ws or wss, and no user.
	URL                *url.URL
	Username, Password string
	// TLS is used with mqtts and wss.
	TLS *tls.Config
}

// Find looks for the broker. It returns an error only when it is pointless to go on.
type Find func(context.Context) (Server, error)

// Known finds a broker that is known already.
func Known(s Server) Find { return func(context.Context) (Server, error) { return s, nil } }

const (
	keepAlive      = 30 * time.Second
	connectTimeout = 10 * time.Second
	answerTimeout  = 30 * time.Second // of the broker to a subscription or a publication

	// maxPacket is the largest message that the broker may send, in bytes: far more than any command, state or
	// announcement needs.
	maxPacket = 64 << 10
	// receiveMaximum is how many messages the broker may send before they are acknowledged. The library keeps room for as many:
	// half a MiB for MQTT's own 65,535.
	receiveMaximum = 1024
)

// clientConfig is what every connection to a server has in common. s returns the server as it is known now.
func clientConfig(s func() Server, clientID string) autopaho.ClientConfig {
	return autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{s().URL},
		TlsCfg:                        s().TLS,
		KeepAlive:                     uint16(keepAlive / time.Second),
		ConnectTimeout:                connectTimeout,
		CleanStartOnInitialConnection: true,
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			server, most, unacknowledged := s(), uint32(maxPacket), uint16(receiveMaximum)
			// Every connection starts clean: what was sent while nobody was connected must never arrive later.
			c.CleanStart = true
			c.UsernameFlag, c.Username = server.Username != "", server.Username
			c.PasswordFlag, c.Password = server.Password != "", []byte(server.Password)
			c.Properties = &paho.ConnectProperties{MaximumPacketSize: &most, ReceiveMaximum: &unacknowledged}
			return c, nil
		},
		ClientConfig: paho.ClientConfig{ClientID: clientID, PacketTimeout: answerTimeout},
	}
}
