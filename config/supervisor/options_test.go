package supervisor

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
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
		"endless":   {200, `{"result":"ok","data":{}}` + strings.Repeat(" ", maxBody), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/addons/self/options/config", r.URL.Path)
				assert.Equal(t, "Bearer token-of-the-add-on", r.Header.Get("Authorization"))
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			got, err := Client{URL: server.URL, Token: config.NewSecret("token-of-the-add-on")}.Options(t.Context())
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
