package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

func TestExitStatuses(t *testing.T) {
	nobody := closedPort(t)
	occupied := startBroker(t, false).address
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		status  int
		stderr  []string
	}{
		{"version", nil, []string{"version"}, exitOK, nil},
		{"version as a flag", nil, []string{"--version"}, exitOK, nil},
		{"help", nil, []string{"--help"}, exitOK, nil},
		{"help as a command", nil, []string{"help"}, exitOK, nil},
		{"help on a command", nil, []string{"help", "check"}, exitOK, nil},
		{"help on a command's command", nil, []string{"help", "completion", "bash"}, exitOK, nil},
		{"help on a mistyped command", nil, []string{"help", "chek"}, exitConfig, []string{`unknown command "chek"; did you mean rapt-bridge check?`}},
		{"help on what isn't there", nil, []string{"help", "kegs"}, exitConfig, []string{`unknown command "kegs"`}},
		{"help of a command", nil, []string{"check", "--help"}, exitOK, nil},
		{"completion", nil, []string{"completion", "bash"}, exitOK, nil},
		{"unknown command", nil, []string{"kegs"}, exitConfig, []string{`unknown command "kegs"; rapt-bridge --help`}},
		{"mistyped command", nil, []string{"chekc"}, exitConfig, []string{`unknown command "chekc"; did you mean rapt-bridge check?`}},
		{"command in capitals", nil, []string{"DEMO"}, exitConfig, []string{"did you mean rapt-bridge demo?"}},
		{"unknown flag", nil, []string{"--nothing-of-this-kind", "x"}, exitConfig, []string{"unknown flag: --nothing-of-this-kind; --help lists the known ones\n"}},
		{"a flag's last words", nil, []string{"--read-only"}, exitConfig, []string{"did you mean --control-read-only?"}},
		{"a secret's last words", nil, []string{"check", "--api-secret", "x"}, exitConfig, []string{"--api-secret is no flag", "RAPT_BRIDGE_RAPT_API_SECRET"}},
		{"mistyped flag", nil, []string{"--mqtt-ulr", "x"}, exitConfig, []string{"unknown flag: --mqtt-ulr; did you mean --mqtt-url?"}},
		{"mistyped flag of a command", nil, []string{"demo", "--sped=3"}, exitConfig, []string{"did you mean --speed?"}},
		{"flag of a key, after a command", nil, []string{"check", "--rapt-usrname", "x"}, exitConfig, []string{"did you mean --rapt-username?"}},
		{"superfluous word", nil, []string{"version", "please"}, exitConfig, []string{"please"}},
		{"nothing configured", nil, nil, exitConfig, []string{"rapt.username", "rapt.api_secret", "mqtt.url", "rapt-bridge demo"}},
		{"nothing configured, named", nil, []string{"run"}, exitConfig, []string{"rapt.username"}},
		{"half configured", []string{"RAPT_BRIDGE_MQTT_URL=mqtt://127.0.0.1:1"}, []string{"run", "--demo-if-unconfigured"}, exitConfig, []string{"rapt.username"}},
		{"speed of zero", nil, []string{"demo", "--speed", "0"}, exitConfig, []string{"--speed 0", "3600"}},
		{"speed that is no number", nil, []string{"demo", "--speed", "NaN"}, exitConfig, []string{"--speed NaN"}},
		{"file that isn't there", nil, []string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, exitConfig, []string{"none.yaml", "can't be read"}},
		{"address in use", append(settings("http://"+nobody, nobody), "RAPT_BRIDGE_HTTP_LISTEN="+occupied), nil, exitFailed, []string{"the status page can't be served", "http.listen"}},
		{"certificate that isn't there", append(settings("http://"+nobody, nobody), "RAPT_BRIDGE_MQTT_URL=mqtts://"+nobody, "RAPT_BRIDGE_MQTT_CA_FILE=/nowhere/ca.pem"), nil, exitConfig, []string{"mqtt.ca_file"}},
		{"nobody to ask for health", []string{"RAPT_BRIDGE_HTTP_LISTEN=" + nobody}, []string{"healthcheck"}, exitFailed, []string{nobody}},
		{"no page to ask for health", []string{"RAPT_BRIDGE_HTTP_LISTEN="}, []string{"healthcheck"}, exitOK, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := ran(t, c.environ, c.args...)
			assert.Equal(t, c.status, o.status, o.stderr)
			if len(c.stderr) == 0 {
				assert.Empty(t, o.stderr)
			} else {
				assert.Regexp(t, "(?m)^rapt-bridge: ", o.stderr)
			}
			for _, words := range c.stderr {
				assert.Contains(t, o.stderr, words)
			}
		})
	}
}

func TestVersionIsPrinted(t *testing.T) {
	assert.Equal(t, "rapt-bridge "+programVersion()+"\n", ran(t, nil, "version").stdout)
	assert.Equal(t, ran(t, nil, "version").stdout, ran(t, nil, "--version").stdout)
	assert.Contains(t, userAgent(), "rapt-bridge/"+programVersion())
}

func TestHelpNamesEveryKey(t *testing.T) {
	help := ran(t, nil, "--help").stdout
	for _, k := range config.Keys() {
		assert.Equal(t, !k.Secret, strings.Contains(help, "--"+k.Flag()+" "), k.Flag())
		assert.Contains(t, help, k.Env())
	}
	for _, command := range []string{"run", "demo", "check", "dashboard", "batch", "export", "diagnose", "healthcheck", "version", "completion"} {
		assert.Contains(t, help, "\n  "+command)
	}
}

func TestABadConfigurationIsToldAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rapt-bridge.yaml")
	require.NoError(t, os.WriteFile(file, []byte("rapt:\n  usrename: a@example.com\n  api_secret: "+secret+"\n  min_poll_interval: 5\nmqtt:\n  url: 192.168.1.10\n"), 0o600))
	o := ran(t, []string{"RAPT_BRIDGE_LOG_LEVEL=loud", "RAPT_BRIDGE_MQTT_PASWORD=x"}, "--config", file, "--rapt-max-requests-per-hour", "5")
	assert.Equal(t, exitConfig, o.status)
	for _, words := range []string{
		"rapt.usrename", "Did you mean rapt.username?", "rapt.min_poll_interval", "mqtt.url", "RAPT_BRIDGE_LOG_LEVEL",
		"RAPT_BRIDGE_MQTT_PASWORD", "Did you mean RAPT_BRIDGE_MQTT_PASSWORD?", "--rapt-max-requests-per-hour",
	} {
		assert.Contains(t, o.stderr, words)
	}
	assert.Empty(t, o.stdout)
}

// started runs the program until stop is called, which gives its exit status.
func started(t *testing.T, p program) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() { done <- run(ctx, p) }()
	stop = func() int {
		cancel()
		select {
		case status := <-done:
			done <- status // for whoever stops it again
			return status
		case <-time.After(20 * time.Second):
			t.Error("it doesn't stop")
			return -1
		}
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("its log:\n%s", p.stderr)
		}
	})
	return stop
}

func TestTheBridgeRunsUntilItIsStopped(t *testing.T) {
	cloud, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	page := closedPort(t)
	p, stdout, stderr := newProgram(append(settings(url, broker.address), "RAPT_BRIDGE_HTTP_LISTEN="+page, "RAPT_BRIDGE_LOG_LEVEL=debug"))
	stop := started(t, p)
	eventually(t, "all devices", func() bool {
		return broker.count("rapt/", "/state") == len(cloud.Devices())+1 && broker.count("homeassistant/", "/config") == len(cloud.Devices())+1
	})
	assert.Equal(t, "online", broker.payload("rapt/bridge/availability"))
	assert.Equal(t, exitOK, ran(t, []string{"RAPT_BRIDGE_HTTP_LISTEN=" + page}, "healthcheck").status)

	assert.Equal(t, exitOK, stop())
	eventually(t, "the goodbye", func() bool { return broker.payload("rapt/bridge/availability") == "offline" })
	assert.Empty(t, stdout.String())
	log := stderr.String()
	assert.Contains(t, log, "account=b…@example.com")
	assert.NotContains(t, log, account)
	tellsNoSecret(t, log)
	broker.mu.Lock()
	defer broker.mu.Unlock()
	for topic, payload := range broker.seen {
		tellsNoSecret(t, topic+" "+string(payload))
		assert.NotContains(t, string(payload), account, topic)
	}
}

func TestAHangingRequestDoesNotHoldUpTheEnd(t *testing.T) {
	asked := make(chan struct{}, 100)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before that the server doesn't notice when its client goes
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer hanging.Close()
	broker := startBroker(t, true)
	p, _, stderr := newProgram(settings(hanging.URL, broker.address))
	stop := started(t, p)
	<-asked
	assert.Equal(t, exitOK, stop(), "well before the request's own time-out")
	eventually(t, "the goodbye", func() bool { return broker.payload("rapt/bridge/availability") == "offline" })
	assert.Contains(t, stderr.String(), "msg=stopped")
}

func TestLogsAsJSON(t *testing.T) {
	_, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	p, _, stderr := newProgram(settings(url, broker.address), "--log-format", "json")
	stop := started(t, p)
	eventually(t, "the cloud's answer", func() bool { return strings.Contains(stderr.String(), "the RAPT Cloud answers") })
	stop()
	for _, line := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
		assert.True(t, json.Valid([]byte(line)), line)
	}
	tellsNoSecret(t, stderr.String())
}

func TestDashboardIsForTheAccountsDevices(t *testing.T) {
	cloud, url := served(t, raptsim.Options{})
	broker := startBroker(t, true)
	o := ran(t, settings(url, broker.address), "dashboard")
	assert.Equal(t, exitOK, o.status, o.stderr)
	for _, d := range cloud.Devices() {
		assert.Contains(t, o.stdout, strings.TrimSpace(d.Name))
	}
	assert.Empty(t, o.stderr)
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "dashboard.yaml"))
	require.NoError(t, err)
	assert.ElementsMatch(t, strings.Split(string(example), "\n"), strings.Split(o.stdout, "\n"), "in another order: with the controllers that hydrometers are paired with")

	without := ran(t, settings(url, closedPort(t)), "dashboard")
	assert.Equal(t, exitOK, without.status)
	assert.Equal(t, o.stdout, without.stdout)
	assert.Contains(t, without.stderr, "the broker could not be asked")

	wrong := ran(t, append(settings(url, broker.address), "RAPT_BRIDGE_RAPT_API_SECRET=wrong"), "dashboard")
	assert.Equal(t, exitFailed, wrong.status)
	assert.Empty(t, wrong.stdout)
}

func TestAddressesAndNamesAsPeopleReadThem(t *testing.T) {
	for address, want := range map[string]string{":8099": "127.0.0.1:8099", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "192.168.1.2:80": "192.168.1.2:80"} {
		assert.Equal(t, want, loopback(address))
	}
}
