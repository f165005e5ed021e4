package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// complete is the least that Load is content with.
func complete() []string {
	return []string{"RAPT_BRIDGE_RAPT_USERNAME=brewer@example.com", "RAPT_BRIDGE_RAPT_API_SECRET=abc", "RAPT_BRIDGE_MQTT_URL=mqtt://broker"}
}

func parsed(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	flags := pflag.NewFlagSet("rapt-bridge", pflag.ContinueOnError)
	flags.Bool("verbose", false, "a flag of the command line's own")
	AddFlags(flags)
	require.NoError(t, flags.Parse(args))
	return flags
}

func TestDefaultsAreThoseOfTheTable(t *testing.T) {
	cfg := Default()
	assert.Equal(t, "https://api.rapt.io", cfg.RAPT.APIURL)
	assert.Equal(t, "https://id.rapt.io", cfg.RAPT.AuthURL)
	assert.Equal(t, time.Minute, cfg.RAPT.MinPollInterval)
	assert.Equal(t, 15*time.Minute, cfg.RAPT.MaxPollInterval)
	assert.Equal(t, 240, cfg.RAPT.MaxRequestsPerHour)
	assert.Equal(t, "rapt-bridge", cfg.MQTT.ClientID)
	assert.Equal(t, "rapt", cfg.MQTT.TopicPrefix)
	assert.True(t, cfg.HomeAssistant.Discovery)
	assert.Equal(t, "homeassistant", cfg.HomeAssistant.DiscoveryPrefix)
	assert.False(t, cfg.Control.ReadOnly)
	assert.Equal(t, "127.0.0.1:8099", cfg.HTTP.Listen)
	assert.Equal(t, slog.LevelInfo, cfg.Log.Level)
	assert.Equal(t, "text", cfg.Log.Format)
	assert.False(t, cfg.Configured())
	assert.Equal(t, "default", cfg.Sources["rapt.min_poll_interval"])
}

// TestLaterLayerWins sets a key of every kind in the first n layers and expects the n-th.
func TestLaterLayerWins(t *testing.T) {
	type row struct {
		key    string
		get    func(Config) any
		values [4]string // file, options, environment, flag, as one would write them there
		want   [5]any    // the default first
	}
	rows := []row{
		{"mqtt.topic_prefix", func(c Config) any { return c.MQTT.TopicPrefix }, [4]string{`"file"`, `"options"`, `env`, `flag`}, [5]any{"rapt", "file", "options", "env", "flag"}},
		{"mqtt.password", func(c Config) any { return c.MQTT.Password.Reveal() }, [4]string{`"file"`, `"options"`, `env`, `flag`}, [5]any{"", "file", "options", "env", "flag"}},
		{"rapt.api_url", func(c Config) any { return c.RAPT.APIURL }, [4]string{`"https://a/"`, `"https://b"`, `http://c`, `https://d`}, [5]any{"https://api.rapt.io", "https://a", "https://b", "http://c", "https://d"}},
		{"rapt.max_poll_interval", func(c Config) any { return c.RAPT.MaxPollInterval }, [4]string{"20m", `"30m"`, "1h30m", "2h"}, [5]any{15 * time.Minute, 20 * time.Minute, 30 * time.Minute, 90 * time.Minute, 2 * time.Hour}},
		{"rapt.max_requests_per_hour", func(c Config) any { return c.RAPT.MaxRequestsPerHour }, [4]string{"100", "200", "300", "400"}, [5]any{240, 100, 200, 300, 400}},
		{"control.read_only", func(c Config) any { return c.Control.ReadOnly }, [4]string{"true", "false", "yes", "off"}, [5]any{false, true, false, true, false}},
		{"homeassistant.discovery", func(c Config) any { return c.HomeAssistant.Discovery }, [4]string{"no", "true", "0", "true"}, [5]any{true, false, true, false, true}},
		{"log.level", func(c Config) any { return c.Log.Level }, [4]string{"debug", `"warn"`, "ERROR", "warning"}, [5]any{slog.LevelInfo, slog.LevelDebug, slog.LevelWarn, slog.LevelError, slog.LevelWarn}},
		{"homeassistant.language", func(c Config) any { return c.HomeAssistant.Language }, [4]string{"de", `"FR"`, "pt-br", "nl"}, [5]any{"en", "de", "fr", "pt-BR", "nl"}},
		{"log.format", func(c Config) any { return c.Log.Format }, [4]string{"json", `"text"`, "json", "text"}, [5]any{"text", "json", "text", "json", "text"}},
		{"http.listen", func(c Config) any { return c.HTTP.Listen }, [4]string{`":1"`, `":2"`, ":3", ":4"}, [5]any{"127.0.0.1:8099", ":1", ":2", ":3", ":4"}},
	}
	for _, r := range rows {
		k, ok := find(r.key)
		require.True(t, ok, r.key)
		for layers := range r.want {
			t.Run(fmt.Sprintf("%s/%d layers", r.key, layers), func(t *testing.T) {
				o := nowhere()
				o.Demo = true
				o.Environ = []string{"RAPT_BRIDGE_MQTT_USERNAME=brewer"}
				source := "default"
				if layers >= 1 {
					o.Path = write(t, "my.yaml", k.Group()+":\n  "+k.Leaf()+": "+r.values[0]+"\n")
					source = o.Path
				}
				if layers >= 2 {
					o.OptionsJSON = write(t, "options.json", `{"`+k.Group()+`":{"`+k.Leaf()+`":`+r.values[1]+`}}`)
					source = o.OptionsJSON
				}
				if layers >= 3 {
					o.Environ = append(o.Environ, k.Env()+"="+r.values[2])
					source = k.Env()
				}
				if layers >= 4 {
					o.Flags = parsed(t, "--"+k.Flag()+"="+r.values[3])
					source = "--" + k.Flag()
				}
				cfg, err := Load(o)
				require.NoError(t, err)
				assert.Equal(t, r.want[layers], r.get(cfg))
				if r.want[layers] != "" {
					assert.Equal(t, source, cfg.Sources[r.key])
				}
			})
		}
	}
}

