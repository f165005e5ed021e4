package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Language asks Home Assistant, through the Supervisor, for its language: a tag such as de or pt-BR. After a start of the
// whole machine Home Assistant may come up later than this add-on, so it is asked again for at most upTo. An answer that
// will not change, such as that the add-on may not ask, is an error at once.
func (c Client) Language(ctx context.Context, upTo time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, upTo)
	defer cancel()
	return backoff.RetryWithData(func() (string, error) {
		status, body, err := c.get(ctx, "/core/api/config")
		switch {
		case err != nil:
			return "", fmt.Errorf("ask the Supervisor for the language: %w", err)
		case status >= http.StatusInternalServerError: // Home Assistant is not up
			return "", &Error{Status: status}
		}
		var config struct {
			Language string `json:"language"`
		}
		if status != http.StatusOK || len(body) > maxBody || json.Unmarshal(body, &config) != nil || config.Language == "" {
			return "", backoff.Permanent(&Error{Status: status, Message: "no language"})
		}
		return config.Language, nil
	}, backoff.WithContext(newBackoff(), ctx))
}
