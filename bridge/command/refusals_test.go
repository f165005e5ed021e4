package command

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

func TestRefusalsOfADeviceAreSummedUpAfterAMinute(t *testing.T) {
	l := NewRefusals()
	assert.Zero(t, l.Due())
	for i := range 5 {
		assert.Equal(t, i+1, l.Add("still 1", noon.Add(time.Duration(i)*time.Second)))
	}
	assert.Equal(t, 1, l.Add("still 2", noon.Add(30*time.Second)))
	assert.Equal(t, noon.Add(RefusalsApart), l.Due())
	assert.Empty(t, l.Take(l.Due().Add(-1)))
	old := l.Take(l.Due())
	require.Len(t, old, 1)
	assert.Equal(t, "still 1", old[0].Of)
	assert.Equal(t, 4, old[0].More())
	assert.Equal(t, noon.Add(30*time.Second+RefusalsApart), l.Due())
	assert.Equal(t, 1, l.Add("still 1", noon.Add(time.Hour)), "it begins anew")
}

func TestNamesThatSomebodyMakesUpAreBounded(t *testing.T) {
	l := NewRefusals()
	for i := range 10 * refusers {
		l.Add(fmt.Sprint(i), noon)
	}
	old := l.Take(noon.Add(RefusalsApart))
	assert.Len(t, old, refusers+1)
	r := Request{Ref: Ref{Ref: device.Ref{Family: "still", ID: strings.Repeat("x", 1000)}, Key: strings.Repeat("y", 1000)}}
	name, key := r.Shown()
	assert.Less(t, len(name)+len(key), 120)
}
