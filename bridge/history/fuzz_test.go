package history

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// FuzzRestore takes any document that a broker may retain as the position of a device's history. What is made of it is
// bounded, reaches back a month at the most, and is what a second restore finds.
func FuzzRestore(f *testing.F) {
	for _, payload := range []string{
		"", "null", "{}", `{"latest":"2026-11-22T05:00:00Z"}`, `{"latest":"9999-12-31T23:59:59Z","rows":1e300}`,
		`{"latest":"2026-11-22T05:00:00Z","rows":5,"gaps":[{"from":"0001-01-01T00:00:00Z","to":"2026-11-22T05:00:00Z","rows":["2026-11-21T05:00:00Z"],"first":true}],"missing":[{"from":"2026-11-20T05:00:00Z","to":"2026-11-20T06:00:00Z"}]}`,
		`{"latest":"2026-11-22T05:00:00Z","gaps":[{"from":"2026-11-22T04:00:00Z","to":"2026-11-22T03:00:00Z"},{},{"from":"2026-11-21T04:00:00Z","to":"2026-11-22T05:00:00Z"}]}`,
	} {
		f.Add([]byte(payload))
	}
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	ref := device.Ref{Family: discovery.Hydrometer, ID: "a"}
	f.Fuzz(func(t *testing.T, payload []byte) {
		h := New(Options{})
		if !h.Restore(ref, payload, now) {
			return
		}
		tr := h.track(ref)
		assert.LessOrEqual(t, len(tr.gaps), maxGaps)
		assert.LessOrEqual(t, len(tr.missing), maxMissing)
		for i, g := range tr.gaps {
			assert.True(t, g.To.After(g.From))
			assert.False(t, g.To.After(tr.latest))
			assert.LessOrEqual(t, tr.latest.Sub(g.From), restoreDays*24*time.Hour+time.Hour)
			if i > 0 {
				assert.False(t, g.From.Before(tr.gaps[i-1].To))
			}
		}
		again := New(Options{})
		if position := h.Position(ref); assert.True(t, again.Restore(ref, position, now)) {
			assert.Equal(t, string(position), string(again.Position(ref)))
		}
	})
}