func TestFirstFileOfTheSearchIsUsed(t *testing.T) {
	first := write(t, FileName, "mqtt: {topic_prefix: first}")
	second := write(t, FileName, "mqtt: {topic_prefix: second}")
	o := nowhere()
	o.Demo = true
	o.SearchDirs = []string{t.TempDir(), filepath.Dir(first), filepath.Dir(second)}
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Equal(t, "first", cfg.MQTT.TopicPrefix)
	assert.Equal(t, "rapt-bridge-first", cfg.MQTT.ClientID)

	o.Flags = parsed(t, "--config", second, "--control-read-only")
	cfg, err = Load(o)
	require.NoError(t, err)
	assert.Equal(t, "second", cfg.MQTT.TopicPrefix)
	assert.True(t, cfg.Control.ReadOnly, "a boolean flag needs no value")

	o.Path = filepath.Join(t.TempDir(), "nowhere.yaml")
	_, err = Load(o)
	require.ErrorContains(t, err, "nowhere.yaml: can't be read: no such file or directory. Check the path")
	assert.NotEmpty(t, SearchDirs())
}

func TestEmptyOptionsOfTheAddOnAreNotSet(t *testing.T) {
	o := nowhere()
	o.Environ = append(complete(), "SUPERVISOR_TOKEN=x")
	o.OptionsJSON = write(t, "options.json", `{"rapt":{"username":"","api_secret":null,"max_requests_per_hour":100},"mqtt":{},"http":{"listen":""},"control":null}`)
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Equal(t, "brewer@example.com", cfg.RAPT.Username)
	assert.Equal(t, 100, cfg.RAPT.MaxRequestsPerHour)
	assert.Equal(t, ":8099", cfg.HTTP.Listen)

	for name, content := range map[string]string{"cut": `{"rapt":{"api_secret":"` + canary, "list": `["` + canary + `"]`, "text": `"` + canary + `"`, "empty": ""} {
		o.OptionsJSON = write(t, name+".json", content)
		_, err = Load(o)
		require.ErrorContains(t, err, "is not valid JSON", name)
		assert.NotContains(t, err.Error(), canary)
	}
	o.OptionsJSON = write(t, "options.json", `{"rapt":{"max_requests_per_hour":99.5,"min_poll_interval":1e300,"usrename":"a"},"mqtt":{"url":[]}}`)
	_, err = Load(o)
	golden(t, "testdata/options.txt", strings.ReplaceAll(err.Error(), o.OptionsJSON, AddOnOptions)+"\n")
}

