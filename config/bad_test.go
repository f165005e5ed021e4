package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadFileGetsExactlyTheseProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			o := nowhere()
			o.Path = path
			_, err := Load(o)
			require.Error(t, err)
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", err.Error()+"\n")
			assert.NotContains(t, err.Error(), "hunter")
			var problems *Problems
			require.ErrorAs(t, err, &problems)
			for _, p := range problems.All {
				assert.NotEmpty(t, p.Problem)
				assert.NotEmpty(t, p.Do, "every problem says what to do: %s", p.Key)
			}
		})
	}
}
