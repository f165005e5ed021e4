package broker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

const hintMQTT5 = "the broker must speak MQTT 5 (Mosquitto since 1.6, EMQX, HiveMQ); one that speaks only MQTT 3.1.1 can't be used"

// lossReason says how a connection was lost.
func lossReason(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, io.EOF), endedByPeer(text), strings.Contains(text, "closed network connection"):
		return errors.New("the broker closed the connection; it may be restarting")
	case strings.Contains(text, "PINGRESP"):
		return errors.New("the broker doesn't answer any more; check that it runs and the network to it")
	}
	return fmt.Errorf("the connection to the broker was lost: %w", err)
}

// connectReason says why a connection could not be made, and what to do.
func connectReason(err error, clientID string) error {
	var (
		connack *autopaho.ConnackError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &connack):
		return connackReason(connack, clientID)
	case errors.As(err, &dns):
		return fmt.Errorf("the broker's host name can't be found (%w); check mqtt.url", dns)
	case strings.Contains(err.Error(), "remote error: tls:"):
		return fmt.Errorf("the broker doesn't take the TLS connection (%w); if it asks for a client certificate, give mqtt.cert_file and mqtt.key_file", unwrapped(err))
	case strings.Contains(err.Error(), "does not look like a TLS handshake"):
		return errors.New("the broker doesn't speak TLS on this port; use its TLS port, or mqtt:// in mqtt.url")
	case isUntrusted(err):
		return fmt.Errorf("the broker's certificate is not trusted (%w); give the CA that signed it as mqtt.ca_file", unwrapped(err))
	case strings.Contains(err.Error(), "connection refused"):
		return fmt.Errorf("nothing listens at the broker's address (%w); check mqtt.url and that the broker runs", unwrapped(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), endedByPeer(err.Error()):
		// A refused client certificate can look like this too: the broker may close before its reason is read.
		return fmt.Errorf("the broker ended the connection during the handshake; check mqtt.url (mqtts:// on a TLS port, with mqtt.cert_file and mqtt.key_file where it asks for a client certificate; mqtt:// on another); %s", hintMQTT5)
	}
	return unwrapped(err)
}

func endedByPeer(text string) bool {
	for _, sign := range []string{"EOF", "reset by peer", "broken pipe"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func connackReason(e *autopaho.ConnackError, clientID string) error {
	switch e.ReasonCode {
	case packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized:
		return fmt.Errorf("the broker refuses the user name or password (reason 0x%x); check mqtt.username and mqtt.password", e.ReasonCode)
	case packets.ConnackUnsupportedProtocolVersion, 1:
		return errors.New(hintMQTT5)
	case packets.ConnackInvalidClientID:
		return fmt.Errorf("the broker refuses the client id %q; check mqtt.client_id", clientID)
	}
	return fmt.Errorf("the broker refuses the connection: %s (reason 0x%x)", e.Reason, e.ReasonCode)
}

func disconnectReason(d *paho.Disconnect, clientID string) error {
	if d.ReasonCode == packets.DisconnectSessionTakenOver {
		return fmt.Errorf("another client with the client id %q has connected and taken the connection over; give each bridge its own mqtt.client_id", clientID)
	}
	return fmt.Errorf("the broker ended the connection (reason 0x%x)", d.ReasonCode)
}

func oversizedReason(p Publication, size int, most uint32) error {
	return fmt.Errorf("the message on %s takes %d bytes and the broker takes at most %d in a packet, so it is not sent; raise the broker's limit (Mosquitto: max_packet_size and message_size_limit)", p.Topic, size, most)
}

// maxPacketOf is the largest packet that the broker takes, in bytes; 0 for no limit.
func maxPacketOf(ack *paho.Connack) uint32 {
	if ack == nil || ack.Properties == nil || ack.Properties.MaximumPacketSize == nil {
		return 0
	}
	return *ack.Properties.MaximumPacketSize
}

func isUntrusted(err error) bool {
	return strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:")
}

// unwrapped leaves out autopaho's own words, which repeat the broker's address.
func unwrapped(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "failed to connect to") {
		return inner
	}
	return err
}
