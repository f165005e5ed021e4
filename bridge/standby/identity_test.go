package standby

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryProcessIsAnInstanceOfItsOwn(t *testing.T) {
	one, other := NewIdentity("a"), NewIdentity("a")
	assert.NotEqual(t, one.Instance, other.Instance)
	assert.Len(t, one.Instance, 16)
	assert.False(t, one.Foreign(other.Account))
	assert.False(t, one.Foreign(""), "an older version's state doesn't say")
	assert.True(t, one.Foreign("b"))
}
