package discovery

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

func TestPayloadsAreAsReviewed(t *testing.T) {
	for _, f := range Families() {
		golden(t, string(f), Config(options, example(f)))
	}
	golden(t, "bridge", BridgeConfig(options))

	readOnly := options
	readOnly.ReadOnly = true
	kettle := example(BrewZilla)
	kettle.HVACMode = "heat"
	golden(t, "brewzilla_read_only", Config(readOnly, kettle))
	golden(t, "bridge_read_only", BridgeConfig(readOnly))
}

// golden compares a payload, indented for its readers, with testdata/<name>.json.
func golden(t *testing.T, name string, payload []byte) {
	t.Run(name, func(t *testing.T) {
		var got bytes.Buffer
		require.NoError(t, json.Indent(&got, payload, "", "  "))
		got.WriteByte('\n')
		file := filepath.Join("testdata", name+".json")
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err, "run the test with -update and read what it writes")
		assert.Equal(t, string(want), got.String())
	})
}
