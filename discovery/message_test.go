package discovery

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// abbreviations are those of Home Assistant's MQTT integration that payloads use, from its abbreviations.py.
var abbreviations = map[string]string{
	"avty": "availability", "stat_t": "state_topic", "p": "platform", "uniq_id": "unique_id", "def_ent_id": "default_entity_id", "dev_cla": "device_class", "unit_of_meas": "unit_of_measurement",
	"stat_cla": "state_class", "ops": "options", "evt_typ": "event_types", "sug_dsp_prc": "suggested_display_precision", "ent_cat": "entity_category",
	"ic": "icon", "en": "enabled_by_default", "val_tpl": "value_template", "json_attr_t": "json_attributes_topic", "json_attr_tpl": "json_attributes_template",
	"cmd_t": "command_topic", "cmd_tpl": "command_template", "pl_prs": "payload_press", "mode_stat_t": "mode_state_topic", "mode_stat_tpl": "mode_state_template",
	"mode_cmd_t": "mode_command_topic", "act_t": "action_topic", "act_tpl": "action_template", "curr_temp_t": "current_temperature_topic",
	"curr_temp_tpl": "current_temperature_template", "temp_stat_t": "temperature_state_topic", "temp_stat_tpl": "temperature_state_template",
	"temp_cmd_t": "temperature_command_topic", "temp_cmd_tpl": "temperature_command_template", "temp_unit": "temperature_unit", "t": "topic",
}

// message is a payload as Home Assistant reads it.
type message struct {
	Device           map[string]any            `json:"device"`
	Origin           map[string]any            `json:"origin"`
	Components       map[string]map[string]any `json:"components"`
	Availability     []map[string]any          `json:"availability"`
	AvailabilityMode string                    `json:"availability_mode"`
	StateTopic       string                    `json:"state_topic"`
}

func parse(t *testing.T, payload []byte) message {
	t.Helper()
	var m message
	full, err := json.Marshal(expanded(t, payload))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(full, &m))
	return m
}

// expanded is a payload with the full names of its keys.
func expanded(t *testing.T, payload []byte) map[string]any {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(payload, &root))
	components := root["components"].(map[string]any)
	for id, c := range components {
		components[id] = renamed(c.(map[string]any), abbreviations)
	}
	for _, object := range append([]any{root}, values(components)...) {
		list, _ := object.(map[string]any)["availability"].([]any)
		for i := range list {
			list[i] = renamed(list[i].(map[string]any), abbreviations)
		}
	}
	return root
}

func renamed(object map[string]any, names map[string]string) map[string]any {
	out := make(map[string]any, len(object))
	for key, value := range object {
		if full, abbreviated := names[key]; abbreviated {
			key = full
		}
		out[key] = value
	}
	return out
}

func values(object map[string]any) []any {
	var out []any
	for _, value := range object {
		out = append(out, value)
	}
	return out
}
