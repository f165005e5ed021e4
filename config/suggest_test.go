package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDistanceCountsEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"url", "url", 0}, {"", "url", 3}, {"ur", "url", 1}, {"uurl", "url", 1}, {"uxl", "url", 1},
		{"secert", "secret", 1}, {"kitten", "sitting", 3}, {"größe", "grösse", 2}, {"ab", "ba", 1},
	} {
		assert.Equal(t, c.want, distance(c.a, c.b), "%s %s", c.a, c.b)
		assert.Equal(t, c.want, distance(c.b, c.a), "%s %s", c.b, c.a)
	}
}

func TestSuggestionIsTheNearestKnownName(t *testing.T) {
	var known []string
	for _, k := range Keys() {
		known = append(known, k.Name)
	}
	for name, want := range map[string]string{
		"mqtt.ulr":             "Did you mean mqtt.url?",
		"mqtt.prefix":          "Did you mean mqtt.topic_prefix?",
		"MQTT.URL":             "Did you mean mqtt.url?",
		"http.read_only":       "Did you mean control.read_only?",
		"discovery":            "Did you mean homeassistant.discovery?",
		"rapt.min_interval":    "Did you mean rapt.min_poll_interval?",
		"rapt.poll_interval":   "Did you mean rapt.min_poll_interval?",
		"log.something":        "Known in log are level, format.",
		"nothing.like.it.here": "Remove it; rapt-bridge --help lists the known ones.",
	} {
		assert.Equal(t, want, suggest("", name, known), name)
	}
}
