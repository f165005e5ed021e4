package addon_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/config"
)

// notOptions are the keys of the program that the add-on's form does not have, and why.
var notOptions = map[string]string{
	"rapt.api_secret_file":     "the form holds the secret",
	"rapt.api_url":             "for tests",
	"rapt.auth_url":            "for tests",
	"mqtt.password_file":       "the form holds the password",
	"mqtt.cert_file":           "its key would have to be readable for every add-on",
	"mqtt.key_file":            "it would have to be readable for every add-on",
	"homeassistant.discovery":  "an add-on without it shows nothing; and an optional switch that is on by default looks off",
	"homeassistant.url":        "the Supervisor knows it",
	"homeassistant.token":      "the Supervisor gives one",
	"homeassistant.token_file": "the Supervisor gives one",
	"history.enabled":          "an optional switch that is on by default looks off",
	"history.every_reading":    "an optional switch that is on by default looks off",
	"webhook.secret":           "as webhook.listen",
	"webhook.secret_file":      "as webhook.listen",
	"webhook.cert_file":        "as webhook.listen",
	"webhook.key_file":         "as webhook.listen",
	"webhook.listen":           "Home Assistant takes webhooks itself, without an open port: see the blueprint",
	"http.listen":              "the Supervisor's proxy expects the status page at its place",
	"http.hosts":               "the Supervisor's proxy looks at the names",
	"log.format":               "people read the add-on's log",
}

var languages = []string{"de", "en", "es", "fr", "nl", "pt-BR"}

func TestEveryKeyIsAnOptionOrLeftOutForAReason(t *testing.T) {
	var want []string
	for _, k := range config.Keys() {
		if notOptions[k.Name] == "" {
			want = append(want, k.Name)
		}
	}
	assert.ElementsMatch(t, want, options(readManifest(t)))
	for name := range notOptions {
		assert.True(t, slices.ContainsFunc(config.Keys(), func(k config.Key) bool { return k.Name == name }), "%s is no key", name)
	}
}

func TestOptionsHaveEveryGroupAndNoDefaultOfAnOptionalOne(t *testing.T) {
	m := readManifest(t)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(m.Schema)), slices.Collect(maps.Keys(m.Options)),
		"the Supervisor calls a group missing that options doesn't have")
	for group, values := range m.Options {
		for leaf, value := range values {
			kind := m.Schema[group][leaf]
			require.NotEmpty(t, kind, "%s.%s", group, leaf)
			assert.False(t, strings.HasSuffix(kind, "?"), "%s.%s is optional", group, leaf)
			assert.Nil(t, value, "%s.%s has no default in the program", group, leaf)
		}
		for leaf, kind := range m.Schema[group] {
			if !strings.HasSuffix(kind, "?") {
				assert.Contains(t, values, leaf, "%s.%s must be set", group, leaf)
			}
		}
	}
	assert.Equal(t, map[string]any{"username": nil, "api_secret": nil}, m.Options["rapt"], "what a brewer must fill in")
}

func TestSchemaFitsTheProgramsKinds(t *testing.T) {
	m := readManifest(t)
	for _, k := range config.Keys() {
		kind, ok := m.Schema[k.Group()][k.Leaf()]
		if !ok {
			continue
		}
		kind = strings.TrimSuffix(kind, "?")
		t.Run(k.Name, func(t *testing.T) {
			switch {
			case k.Secret:
				assert.Equal(t, "password", kind)
			case k.Kind == config.Boolean:
				assert.Equal(t, "bool", kind)
				assert.Equal(t, "false", k.Default, "an optional switch looks off when it isn't set")
			case k.Kind == config.Choice:
				assert.Equal(t, "list("+strings.Join(k.Choices, "|")+")", kind)
			case k.Kind == config.Integer:
				limits := regexp.MustCompile(`^int\((\d+),(\d+)\)$`).FindStringSubmatch(kind)
				require.NotNil(t, limits, kind)
				assert.Equal(t, k.Min, limits[1])
				assert.LessOrEqual(t, number(t, limits[2]), number(t, k.Max))
				assert.LessOrEqual(t, number(t, k.Default), number(t, limits[2]))
			case k.Kind == config.Duration:
				p := pattern(t, kind)
				for _, good := range []string{"", k.Default, "90s", "1h30m", "1.5h"} {
					assert.True(t, p.MatchString(good), good)
				}
				for _, bad := range []string{"90", "1 minute", "-60s", "60s "} {
					assert.False(t, p.MatchString(bad), bad)
				}
			case k.Kind == config.URL:
				p := pattern(t, kind)
				for _, good := range []string{"", "mqtt://a:1", "mqtts://a", "ws://a/mqtt", "wss://a/mqtt"} {
					assert.True(t, p.MatchString(good), good)
				}
				for _, bad := range []string{"192.168.1.10", "tcp://a", "http://a", "mqtt://"} {
					assert.False(t, p.MatchString(bad), bad)
				}
			case strings.HasPrefix(kind, "match("):
				assert.True(t, pattern(t, kind).MatchString(k.Default))
				assert.False(t, pattern(t, kind).MatchString("a/#"))
			default:
				assert.Equal(t, "str", kind)
			}
		})
	}
}

