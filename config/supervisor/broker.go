package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/internal/retry"
)

// ErrNoBroker says that Home Assistant has no MQTT broker to share.
var ErrNoBroker = errors.New("no MQTT broker in Home Assistant: install the Mosquitto broker (Settings, Add-ons, Add-on store, Mosquitto broker), start it, and start this add-on again; or set mqtt.url to a broker of your own")

// Broker is what a bridge needs to connect.
type Broker struct {
	URL      string // mqtt:// or mqtts:// with a port
	Username string // may be empty
	Password config.Secret
}

// Broker asks for the broker. ErrNoBroker: there is none (now); *[Error]: another answer.
func (c Client) Broker(ctx context.Context) (Broker, error) {
	status, body, err := c.get(ctx, "/services/mqtt")
	if err != nil {
		return Broker{}, fmt.Errorf("ask the Supervisor for the broker: %w", err)
	}
	return parseBroker(status, body)
}

func parseBroker(status int, body []byte) (Broker, error) {
	var reply struct {
		Result  string `json:"result"`
		Message string `json:"message"`
		Data    struct {
			Host     string `json:"host"`
			Port     any    `json:"port"` // a number or, from some versions, a string
			SSL      bool   `json:"ssl"`
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"data"`
	}
	if len(body) > maxBody {
		return Broker{}, &Error{Status: status, Message: "a reply that is too long"}
	}
	decodeErr := json.Unmarshal(body, &reply)
	switch {
	case status == http.StatusNotFound, strings.Contains(strings.ToLower(reply.Message), "not enabled"):
		// 400 "Service not enabled" is the Supervisor's reply while no add-on provides the service.
		return Broker{}, ErrNoBroker
	case status != http.StatusOK:
		return Broker{}, &Error{Status: status, Message: reply.Message}
	case decodeErr != nil:
		// The decoder's error is left out: it may quote the password.
		return Broker{}, &Error{Status: status, Message: "a reply that can't be read"}
	case reply.Result != "ok":
		return Broker{}, &Error{Status: status, Message: reply.Message}
	case reply.Data.Host == "":
		return Broker{}, ErrNoBroker
	}
	port, ok := portOf(reply.Data.Port)
	if !ok {
		return Broker{}, &Error{Status: status, Message: "a broker without a valid port"}
	}
	scheme := "mqtt"
	if reply.Data.SSL {
		scheme = "mqtts"
	}
	return Broker{
		URL:      scheme + "://" + net.JoinHostPort(reply.Data.Host, port),
		Username: reply.Data.Username,
		Password: config.NewSecret(reply.Data.Password),
	}, nil
}

// portOf reads a port from 1 to 65535 that is a number or a string.
func portOf(raw any) (string, bool) {
	var n uint64
	switch v := raw.(type) {
	case float64:
		if v < 1 || v > 65535 || v != float64(uint64(v)) {
			return "", false
		}
		n = uint64(v)
	case string:
		var err error
		if n, err = strconv.ParseUint(strings.TrimSpace(v), 10, 16); err != nil {
			return "", false
		}
	}
	return strconv.FormatUint(n, 10), n > 0
}

// WaitForBroker asks for the broker until there is one, for at most upTo: after a start of the whole machine, the Mosquitto
// add-on may come up later than this one. It gives the last error when the time is over, and gives up at once when the
// Supervisor refuses this add-on. It logs once that it waits.
func (c Client) WaitForBroker(ctx context.Context, upTo time.Duration, log *slog.Logger) (Broker, error) {
	waiting, cancel := context.WithTimeout(ctx, upTo)
	defer cancel()
	var last error
	broker, err := backoff.RetryNotifyWithData(func() (Broker, error) {
		broker, err := c.Broker(waiting)
		var answer *Error
		if errors.As(err, &answer) && answer.refused() {
			return broker, backoff.Permanent(err)
		}
		return broker, err
	}, backoff.WithContext(newBackoff(), waiting), func(err error, _ time.Duration) {
		if last == nil {
			log.Info("waiting for Home Assistant's MQTT broker", "up_to", upTo, "error", err)
		}
		last = err
	})
	switch {
	case err == nil:
		return broker, nil
	case ctx.Err() != nil:
		return Broker{}, fmt.Errorf("wait for the broker: %w", context.Cause(ctx))
	case waiting.Err() != nil && last != nil:
		// A question that was cut off by the end of the waiting says less than the one before it.
		return Broker{}, last
	}
	return Broker{}, err
}

// newBackoff has no end: the context ends the waiting. The Supervisor is on the same machine, so pauses stay short.
func newBackoff() backoff.BackOff { return retry.New(time.Second, 5*time.Second, 0.3) }
