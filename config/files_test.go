package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASecretsFileIsItsOwnersAlone(t *testing.T) {
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o644: true, 0o602: true} {
		o := nowhere()
		path := write(t, "secret", canary+"\n")
		require.NoError(t, os.Chmod(path, mode))
		o.Environ = append(complete(), "RAPT_BRIDGE_MQTT_USERNAME=bridge", "RAPT_BRIDGE_MQTT_PASSWORD_FILE="+path)
		cfg, err := Load(o)
		require.NoError(t, err)
		assert.Equal(t, canary, cfg.MQTT.Password.Reveal())
		if warned {
			require.Len(t, cfg.Warnings, 1, "%o", mode)
			assert.Contains(t, cfg.Warnings[0], "chmod 600")
			assert.NotContains(t, cfg.Warnings[0], canary)
		} else {
			assert.Empty(t, cfg.Warnings, "%o", mode)
		}
	}
}

func TestAConfigurationFileWithSecretsIsItsOwnersAlone(t *testing.T) {
	const account = "rapt:\n  username: brewer@example.com\n"
	for text, warned := range map[string]string{
		account + "  api_secret: " + canary + "\n":                                                        "rapt.api_secret",
		account + "  api_secret: " + canary + "\nmqtt:\n  username: bridge\n  password: " + canary + "\n": "rapt.api_secret",
		account + "mqtt:\n  url: mqtt://bridge:" + canary + "@broker\n":                                   "mqtt.password",
		account:                             "",
		account + "mqtt:\n  password: ''\n": "",
	} {
		for _, mode := range []os.FileMode{0o600, 0o640, 0o644} {
			o := nowhere()
			o.Path = write(t, FileName, text)
			require.NoError(t, os.Chmod(o.Path, mode))
			o.Environ = []string{"RAPT_BRIDGE_RAPT_API_SECRET=abc", "RAPT_BRIDGE_MQTT_URL=mqtt://broker"}
			if warned != "" {
				o.Environ = []string{"RAPT_BRIDGE_HTTP_LISTEN="}
			}
			o.Demo = true // account and broker may be missing
			cfg, err := Load(o)
			require.NoError(t, err)
			if warned == "" || mode == 0o600 {
				assert.Empty(t, cfg.Warnings, "%o %s", mode, text)
				continue
			}
			require.Len(t, cfg.Warnings, 1, "once: %o %s", mode, text)
			assert.Contains(t, cfg.Warnings[0], warned+": other users of this computer can read or write "+o.Path)
			assert.NotContains(t, cfg.Warnings[0], canary)
		}
	}
	o := nowhere()
	o.Path = write(t, FileName, account+"  api_secret: "+canary+"\n")
	require.NoError(t, os.Chmod(o.Path, 0o644))
	o.Environ = complete()
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Empty(t, cfg.Warnings, "the secret in use comes from elsewhere")
}

func TestTheKeyOfACertificateIsItsOwnersAlone(t *testing.T) {
	for _, key := range []string{"MQTT", "WEBHOOK"} {
		text, private := pair(t)
		cert, secret := write(t, "cert.pem", text), write(t, "key.pem", private)
		o := nowhere()
		o.Environ = append(complete(), "RAPT_BRIDGE_MQTT_URL=mqtts://broker", "RAPT_BRIDGE_"+key+"_CERT_FILE="+cert, "RAPT_BRIDGE_"+key+"_KEY_FILE="+secret)
		require.NoError(t, os.Chmod(cert, 0o644), "a certificate is no secret")
		cfg, err := Load(o)
		require.NoError(t, err)
		assert.Empty(t, cfg.Warnings)
		require.NoError(t, os.Chmod(secret, 0o644))
		cfg, err = Load(o)
		require.NoError(t, err)
		require.Len(t, cfg.Warnings, 1)
		assert.Contains(t, cfg.Warnings[0], strings.ToLower(key)+".key_file: other users")
	}
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600)) // nobody writes into it: to open it would wait without end
	for _, path := range []string{pipe, t.TempDir(), os.DevNull} {
		o := nowhere()
		o.Environ, o.Path = complete(), path
		_, err := Load(o)
		require.ErrorContains(t, err, "is not a regular file", path)

		o = nowhere()
		o.Environ = append(complete(), "RAPT_BRIDGE_MQTT_PASSWORD_FILE="+path)
		_, err = Load(o)
		require.ErrorContains(t, err, "not a regular file", path)
	}
	o := nowhere()
	link := filepath.Join(t.TempDir(), "link") // as a secret is mounted in Kubernetes
	require.NoError(t, os.Symlink(write(t, "secret", canary), link))
	o.Environ = append(complete(), "RAPT_BRIDGE_MQTT_USERNAME=bridge", "RAPT_BRIDGE_MQTT_PASSWORD_FILE="+link)
	_, err := Load(o)
	require.NoError(t, err)
}

