// Package discovery decides what Home Assistant sees of RAPT devices: the MQTT topics, the catalogue of entities, and
// the discovery payloads made from it.
//
// The catalogue (catalogue.go and its themes) is the one place where an entity's platform, unit, class, category and
// limits are written down. A row's key is at once the member of the state document, the suffix of the unique id and
// the segment of the command topic. The set of entities of a family is fixed: it does not depend on what a device
// happens to report, because Home Assistant forgets a user's changes to an entity that goes away.
//
// The package makes bytes from facts. It must not know HTTP, YAML, the RAPT client, the MQTT client, or the state of a
// device beyond what its payload tells. The dashboard, which is YAML, is in package dashboard.
package discovery
