package dashboard

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// Every text that a reader sees is in the dashboard's language, but for the names of devices; everything else is the same.
func TestEveryTextIsInTheDashboardsLanguage(t *testing.T) {
	var english any
	require.NoError(t, yaml.Unmarshal(YAML(Options{Paired: paired()}, demo()), &english))
	var names []string
	for _, d := range demo() {
		names = append(names, discovery.DeviceName(d))
	}
	names = append(names, discovery.Bridge.Model())
	for _, language := range discovery.Languages() {
		var other any
		require.NoError(t, yaml.Unmarshal(YAML(Options{Options: discovery.Options{Language: language}, Paired: paired()}, demo()), &other))
		compare(t, language, names, "", english, other)
	}
}

// compare walks through two documents of the same shape.
func compare(t *testing.T, language string, names []string, key string, english, other any) {
	t.Helper()
	switch e := english.(type) {
	case map[string]any:
		o, same := other.(map[string]any)
		require.True(t, same && len(e) == len(o), key)
		for child := range e {
			compare(t, language, names, child, e[child], o[child])
		}
	case []any:
		o, same := other.([]any)
		require.True(t, same && len(e) == len(o), key)
		for i := range e {
			compare(t, language, names, key, e[i], o[i])
		}
	case string:
		if key == "content" {
			assert.Equal(t, language == discovery.English, english == other, language)
			return
		}
		if !slices.Contains([]string{"title", "heading", "name"}, key) || slices.Contains(names, e) {
			assert.Equal(t, english, other, key)
			return
		}
		for _, name := range names { // a device's name before the entity's
			if rest, ok := strings.CutPrefix(e, name+" "); ok {
				assert.Equal(t, name+" "+discovery.Translate(language, upper(rest)), upperAfter(other.(string), name+" "))
				return
			}
		}
		text, there := discovery.Translation(language, e)
		assert.True(t, there || language == discovery.English, "%s: %q", language, e)
		assert.Equal(t, discovery.Translate(language, e), other, text)
	default:
		assert.Equal(t, english, other, key)
	}
}

// upper is a name at the beginning of a sentence.
func upper(name string) string { return string(name[0]&^0x20) + name[1:] }

func upperAfter(s, prefix string) string {
	rest, _ := strings.CutPrefix(s, prefix)
	return prefix + upper(rest)
}
