package config

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Options asks for the options of this add-on: the JSON that /data/options.json holds. The Supervisor writes that file for
// root alone (mode 0600), and the program runs as another user; it answers this question to every add-on.
func (s Supervisor) Options(ctx context.Context) ([]byte, error) {
	status, body, err := s.get(ctx, "/addons/self/options/config")
	if err != nil {
		return nil, fmt.Errorf("ask the Supervisor for the options: %w", err)
	}
	var reply struct {
		Result  string          `json:"result"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if len(body) > supervisorMaxBody {
		return nil, &SupervisorError{Status: status, Message: "a reply that is too long"}
	}
	// The decoder's error is left out: it may quote a secret.
	decoded := json.Unmarshal(body, &reply) == nil
	if status != http.StatusOK || (decoded && reply.Result != "ok") {
		return nil, &SupervisorError{Status: status, Message: reply.Message}
	}
	if !decoded || len(reply.Data) == 0 || reply.Data[0] != '{' {
		return nil, &SupervisorError{Status: status, Message: "a reply that can't be read"}
	}
	return reply.Data, nil
}

// get asks the Supervisor one question and gives its status and at most a little more than supervisorMaxBody of its answer.
func (s Supervisor) get(ctx context.Context, path string) (status int, body []byte, err error) {
	base := strings.TrimRight(s.URL, "/")
	if base == "" {
		base = supervisorURL
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Token.Reveal())
	req.Header.Set("Accept", "application/json")
	resp, err := s.client().Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, supervisorMaxBody+1))
	if err != nil {
		return 0, nil, fmt.Errorf("read the answer: %w", err)
	}
	return resp.StatusCode, body, nil
}
