package addon_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manifest is config.yaml as far as the tests look at it.
type manifest struct {
	Version string                       `yaml:"version"`
	Slug    string                       `yaml:"slug"`
	Image   string                       `yaml:"image"`
	Arch    []string                     `yaml:"arch"`
	Map     []map[string]any             `yaml:"map"`
	Options map[string]map[string]any    `yaml:"options"`
	Schema  map[string]map[string]string `yaml:"schema"`
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	var m manifest
	require.NoError(t, yaml.Unmarshal(read(t, "config.yaml"), &m))
	return m
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}
