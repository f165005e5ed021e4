package discovery

import "encoding/json"

// UniqueID identifies the entity of a row in Home Assistant, whatever its name and entity id are.
func UniqueID(deviceID, key string) string { return objectID(deviceID) + "_" + key }

// AnnouncedEntityIDs reads the entity ids, by unique id, that the discovery payloads of a bridge of this program give
// to Home Assistant. Payloads of others are passed over.
func AnnouncedEntityIDs(payloads ...[]byte) map[string]string {
	ids := map[string]string{}
	for _, p := range payloads {
		var announced struct {
			Components map[string]struct {
				UniqueID        string `json:"unique_id"`
				DefaultEntityID string `json:"default_entity_id"`
			} `json:"components"`
		}
		if !Own(p) || json.Unmarshal(p, &announced) != nil {
			continue
		}
		for _, c := range announced.Components {
			if c.UniqueID != "" && c.DefaultEntityID != "" {
				ids[c.UniqueID] = c.DefaultEntityID
			}
		}
	}
	return ids
}
