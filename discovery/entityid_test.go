package discovery

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEntityIDsAreReadFromPayloadsOfEarlierVersionsToo(t *testing.T) {
	assert.Equal(t, map[string]string{"rapt_x_gravity": "sensor.pill_gravity"}, AnnouncedEntityIDs(
		[]byte(`{"origin":{"name":"rapt-bridge"},"components":{"gravity":{"platform":"sensor","unique_id":"rapt_x_gravity","default_entity_id":"sensor.pill_gravity"}}}`)))
	assert.Equal(t, "sensor.brew_shed_gravity", AnnouncedEntityIDs(Config(options, example(Hydrometer)))[UniqueID(id, "gravity")])
	assert.Empty(t, AnnouncedEntityIDs(nil, []byte("{}"), []byte(`{"origin":{"name":"rapt-bridge"},"components":[]}`)))
}

func TestWhatIsNoEntityIDIsPassedOver(t *testing.T) {
	for announced, want := range map[string]bool{
		"sensor.pill_2_gravity": true, "binary_sensor.x": true,
		"": false, "sensor": false, "sensor.": false, ".pill": false, "sensor.Pill": false, "sensor.a.b": false, "sensor.a b": false, "sensor.ä": false,
		"sensor.a') ~ states('person.owner": false, "sensor.a\n": false,
	} {
		payload, err := json.Marshal(map[string]any{
			"origin": map[string]string{"name": "rapt-bridge"}, "components": map[string]any{"x": map[string]string{"uniq_id": "rapt_x", "def_ent_id": announced}},
		})
		require.NoError(t, err)
		assert.Equal(t, want, len(AnnouncedEntityIDs(payload)) == 1, "%q", announced)
	}
}
