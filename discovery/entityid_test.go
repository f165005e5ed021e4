package discovery

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEntityIDsAreReadFromPayloadsOfEarlierVersionsToo(t *testing.T) {
	assert.Equal(t, map[string]string{"rapt_x_gravity": "sensor.pill_gravity"}, AnnouncedEntityIDs(
		[]byte(`{"origin":{"name":"rapt-bridge"},"components":{"gravity":{"platform":"sensor","unique_id":"rapt_x_gravity","default_entity_id":"sensor.pill_gravity"}}}`)))
	assert.Equal(t, "sensor.brew_shed_gravity", AnnouncedEntityIDs(Config(options, example(Hydrometer)))[UniqueID(id, "gravity")])
	assert.Empty(t, AnnouncedEntityIDs(nil, []byte("{}"), []byte(`{"origin":{"name":"rapt-bridge"},"components":[]}`)))
}
