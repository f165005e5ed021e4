package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithoutConfigurationItSaysWhereItLookedAndWhatToBeginWith(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	looked := "Looked for " + filepath.Join(first, FileName) + ", " + filepath.Join(second, FileName) + "; --config names another."
	const demo = "To look around without an account: rapt-bridge demo"
	options := Options{Environ: []string{}, OptionsJSON: os.DevNull, SearchDirs: []string{first, second}}
	_, err := Load(options)
	assert.ErrorContains(t, err, looked)
	assert.ErrorContains(t, err, demo)

	options.Environ = []string{"RAPT_BRIDGE_RAPT_USERNAME=brewer@example.com"}
	_, err = Load(options)
	assert.ErrorContains(t, err, looked, "the file may be somewhere else")
	assert.NotContains(t, err.Error(), demo)

	options.Environ = []string{"SUPERVISOR_TOKEN=x"}
	options.OptionsJSON = filepath.Join(t.TempDir(), "options.json")
	require.NoError(t, os.WriteFile(options.OptionsJSON, []byte(`{"rapt":{"username":""}}`), 0o600))
	_, err = Load(options)
	assert.ErrorContains(t, err, "rapt.username")
	assert.NotContains(t, err.Error(), "Looked for", "an add-on has options")
	assert.NotContains(t, err.Error(), demo)

	options.Environ, options.OptionsJSON = []string{}, os.DevNull
	require.NoError(t, os.WriteFile(filepath.Join(second, FileName), []byte("rapt:\n  usrname: me\n"), 0o600))
	_, err = Load(options)
	assert.ErrorContains(t, err, "Did you mean rapt.username?")
	assert.NotContains(t, err.Error(), "Looked for", "it was found")
	assert.NotContains(t, err.Error(), demo)
}

func TestTheNearestNameIsNotFarAway(t *testing.T) {
	known := []string{"check", "demo", "export", "version"}
	for name, want := range map[string]string{"chekc": "check", "dmo": "demo", "Export": "export", "kegs": "", "x": "", "versions": "version"} {
		assert.Equal(t, want, Nearest(name, known), name)
	}
}