func TestAddOnNeedsNoBrokerAndContainerIsReachable(t *testing.T) {
	for name, c := range map[string]struct {
		variable, listen string
		fails            bool
	}{
		"elsewhere": {"OTHER=1", "127.0.0.1:8099", true},
		"add-on":    {"SUPERVISOR_TOKEN=x", ":8099", false},
		"container": {ContainerVariable + "=1", ":8099", true},
		"set":       {"RAPT_BRIDGE_HTTP_LISTEN=:80", ":80", true},
		"off":       {"RAPT_BRIDGE_HTTP_LISTEN=", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := nowhere()
			o.Environ = append(complete()[:2], c.variable)
			cfg, err := Load(o)
			assert.Equal(t, c.listen, cfg.HTTP.Listen)
			if !c.fails {
				require.NoError(t, err)
				return
			}
			var problems *Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems.All, 1)
			assert.Equal(t, "mqtt.url", problems.All[0].Key)
			assert.True(t, problems.All[0].Missing)
		})
	}
}

func TestEnvironmentIsCheckedToo(t *testing.T) {
	o := nowhere()
	o.Environ = append(complete(),
		"RAPT_BRIDGE_RAPT_USER=x", "RAPT_BRIDGE_READ_ONLY=true", "RAPT_BRIDGE_MQTT_PASSWD="+canary, "RAPT_BRIDGE_HOME_ASSISTANT_DISCOVERY=1",
		"RAPT_BRIDGE_LOG_LEVEL=loud", "RAPT_BRIDGE_RAPT_MIN_POLL_INTERVAL=90", "RAPT_BRIDGE_RAPT_MAX_REQUESTS_PER_HOUR=99999999999999999999",
		"RAPT_BRIDGE_ENTIRELY_SOMETHING_ELSE=1", "OTHER=1", "RAPT_BRIDGE", "RAPT_BRIDGE_MQTT_CLIENT_ID=",
		// Kubernetes sets these for a service called rapt-bridge.
		"RAPT_BRIDGE_SERVICE_HOST=10.0.0.1", "RAPT_BRIDGE_SERVICE_PORT=8099", "RAPT_BRIDGE_PORT=tcp://10.0.0.1:8099", "RAPT_BRIDGE_PORT_8099_TCP_ADDR=10.0.0.1")
	_, err := Load(o)
	require.Error(t, err)
	golden(t, "testdata/environment.txt", err.Error()+"\n")
}

func TestFlagsAreCheckedTogether(t *testing.T) {
	o := nowhere()
	o.Environ = complete()
	o.Flags = parsed(t, "--verbose", "--rapt-min-poll-interval=1s", "--rapt-max-requests-per-hour=many", "--control-read-only=perhaps", "--log-format=", "--mqtt-topic-prefix=")
	_, err := Load(o)
	require.Error(t, err)
	golden(t, "testdata/flags.txt", err.Error()+"\n")
}

func TestSecretsComeFromFiles(t *testing.T) {
	o := nowhere()
	secret := write(t, "secret", canary+"\r\n")
	o.Environ = []string{"RAPT_BRIDGE_RAPT_USERNAME=b", "RAPT_BRIDGE_MQTT_URL=mqtts://broker", "RAPT_BRIDGE_MQTT_USERNAME=b",
		"RAPT_BRIDGE_RAPT_API_SECRET_FILE=" + secret, "RAPT_BRIDGE_MQTT_PASSWORD_FILE=" + secret}
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Equal(t, canary, cfg.RAPT.APISecret.Reveal())
	assert.Equal(t, canary, cfg.MQTT.Password.Reveal())
	assert.Equal(t, secret, cfg.Sources["rapt.api_secret"])
	assert.Equal(t, "mqtts://broker:8883", cfg.MQTT.URL)

	large := write(t, "large", strings.Repeat("x", maxFileSize+1))
	o.Environ[3] = "RAPT_BRIDGE_RAPT_API_SECRET_FILE=" + large
	o.Environ = append(o.Environ, "RAPT_BRIDGE_MQTT_PASSWORD=other")
	o.Path = large
	_, err = Load(o)
	require.ErrorContains(t, err, "rapt.api_secret_file (RAPT_BRIDGE_RAPT_API_SECRET_FILE): can't be read: it is larger than")
	require.ErrorContains(t, err, "mqtt.password_file (RAPT_BRIDGE_MQTT_PASSWORD_FILE): is set and so is mqtt.password (RAPT_BRIDGE_MQTT_PASSWORD)")
	require.ErrorContains(t, err, large+": is larger than")
}

