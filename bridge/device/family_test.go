package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestFamiliesComeInTheOrderOfDiscovery(t *testing.T) {
	var names []discovery.Family
	for _, f := range Families() {
		names = append(names, f.Name)
	}
	assert.Equal(t, discovery.Families(), names)
}

// Keys of documents that no entity shows: they are for automations and Node-RED, or for the climate entity.
var documentOnly = map[string]bool{
	"name": true, "device_type": true, "paired_device_id": true, "control_device_type": true,
	"min_target_temperature": true, "max_target_temperature": true, "hvac_mode": true, "hvac_action": true,
	"profile_step_target": true, "profile_next_step": true, // attributes of the profile
}

func TestDocumentsHoldWhatTheCatalogueShows(t *testing.T) {
	for _, f := range Families() {
		t.Run(string(f.Name), func(t *testing.T) {
			inDocument := map[string]bool{}
			for _, row := range f.Rows {
				key := row.Key
				assert.False(t, inDocument[key], "%s stands twice", key)
				inDocument[key] = true
			}
			shown := map[string]bool{}
			for _, e := range discovery.Entities(f.Name) {
				if e.Document == discovery.BatchDocument {
					continue // of a document of its own
				}
				switch e.Platform {
				case discovery.Climate, discovery.Event, discovery.Button, "":
					continue
				}
				shown[e.DocumentKey()] = true
				assert.True(t, inDocument[e.DocumentKey()], "entity %s has no key in the document", e.Key)
			}
			for key := range inDocument {
				assert.True(t, shown[key] || documentOnly[key], "key %s is in no entity", key)
			}
		})
	}
}

func TestSettersAreTheCommandsOfTheCatalogue(t *testing.T) {
	for _, f := range Families() {
		var set, shown []string
		for _, s := range f.Setters {
			set = append(set, s.Keys...)
		}
		if f.Submit != nil {
			set = append(set, "telemetry")
		}
		for _, e := range discovery.Commands(f.Name) {
			if e.Document == discovery.BatchDocument {
				continue // the cloud is not asked
			}
			shown = append(shown, e.Key)
		}
		assert.ElementsMatch(t, shown, set, f.Name)
	}
	require.NotEmpty(t, discovery.Commands(discovery.BrewZilla))
}
