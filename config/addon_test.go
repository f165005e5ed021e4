package config

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionsAreAskedForWhereTheFileIsForRootAlone(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read every file; the tests of the image run as another user")
	}
	unreadable := func(t *testing.T) Options {
		o := nowhere()
		o.Environ = []string{"SUPERVISOR_TOKEN=token"}
		o.OptionsJSON = write(t, "options.json", `{}`)
		require.NoError(t, os.Chmod(o.OptionsJSON, 0))
		return o
	}
	t.Run("answered", func(t *testing.T) {
		o := unreadable(t)
		o.ReadOptions = func() ([]byte, error) {
			return []byte(`{"rapt":{"username":"brewer@example.com","api_secret":"` + canary + `","min_poll_interval":""},"mqtt":{}}`), nil
		}
		cfg, err := Load(o)
		require.NoError(t, err)
		assert.Equal(t, "brewer@example.com", cfg.RAPT.Username)
		assert.Equal(t, canary, cfg.RAPT.APISecret.Reveal())
		assert.Equal(t, o.OptionsJSON, cfg.Sources["rapt.username"])
	})
	t.Run("refused", func(t *testing.T) {
		o := unreadable(t)
		o.ReadOptions = func() ([]byte, error) { return nil, errors.New("the Supervisor answered 500") }
		_, err := Load(o)
		require.ErrorContains(t, err, "asking for the options failed: the Supervisor answered 500")
		assert.NotContains(t, err.Error(), "is not set", "the account is probably there")
	})
	t.Run("nobody to ask", func(t *testing.T) {
		_, err := Load(unreadable(t))
		require.ErrorContains(t, err, "permission denied")
	})
}