func TestSecretIsNeverInAMessage(t *testing.T) {
	for name, content := range map[string]string{
		"group is a text":   "rapt: CANARY",
		"list":              "rapt: {api_secret: [CANARY]}",
		"map":               "rapt: {api_secret: {CANARY: 1}}",
		"number":            "rapt: {api_secret: 1}\nmqtt: {password: [CANARY]}",
		"not yaml":          "rapt:\n  api_secret: 'CANARY",
		"quote":             "rapt:\n  api_secret: \"\\qCANARY\"",
		"anchor":            "rapt:\n  api_secret: *CANARY",
		"tag":               "rapt:\n  api_secret: !!int CANARY",
		"percent":           "rapt:\n  api_secret: %CANARY",
		"at":                "rapt:\n  api_secret: @CANARY",
		"two lines":         "rapt:\n  api_secret: \"CANARY\n\n\n CANARY\"",
		"url":               "mqtt: {url: 'mqtt://a:CANARY@b:x'}",
		"url without @":     "mqtt: {url: 'mqtt://a:CANARY'}",
		"url with %40":      "mqtt: {url: 'mqtt://a:CANARY%40broker'}",
		"url, slash":        "mqtt: {url: 'mqtt://a:1/CANARY@broker'}",
		"url, question":     "mqtt: {url: 'mqtt://a:1?CANARY@broker'}",
		"url, number sign":  "mqtt: {url: 'mqtt://a:1#CANARY@broker'}",
		"url, no scheme":    "mqtt: {url: 'a:CANARY@broker'}",
		"url, tcp":          "mqtt: {url: 'tcp://a:CANARY@broker'}",
		"url, query":        "mqtt: {url: 'gopher://broker/?token=CANARY'}",
		"api url":           "rapt: {api_url: 'https://a:CANARY@api.rapt.io'}",
		"api url, query":    "rapt: {api_url: 'ftp://api.rapt.io/?a=CANARY'}",
		"control character": "rapt: {api_secret: \"CANARY\\u0000\"}",
	} {
		t.Run(name, func(t *testing.T) {
			o := nowhere()
			o.Path = write(t, "c.yaml", strings.ReplaceAll(content, "CANARY", canary))
			cfg, err := Load(o)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), canary)
			cfg.MQTT.URL = redact.URL(cfg.MQTT.URL)
			cfg.RAPT.APIURL = redact.URL(cfg.RAPT.APIURL)
			if name != "url without @" {
				assert.NotContains(t, fmt.Sprintf("%+v", cfg), canary)
			}
		})
	}
}

func TestConfiguredNeedsAnAccountOrABroker(t *testing.T) {
	for _, v := range complete() {
		o := nowhere()
		o.Demo, o.Environ = true, []string{v}
		cfg, err := Load(o)
		require.NoError(t, err)
		assert.True(t, cfg.Configured(), v)
	}
	o := nowhere()
	o.Demo, o.Environ = true, []string{"RAPT_BRIDGE_LOG_LEVEL=debug"}
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.False(t, cfg.Configured())
}

func TestZeroOptionsLookAtTheRealPlaces(t *testing.T) {
	t.Setenv("RAPT_BRIDGE_MQTT_TOPIC_PREFIX", "from/here")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	own, err := os.UserConfigDir()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(own, "rapt-bridge"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(own, "rapt-bridge", FileName), []byte("control: {read_only: true}"), 0o600))
	cfg, err := Load(Options{Demo: true})
	require.NoError(t, err)
	assert.Equal(t, "from/here", cfg.MQTT.TopicPrefix)
	assert.Equal(t, "rapt-bridge-from-here", cfg.MQTT.ClientID)
	assert.True(t, cfg.Control.ReadOnly)
}
