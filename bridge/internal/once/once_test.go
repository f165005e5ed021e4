package once

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachIsTheFirstOnce(t *testing.T) {
	s := New()
	assert.True(t, s.First("a"))
	assert.False(t, s.First("a"))
	assert.True(t, s.First("b"))
	s.Clear()
	assert.True(t, s.First("a"))
}

func TestWhatIsRememberedIsBoundedInBytes(t *testing.T) {
	s := New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	first := 0
	for i := range 5000 {
		if s.First(strings.Repeat("x", 60_000) + strconv.Itoa(i)) {
			first++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Equal(t, most, first)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(200_000))
	runtime.KeepAlive(s)
}
