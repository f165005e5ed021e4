package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUUID(t *testing.T) {
	const id = "c2a9d3f4-0b1e-4f57-8a63-5d7e9b1c0a01"
	for s, want := range map[string]string{
		id: id, strings.ToUpper(id): id,
		"": "", id + "0": "", id[1:]: "", "{" + id[1:35] + "}": "", strings.Replace(id, "-", "0", 1): "", strings.Replace(id, "a", "g", 1): "",
		"00000000-0000-0000-0000-000000000000": "",
	} {
		got, ok := UUID(s)
		assert.Equal(t, want != "", ok, s)
		if ok {
			assert.Equal(t, want, got)
		}
	}
}
