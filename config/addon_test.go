package config

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSupervisorGivesTheOptionsThatTheFileHas(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		body, err string
	}{
		"options":   {200, `{"result":"ok","data":{"rapt":{"api_secret":"` + canary + `"}}}`, ""},
		"invalid":   {400, `{"result":"error","message":"Invalid configuration data for the add-on"}`, "Invalid configuration data"},
		"forbidden": {403, `403: Forbidden`, "refuses this add-on"},
		"no data":   {200, `{"result":"ok"}`, "can't be read"},
		"a list":    {200, `{"result":"ok","data":["` + canary + `"]}`, "can't be read"},
		"not JSON":  {200, `<html>` + canary, "can't be read"},
		"endless":   {200, `{"result":"ok","data":{}}` + strings.Repeat(" ", supervisorMaxBody), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/addons/self/options/config", r.URL.Path)
				assert.Equal(t, "Bearer token-of-the-add-on", r.Header.Get("Authorization"))
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			got, err := Supervisor{URL: server.URL, Token: NewSecret("token-of-the-add-on")}.Options(t.Context())
			if c.err == "" {
				require.NoError(t, err)
				assert.JSONEq(t, `{"rapt":{"api_secret":"`+canary+`"}}`, string(got))
				return
			}
			require.ErrorContains(t, err, c.err)
			assert.NotContains(t, err.Error(), canary)
		})
	}
}

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