// The Supervisor gives the options as they stand in the form, cleared fields as empty texts.
func TestTheProgramTakesWhatTheFormGives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "options.json")
	for name, content := range map[string]string{
		"as installed": `{"rapt":{"username":"brewer@example.com","api_secret":"secret"},"mqtt":{},"homeassistant":{},"control":{},"history":{},"log":{}}`,
		"cleared": `{"rapt":{"username":"brewer@example.com","api_secret":"secret","min_poll_interval":"","max_poll_interval":""},
			"mqtt":{"url":"","username":"","password":"","client_id":"","topic_prefix":"","ca_file":""},"homeassistant":{"discovery_prefix":"","language":""},"control":{},"history":{},"log":{}}`,
		"full": `{"rapt":{"username":"brewer@example.com","api_secret":"secret","min_poll_interval":"2m","max_poll_interval":"1h30m","max_requests_per_hour":100},
			"mqtt":{"url":"mqtts://broker","username":"u","password":"p","client_id":"c","topic_prefix":"t","insecure_skip_verify":true},
			"homeassistant":{"discovery_prefix":"ha","language":"de","statistics":"off"},"history":{"days":90},"control":{"read_only":true},"log":{"level":"debug"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, path, content)
			cfg, err := config.Load(config.Options{OptionsJSON: path, SearchDirs: []string{}, Environ: []string{"SUPERVISOR_TOKEN=token"}})
			require.NoError(t, err)
			assert.Equal(t, "brewer@example.com", cfg.RAPT.Username)
			assert.Equal(t, ":8099", cfg.HTTP.Listen, "where the Supervisor's proxy looks for the page")
			assert.Equal(t, name == "full", cfg.Control.ReadOnly)
		})
	}
}

// translation is a file of translations, see the Supervisor's documentation: fields are the keys of a group.
type translation struct {
	Configuration map[string]struct {
		Name        string
		Description string
		Fields      map[string]struct{ Name, Description string }
	}
}

func TestEveryOptionHasANameAndADescriptionInEveryLanguage(t *testing.T) {
	m := readManifest(t)
	files, err := filepath.Glob("translations/*.yaml")
	require.NoError(t, err)
	var found []string
	names := map[string]int{}
	for _, path := range files {
		language := strings.TrimSuffix(filepath.Base(path), ".yaml")
		found = append(found, language)
		t.Run(language, func(t *testing.T) {
			var tr translation
			decoder := yaml.NewDecoder(strings.NewReader(string(read(t, path))))
			decoder.KnownFields(true)
			require.NoError(t, decoder.Decode(&tr))
			var keys []string
			for group, g := range tr.Configuration {
				sentence(t, group, g.Name, g.Description)
				for leaf, f := range g.Fields {
					keys = append(keys, group+"."+leaf)
					sentence(t, group+"."+leaf, f.Name, f.Description)
					names[f.Description]++
				}
			}
			assert.ElementsMatch(t, options(m), keys)
		})
	}
	assert.ElementsMatch(t, languages, found)
	for description, n := range names {
		assert.Equal(t, 1, n, "stands in %d places: %s", n, description)
	}
}

func sentence(t *testing.T, key, name, description string) {
	t.Helper()
	assert.NotEmpty(t, name, key)
	assert.False(t, strings.HasSuffix(name, "."), "%s: a name is no sentence", key)
	assert.True(t, strings.HasSuffix(description, "."), "%s: a description is a sentence", key)
}

func options(m manifest) []string {
	var keys []string
	for group, leaves := range m.Schema {
		for leaf := range leaves {
			keys = append(keys, group+"."+leaf)
		}
	}
	return keys
}

func pattern(t *testing.T, kind string) *regexp.Regexp {
	t.Helper()
	text, ok := strings.CutPrefix(kind, "match(")
	require.True(t, ok, kind)
	p, err := regexp.Compile(strings.TrimSuffix(text, ")"))
	require.NoError(t, err)
	return p
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}
