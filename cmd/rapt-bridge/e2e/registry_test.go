package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// registryEntity is a row of Home Assistant's entity registry, which has disabled entities too.
type registryEntity struct {
	EntityID     string  `json:"entity_id"`
	UniqueID     string  `json:"unique_id"`
	Platform     string  `json:"platform"` // the integration: "mqtt"
	DeviceID     string  `json:"device_id"`
	DisabledBy   *string `json:"disabled_by"`
	Category     *string `json:"entity_category"`
	Name         *string `json:"name"` // the user's
	OriginalName *string `json:"original_name"`
}

// registryDevice is a row of Home Assistant's device registry.
type registryDevice struct {
	ID           string      `json:"id"`
	Name         string      `json:"name"`
	NameByUser   *string     `json:"name_by_user"`
	Identifiers  [][2]string `json:"identifiers"`
	Connections  [][2]string `json:"connections"`
	Manufacturer string      `json:"manufacturer"`
	Model        string      `json:"model"`
	Firmware     *string     `json:"sw_version"`
	SerialNumber *string     `json:"serial_number"`
	ViaDeviceID  *string     `json:"via_device_id"`
}

// command sends one command to Home Assistant's WebSocket interface and decodes its result, unless out is nil. Home Assistant
// ends a connection that is not signed in within ten seconds, which a busy one may take; the command is sent once more then,
// and what only asks after any loss of the connection.
func (h *homeAssistant) command(t testing.TB, kind string, fields map[string]any, out any) {
	t.Helper()
	err := h.tryCommand(kind, fields, out)
	for range 2 {
		lost := err != nil && !strings.HasPrefix(err.Error(), "WebSocket") && !strings.HasSuffix(kind, "/create")
		if lost || websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			err = h.tryCommand(kind, fields, out)
		}
	}
	require.NoError(t, err, kind)
}

// socket is a connection to Home Assistant's WebSocket interface that is signed in.
func (h *homeAssistant) socket() (conn *websocket.Conn, err error) {
	conn, _, err = websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(h.base, "http")+"/api/websocket", nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	var reply struct{ Type string }
	if err = conn.ReadJSON(&reply); err != nil { // auth_required
		return nil, err
	}
	if err = conn.WriteJSON(map[string]string{"type": "auth", "access_token": h.tokens.Access}); err != nil {
		return nil, err
	}
	if err = conn.ReadJSON(&reply); err == nil && reply.Type != "auth_ok" {
		err = errors.New("WebSocket: " + reply.Type)
	}
	return conn, err
}

func (h *homeAssistant) tryCommand(kind string, fields map[string]any, out any) error {
	conn, err := h.socket()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()

	var reply struct {
		Type    string          `json:"type"`
		ID      int             `json:"id"`
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
		Error   struct {
			Code, Message string
		} `json:"error"`
	}
	request := map[string]any{"id": 1, "type": kind}
	for key, value := range fields {
		request[key] = value
	}
	if err := conn.WriteJSON(request); err != nil {
		return err
	}
	for reply.ID != 1 || reply.Type != "result" {
		if err := conn.ReadJSON(&reply); err != nil {
			return err
		}
	}
	if !reply.Success {
		return fmt.Errorf("WebSocket %s: %s: %s", kind, reply.Error.Code, reply.Error.Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(reply.Result, out)
}

// entities are the MQTT integration's rows of the entity registry, by unique id.
func (h *homeAssistant) entities(t testing.TB) map[string]registryEntity {
	t.Helper()
	var rows []registryEntity
	h.command(t, "config/entity_registry/list", nil, &rows)
	entities := make(map[string]registryEntity, len(rows))
	for _, row := range rows {
		if row.Platform == "mqtt" {
			entities[row.UniqueID] = row
		}
	}
	return entities
}

// entityID waits until Home Assistant has taken an MQTT entity up, and returns its entity id.
func (h *homeAssistant) entityID(t testing.TB, uniqueID string) string {
	t.Helper()
	var id string
	within(t, patience, "entity "+uniqueID, func() error {
		row, there := h.entities(t)[uniqueID]
		if !there {
			return errors.New("not in the registry")
		}
		id = row.EntityID
		return nil
	})
	return id
}

// devices are the rows of the device registry, by their MQTT identifier ("rapt_<id>").
func (h *homeAssistant) devices(t testing.TB) map[string]registryDevice {
	t.Helper()
	var rows []registryDevice
	h.command(t, "config/device_registry/list", nil, &rows)
	devices := make(map[string]registryDevice, len(rows))
	for _, row := range rows {
		for _, identifier := range row.Identifiers {
			if identifier[0] == "mqtt" {
				devices[identifier[1]] = row
			}
		}
	}
	return devices
}

// enable switches on the entities that are disabled by default, and reloads the MQTT entry so that they come to life
// at once and not after Home Assistant's half minute.
func (h *homeAssistant) enable(t testing.TB, mqttEntry string) {
	t.Helper()
	enabled := 0
	for _, entity := range h.entities(t) {
		if entity.DisabledBy != nil {
			h.command(t, "config/entity_registry/update", map[string]any{"entity_id": entity.EntityID, "disabled_by": nil}, nil)
			enabled++
		}
	}
	if enabled > 0 {
		h.reload(t, mqttEntry)
	}
}
