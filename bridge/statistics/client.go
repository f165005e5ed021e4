package statistics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	connectTimeout = 15 * time.Second
	answerTimeout  = 60 * time.Second
	maxMessage     = 64 << 20 // the registry of a large home has some megabytes
)

// client is one connection to Home Assistant, signed in. Its commands are answered one after the other.
type client struct {
	conn *websocket.Conn
	last int // id of a command
}

// message is what Home Assistant sends.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Message string          `json:"message"`
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"`
	Error   *commandError   `json:"error"`
}

// commandError is why Home Assistant didn't carry a command out.
type commandError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *commandError) Error() string { return e.Code + ": " + e.Message }

var errToken = errors.New("the token is refused; make a new one in Home Assistant, on the page of an administrator under Security")

// connect opens a connection and signs in.
func connect(ctx context.Context, url, token string) (*client, error) {
	dialer := websocket.Dialer{
		HandshakeTimeout: connectTimeout, NetDialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext,
	}
	conn, resp, err := dialer.DialContext(ctx, url, http.Header{})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("the answer of Home Assistant is %s", resp.Status)
		}
		return nil, fmt.Errorf("no connection to Home Assistant: %w", err)
	}
	conn.SetReadLimit(maxMessage)
	c := &client{conn: conn}
	if err := c.signIn(token); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *client) signIn(token string) error {
	for {
		m, err := c.read()
		if err != nil {
			return err
		}
		switch m.Type {
		case "auth_required":
			if err := c.conn.WriteJSON(map[string]string{"type": "auth", "access_token": token}); err != nil {
				return fmt.Errorf("sign in to Home Assistant: %w", err)
			}
		case "auth_ok":
			return nil
		case "auth_invalid":
			return errToken
		default:
			return fmt.Errorf("the sign-in to Home Assistant was answered with %q", m.Type)
		}
	}
}

func (c *client) read() (message, error) {
	var m message
	_ = c.conn.SetReadDeadline(time.Now().Add(answerTimeout))
	if err := c.conn.ReadJSON(&m); err != nil {
		return m, fmt.Errorf("no answer from Home Assistant: %w", err)
	}
	return m, nil
}

// command has a command carried out and reads its result into out, unless that is nil.
func (c *client) command(ctx context.Context, kind string, fields map[string]any, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.last++
	request := map[string]any{"id": c.last, "type": kind}
	for name, value := range fields {
		request[name] = value
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err := c.conn.WriteJSON(request); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	for {
		m, err := c.read()
		switch {
		case err != nil:
			return err
		case m.ID != c.last || m.Type != "result":
		case !m.Success && m.Error != nil:
			return fmt.Errorf("%s: %w", kind, m.Error)
		case !m.Success:
			return fmt.Errorf("%s: refused", kind)
		case out == nil:
			return nil
		default:
			return json.Unmarshal(m.Result, out)
		}
	}
}

func (c *client) close() { _ = c.conn.Close() }
