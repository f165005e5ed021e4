package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrNoBroker says that Home Assistant has no MQTT broker to share.
var ErrNoBroker = errors.New("no MQTT broker in Home Assistant: install the Mosquitto broker (Settings, Add-ons, Add-on store, Mosquitto broker), start it, and start this add-on again; or set mqtt.url to a broker of your own")

const (
	supervisorURL     = "http://supervisor"
	supervisorTimeout = 10 * time.Second
	supervisorPause   = 2 * time.Second // between two questions while waiting
	supervisorMaxBody = 64 << 10
)

// Broker is what a bridge needs to connect.
type Broker struct {
	URL      string // mqtt:// or mqtts:// with a port
	Username string // may be empty
	Password Secret
}

// Supervisor is Home Assistant's Supervisor, which runs add-ons and knows the broker.
type Supervisor struct {
	URL   string       // empty: http://supervisor
	Token Secret       // of this add-on, from SUPERVISOR_TOKEN
	HTTP  *http.Client // nil: one without proxies and redirects that gives up after 10 seconds
}

// NewSupervisor gives the Supervisor that started this program as an add-on; false when none did. Environ is NAME=value,
// nil means os.Environ.
func NewSupervisor(environ []string) (Supervisor, bool) {
	if environ == nil {
		environ = os.Environ()
	}
	l := loader{Options: Options{Environ: environ}}
	token := l.variable("SUPERVISOR_TOKEN")
	return Supervisor{Token: NewSecret(token)}, token != ""
}

// SupervisorError is a reply of the Supervisor that is not the broker.
type SupervisorError struct {
	Status  int    // of HTTP
	Message string // the Supervisor's own, may be empty
}

// Error says what the Supervisor said and what to do.
func (e *SupervisorError) Error() string {
	text := "the Supervisor answered " + strconv.Itoa(e.Status)
	if e.Message != "" {
		text += " (" + short(e.Message) + ")"
	}
	if e.refused() {
		return text + " and refuses this add-on: start the add-on again; if that does not help, uninstall it and install it again"
	}
	return text + ": look at the Supervisor's log (Settings, System, Logs), or set mqtt.url to a broker of your own"
}

// refused tells whether asking again is of no use.
func (e *SupervisorError) refused() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// MQTT asks for the broker. ErrNoBroker: there is none (now); *SupervisorError: another answer.
func (s Supervisor) MQTT(ctx context.Context) (Broker, error) {
	status, body, err := s.get(ctx, "/services/mqtt")
	if err != nil {
		return Broker{}, fmt.Errorf("ask the Supervisor for the broker: %w", err)
	}
	return parseBroker(status, body)
}

// client has no keep-alive: the next question, if any, is minutes away.
func (s Supervisor) client() *http.Client {
	if s.HTTP != nil {
		return s.HTTP
	}
	return &http.Client{
		Timeout:   supervisorTimeout,
		Transport: &http.Transport{DisableKeepAlives: true},
		// The token is for the Supervisor alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
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
	if len(body) > supervisorMaxBody {
		return Broker{}, &SupervisorError{Status: status, Message: "a reply that is too long"}
	}
	decodeErr := json.Unmarshal(body, &reply)
	switch {
	case status == http.StatusNotFound, strings.Contains(strings.ToLower(reply.Message), "not enabled"):
		// 400 "Service not enabled" is the Supervisor's reply while no add-on provides the service.
		return Broker{}, ErrNoBroker
	case status != http.StatusOK:
		return Broker{}, &SupervisorError{Status: status, Message: reply.Message}
	case decodeErr != nil:
		// The decoder's error is left out: it may quote the password.
		return Broker{}, &SupervisorError{Status: status, Message: "a reply that can't be read"}
	case reply.Result != "ok":
		return Broker{}, &SupervisorError{Status: status, Message: reply.Message}
	case reply.Data.Host == "":
		return Broker{}, ErrNoBroker
	}
	port, ok := portOf(reply.Data.Port)
	if !ok {
		return Broker{}, &SupervisorError{Status: status, Message: "a broker without a valid port"}
	}
	scheme := "mqtt"
	if reply.Data.SSL {
		scheme = "mqtts"
	}
	return Broker{
		URL:      scheme + "://" + net.JoinHostPort(reply.Data.Host, port),
		Username: reply.Data.Username,
		Password: NewSecret(reply.Data.Password),
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

// WaitMQTT asks for the broker until there is one, for at most upTo: after a start of the whole machine, the Mosquitto
// add-on may come up later than this one. It gives the last error when the time is over, and gives up at once when the
// Supervisor refuses this add-on. It logs once that it waits.
func (s Supervisor) WaitMQTT(ctx context.Context, upTo time.Duration, log *slog.Logger) (Broker, error) {
	deadline := time.NewTimer(upTo)
	defer deadline.Stop()
	asking, cancel := context.WithTimeout(ctx, upTo)
	defer cancel()
	last := error(ErrNoBroker)
	for waited := false; ; waited = true {
		broker, err := s.MQTT(asking)
		var answer *SupervisorError
		if err == nil || (errors.As(err, &answer) && answer.refused()) {
			return broker, err
		}
		// A question that was cut off by the end of the waiting says less than the one before it.
		if asking.Err() == nil || !waited {
			last = err
		}
		if !waited {
			log.Info("waiting for Home Assistant's MQTT broker", "up_to", upTo, "error", err)
		}
		pause := time.NewTimer(supervisorPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return Broker{}, fmt.Errorf("wait for the broker: %w", context.Cause(ctx))
		case <-deadline.C:
			pause.Stop()
			return Broker{}, last
		case <-pause.C:
		}
	}
}
