package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Options asks for the options of this add-on: the JSON that /data/options.json holds. The Supervisor writes that file for
// root alone (mode 0600), and the program runs as another user; it answers this question to every add-on.
func (c Client) Options(ctx context.Context) ([]byte, error) {
	status, body, err := c.get(ctx, "/addons/self/options/config")
	if err != nil {
		return nil, fmt.Errorf("ask the Supervisor for the options: %w", err)
	}
	var reply struct {
		Result  string          `json:"result"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if len(body) > maxBody {
		return nil, &Error{Status: status, Message: "a reply that is too long"}
	}
	// The decoder's error is left out: it may quote a secret.
	decoded := json.Unmarshal(body, &reply) == nil
	if status != http.StatusOK || (decoded && reply.Result != "ok") {
		return nil, &Error{Status: status, Message: reply.Message}
	}
	if !decoded || len(reply.Data) == 0 || reply.Data[0] != '{' {
		return nil, &Error{Status: status, Message: "a reply that can't be read"}
	}
	return reply.Data, nil
}
