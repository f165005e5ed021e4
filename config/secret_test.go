package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const canary = "hunter2canary"

func TestSecretPrintsRedactedByEveryVerb(t *testing.T) {
	type holder struct{ secret Secret }
	s := NewSecret(canary)
	hex := fmt.Sprintf("%x", canary)
	for verb := rune('A'); verb <= 'z'; verb++ {
		if !unicode.IsLetter(verb) {
			continue
		}
		for _, flags := range []string{"", "+", "#", "-20", "020", " ", ".3"} {
			format := "%" + flags + string(verb)
			if !strings.ContainsRune("Tpw", verb) { // fmt asks no method for the type and the pointer, and %w is for errors
				assert.Equal(t, "REDACTED", fmt.Sprintf(format, s), format)
			}
			for _, v := range []any{s, &s, []Secret{s}, map[string]Secret{"a": s}, struct{ S Secret }{s}, holder{s}, &holder{s}} {
				got := fmt.Sprintf(format, v)
				assert.NotContains(t, got, canary, format)
				assert.NotContains(t, strings.ToLower(got), hex, format)
			}
		}
	}
	assert.Equal(t, "REDACTED", s.GoString())
}

func TestSecretIsRedactedWhereverItIsEncoded(t *testing.T) {
	var cfg Config
	cfg.RAPT.APISecret, cfg.MQTT.Password = NewSecret(canary), NewSecret(canary)
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("configuration", "secret", cfg.RAPT.APISecret, "config", cfg, "pointer", &cfg.MQTT)
	}
	asJSON, err := json.Marshal(cfg)
	require.NoError(t, err)
	asYAML, err := yaml.Marshal(cfg)
	require.NoError(t, err)
	asXML, err := xml.Marshal(cfg.RAPT.APISecret)
	require.NoError(t, err)
	for name, got := range map[string]string{
		"slog": log.String(), "json": string(asJSON), "yaml": string(asYAML), "xml": string(asXML),
		"errorf": fmt.Errorf("sign in with %v: %w", cfg, fmt.Errorf("%s", cfg.RAPT.APISecret)).Error(),
	} {
		assert.Contains(t, got, "REDACTED", name)
		assert.NotContains(t, got, canary, name)
	}
}

func TestSecretRevealsItselfOnlyWhenAsked(t *testing.T) {
	var empty Secret
	assert.True(t, empty.Empty())
	assert.Equal(t, empty, NewSecret(""))
	assert.Empty(t, empty.Reveal())
	assert.Empty(t, empty.String())
	assert.Empty(t, fmt.Sprintf("%v%s%q", empty, empty, empty))
	got, err := json.Marshal(empty)
	require.NoError(t, err)
	assert.Equal(t, `""`, string(got))

	s := NewSecret(canary)
	assert.False(t, s.Empty())
	assert.Equal(t, canary, s.Reveal())
	assert.True(t, s == NewSecret(canary), "equal texts are equal secrets")
	assert.False(t, s == NewSecret("other"))
	require.NoError(t, s.UnmarshalText([]byte("other")))
	assert.Equal(t, "other", s.Reveal())
}
