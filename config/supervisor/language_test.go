package supervisor

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/config"
)

func TestLanguageOfHomeAssistant(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(after time.Duration) (int, string, error)
		want   string
		within time.Duration
	}{
		"told":            {func(time.Duration) (int, string, error) { return 200, `{"language":"pt-BR","time_zone":"UTC"}`, nil }, "pt-BR", 0},
		"not up yet":      {func(d time.Duration) (int, string, error) { return upAfter(d, 10*time.Second) }, "de", 17 * time.Second},
		"never up":        {func(time.Duration) (int, string, error) { return 502, "502: Bad Gateway", nil }, "", time.Minute},
		"not allowed":     {func(time.Duration) (int, string, error) { return 401, "401: Unauthorized", nil }, "", 0},
		"an older answer": {func(time.Duration) (int, string, error) { return 200, `{"time_zone":"UTC"}`, nil }, "", 0},
		"not JSON":        {func(time.Duration) (int, string, error) { return 200, `<html>`, nil }, "", 0},
		"another type":    {func(time.Duration) (int, string, error) { return 200, `{"language":["de"]}`, nil }, "", 0},
		"nobody there":    {func(time.Duration) (int, string, error) { return 0, "", errors.New("connection refused") }, "", time.Minute},
		"endless":         {func(time.Duration) (int, string, error) { return 200, string(make([]byte, maxBody+10)), nil }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := Client{Token: config.NewSecret(canary), HTTP: &http.Client{Transport: answers(func(r *http.Request) (int, string, error) {
					assert.Equal(t, "http://supervisor/core/api/config", r.URL.String())
					return c.answer(time.Since(start))
				})}}
				language, err := client.Language(context.Background(), time.Minute)
				assert.Equal(t, c.want, language)
				assert.LessOrEqual(t, time.Since(start), c.within, "on the test's own clock")
				if c.want == "" {
					require.Error(t, err)
					assert.NotContains(t, err.Error(), canary)
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

func upAfter(waited, start time.Duration) (int, string, error) {
	if waited < start {
		return 502, "502: Bad Gateway", nil
	}
	return 200, `{"language":"de"}`, nil
}