func TestSecretsAreNoFlags(t *testing.T) {
	flags := pflag.NewFlagSet("rapt-bridge", pflag.ContinueOnError)
	AddFlags(flags)
	for arg, file := range map[string]string{
		"--rapt-api-secret=" + canary: "set RAPT_BRIDGE_RAPT_API_SECRET, or name a file with --rapt-api-secret-file",
		"--mqtt-password":             "--mqtt-password-file",
		"--api-secret=" + canary:      "--rapt-api-secret-file",
		"--password=" + canary:        "--mqtt-password-file",
		"--token":                     "--homeassistant-token-file",
		"--rapt-api-secert=" + canary: "--rapt-api-secret-file",
		"--secret":                    "--rapt-api-secret-file; or set RAPT_BRIDGE_WEBHOOK_SECRET, or name a file with --webhook-secret-file",
	} {
		err := FlagError(flags.Parse([]string{arg}), flags)
		name, _, _ := strings.Cut(arg, "=")
		require.ErrorContains(t, err, name+" is no flag, because every user of this computer could see the secret: set RAPT_BRIDGE_")
		assert.True(t, strings.HasSuffix(err.Error(), file), err.Error())
		assert.NotContains(t, err.Error(), canary)
	}

	o := nowhere()
	o.Environ = complete()
	o.Flags = parsed(t, "--mqtt-url=mqtt://bridge:"+canary+"@broker")
	_, err := Load(o)
	require.ErrorContains(t, err, "mqtt.password_file")
	assert.NotContains(t, err.Error(), canary)
}

func TestAnUnknownFlagGetsWhatItMayMean(t *testing.T) {
	flags := pflag.NewFlagSet("rapt-bridge", pflag.ContinueOnError)
	AddFlags(flags)
	for arg, want := range map[string]string{
		"--read-only":     "did you mean --control-read-only?",
		"--language":      "did you mean --homeassistant-language?",
		"--username":      "did you mean --mqtt-username or --rapt-username?",
		"--url":           "did you mean --homeassistant-url, --mqtt-url, --rapt-api-url or --rapt-auth-url?",
		"--poll-interval": "did you mean --rapt-max-poll-interval or --rapt-min-poll-interval?",
		"--password-file": "did you mean --mqtt-password-file?",
		"--mqtt-ulr":      "did you mean --mqtt-url?",
		"--file":          "--help lists the known ones", // there are many
		"--broker":        "--help lists the known ones",
		"-q":              "--help lists the known ones",
	} {
		err := FlagError(flags.Parse([]string{arg, "x"}), flags)
		require.ErrorContains(t, err, "unknown ")
		assert.True(t, strings.HasSuffix(err.Error(), "; "+want), err.Error())
	}
}

func TestHostsAreNames(t *testing.T) {
	o := nowhere()
	o.Environ = append(complete(), "RAPT_BRIDGE_HTTP_HOSTS=brewery.lan, nas,")
	cfg, err := Load(o)
	require.NoError(t, err)
	assert.Equal(t, "brewery.lan, nas,", cfg.HTTP.Hosts)
	o.Environ = append(complete(), "RAPT_BRIDGE_HTTP_HOSTS=http://brewery.lan/")
	_, err = Load(o)
	require.ErrorContains(t, err, "no host name")
}
