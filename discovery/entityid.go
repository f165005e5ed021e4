package discovery

import (
	"cmp"
	"encoding/json"
	"strings"
)

// UniqueID identifies the entity of a row in Home Assistant, whatever its name and entity id are.
func UniqueID(deviceID, key string) string { return objectID(deviceID) + "_" + key }

// AnnouncedEntityIDs reads the entity ids, by unique id, that the discovery payloads of a bridge of this program give
// to Home Assistant. Payloads of others are passed over, and so is what is no entity id: ids are put into templates.
func AnnouncedEntityIDs(payloads ...[]byte) map[string]string {
	ids := map[string]string{}
	for _, p := range payloads {
		var announced struct {
			Components map[string]struct {
				UniqueID string `json:"uniq_id"`
				EntityID string `json:"def_ent_id"`
				// As earlier versions wrote them.
				FullUniqueID string `json:"unique_id"`
				FullEntityID string `json:"default_entity_id"`
			} `json:"components"`
		}
		if !Own(p) || json.Unmarshal(p, &announced) != nil {
			continue
		}
		for _, c := range announced.Components {
			unique, entity := cmp.Or(c.UniqueID, c.FullUniqueID), cmp.Or(c.EntityID, c.FullEntityID)
			if unique != "" && isEntityID(entity) {
				ids[unique] = entity
			}
		}
	}
	return ids
}

// isEntityID reports whether a text is an entity id as Home Assistant has them.
func isEntityID(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz_"
	platform, name, _ := strings.Cut(text, ".")
	return platform != "" && strings.Trim(platform, letters) == "" && name != "" && strings.Trim(name, letters+"0123456789") == ""
}
