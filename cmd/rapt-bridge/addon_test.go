package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// startSupervisor starts what stands in for Home Assistant's Supervisor, by its documented replies. The language is empty
// where the add-on may not ask for it.
func startSupervisor(t *testing.T, language string, mqtt func(asked int) (status int, reply string)) string {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, reply := http.StatusNotFound, `{"result":"error","message":"no such thing"}`
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			status, reply = http.StatusForbidden, `{"result":"error","message":"forbidden"}`
		case r.URL.Path == "/core/api/config" && language != "":
			status, reply = http.StatusOK, fmt.Sprintf(`{"language":%q,"unit_system":{"temperature":"°C"}}`, language)
		case r.URL.Path == "/services/mqtt":
			asked++
			status, reply = mqtt(asked)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const notEnabled = `{"result":"error","message":"Service not enabled"}`

func TestAddOnStart(t *testing.T) {
	_, cloud := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	_, port, _ := net.SplitHostPort(broker.address)
	found := func(port string, ssl bool) string {
		return fmt.Sprintf(`{"result":"ok","data":{"host":"127.0.0.1","port":%s,"ssl":%t,"username":"rapt","password":%q,"protocol":"3.1.1"}}`, port, ssl, password)
	}
	always := func(status int, reply string) func(int) (int, string) {
		return func(int) (int, string) { return status, reply }
	}
	for _, c := range []struct {
		name    string
		mqtt    func(int) (int, string)
		environ []string
		works   bool     // it connects and runs until it is stopped
		status  int      // when it doesn't
		says    []string // on standard error
	}{
		{"port as a number", always(200, found(port, false)), nil, true, 0, nil},
		{"port as a string", always(200, found(`"`+port+`"`, false)), nil, true, 0, nil},
		{"broker that comes later", func(asked int) (int, string) {
			if asked < 2 {
				return 400, notEnabled
			}
			return 200, found(port, false)
		}, nil, true, 0, []string{"waiting for Home Assistant's MQTT broker"}},
		{"broker of its own", always(400, notEnabled), []string{"RAPT_BRIDGE_MQTT_URL=mqtt://rapt:" + password + "@" + broker.address}, true, 0, nil},
		{"no broker", always(400, notEnabled), nil, false, exitFailed, []string{"install the Mosquitto broker", "Add-on store", "mqtt.url"}},
		{"no such service", always(404, notEnabled), nil, false, exitFailed, []string{"install the Mosquitto broker"}},
		{"error", always(500, `{"result":"error","message":"Unknown error, see supervisor logs"}`), nil, false, exitFailed, []string{"500", "Unknown error", "Supervisor's log"}},
		{"web page", always(200, "<html>502</html>"), nil, false, exitFailed, []string{"can't be read"}},
		{"port that is none", always(200, found(`"many"`, false)), nil, false, exitFailed, []string{"valid port"}},
		{"refused", always(403, `{"result":"error","message":"forbidden"}`), nil, false, exitFailed, []string{"refuses this add-on"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			environ := append([]string{
				"SUPERVISOR_TOKEN=" + token, "RAPT_BRIDGE_RAPT_API_URL=" + cloud, "RAPT_BRIDGE_RAPT_AUTH_URL=" + cloud,
				"RAPT_BRIDGE_RAPT_USERNAME=" + account, "RAPT_BRIDGE_RAPT_API_SECRET=" + secret, "RAPT_BRIDGE_HTTP_LISTEN=" + closedPort(t),
			}, c.environ...)
			p, _, stderr := newProgram(environ)
			p.supervisorURL, p.brokerWait = startSupervisor(t, "", c.mqtt), time.Second
			if c.works {
				p.brokerWait = 20 * time.Second
				stop := started(t, p)
				eventually(t, "the connection", func() bool { return strings.Contains(stderr.String(), "connected to the MQTT broker") })
				assert.Equal(t, exitOK, stop())
			} else {
				assert.Equal(t, c.status, run(t.Context(), p))
			}
			for _, words := range c.says {
				assert.Contains(t, stderr.String(), words)
			}
			tellsNoSecret(t, stderr.String())
		})
	}

	t.Run("broker with TLS", func(t *testing.T) {
		p, _, _ := newProgram([]string{
			"SUPERVISOR_TOKEN=" + token, "RAPT_BRIDGE_RAPT_USERNAME=" + account, "RAPT_BRIDGE_RAPT_API_SECRET=" + secret,
			"RAPT_BRIDGE_MQTT_INSECURE_SKIP_VERIFY=true",
		})
		p.supervisorURL = startSupervisor(t, "", always(200, found(port, true)))
		cmd := p.command()
		cmd.SetContext(t.Context())
		cfg, err := p.load(cmd, true)
		assert.NoError(t, err)
		o, err := p.options(cfg, p.logger(cfg))
		assert.NoError(t, err)
		b, err := o.FindBroker(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, "mqtts://127.0.0.1:"+port, b.URL.String())
		assert.Equal(t, []string{"rapt", password}, []string{b.Username, b.Password})
		if assert.NotNil(t, b.TLS) {
			assert.True(t, b.TLS.InsecureSkipVerify)
		}
	})
}

func TestTheAddOnSpeaksTheLanguageOfHomeAssistant(t *testing.T) {
	none := func(int) (int, string) { return 400, notEnabled }
	for name, c := range map[string]struct {
		homeAssistant string // its language
		environ       []string
		want          string
	}{
		"as it is":        {"nl", nil, "nl"},
		"a near one":      {"de-CH", nil, "de"},
		"one we lack":     {"sv", nil, "en"},
		"not to be asked": {"", nil, "en"},
		"set":             {"nl", []string{"RAPT_BRIDGE_HOMEASSISTANT_LANGUAGE=fr"}, "fr"},
		"set to English":  {"nl", []string{"RAPT_BRIDGE_HOMEASSISTANT_LANGUAGE=en"}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, _ := newProgram(append([]string{
				"SUPERVISOR_TOKEN=" + token, "RAPT_BRIDGE_RAPT_USERNAME=" + account, "RAPT_BRIDGE_RAPT_API_SECRET=" + secret,
			}, c.environ...))
			p.supervisorURL = startSupervisor(t, c.homeAssistant, none)
			cmd := p.command()
			cmd.SetContext(t.Context())
			cfg, err := p.load(cmd, true)
			assert.NoError(t, err)
			o, err := p.options(cfg, p.logger(cfg))
			assert.NoError(t, err)
			assert.Equal(t, c.want, o.Language)
		})
	}
}

func TestTheLanguagesOfTheConfigurationAreThoseOfTheEntities(t *testing.T) {
	for _, k := range config.Keys() {
		if k.Name == "homeassistant.language" {
			assert.ElementsMatch(t, discovery.Languages(), k.Choices)
			return
		}
	}
	t.Error("there is no such key")
}
