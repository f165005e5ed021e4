package addon_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestDocumentationHasEveryOptionWithItsDefault(t *testing.T) {
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z_]+)` \\| (.*?) ?\\| ").FindAllStringSubmatch(string(read(t, "DOCS.md")), -1) {
		rows[row[1]] = strings.Trim(row[2], "`")
	}
	m := readManifest(t)
	assert.Len(t, rows, len(options(m)))
	for _, name := range options(m) {
		value, there := rows[name]
		assert.True(t, there, name)
		for _, k := range config.Keys() {
			if k.Name == name && k.Default != "" {
				assert.Equal(t, k.Default, value, name)
			}
		}
	}
}

func TestDocumentationHasEveryEntity(t *testing.T) {
	docs := strings.Join(strings.Fields(string(read(t, "DOCS.md"))), " ")
	for _, family := range append(discovery.Families(), discovery.Bridge) {
		for _, e := range discovery.Entities(family) {
			name := e.Name
			if name == "" { // named like its device or its class
				continue
			}
			if e.Disabled {
				name += " ◌"
			}
			if e.Disabled && strings.HasSuffix(e.Name, "gravity") { // of controllers; a Pill has them enabled
				name = e.Name
			}
			assert.Contains(t, docs, name, "%s of %s", e.Key, family)
		}
	}
}

// Home Assistant shows DOCS.md under an address of its own, so pictures need their full one.
func TestDocumentationsPicturesAreThere(t *testing.T) {
	const prefix = "https://raw.githubusercontent.com/rapt-bridge/rapt-bridge/main/"
	pictures := regexp.MustCompile(`!\[(.*?)\]\((.*?)\)`).FindAllStringSubmatch(string(read(t, "DOCS.md")), -1)
	require.NotEmpty(t, pictures)
	for _, picture := range pictures {
		assert.NotEmpty(t, picture[1], "who can't see it needs a text: %s", picture[2])
		path, ok := strings.CutPrefix(picture[2], prefix)
		assert.True(t, ok, picture[2])
		assert.FileExists(t, filepath.Join("..", path), "make screenshots takes it")
	}
}

func TestDocumentationHasTenSteps(t *testing.T) {
	steps := regexp.MustCompile(`(?m)^\d+\. \*\*`).FindAllString(string(read(t, "DOCS.md")), -1)
	assert.Len(t, steps, 10)
}
