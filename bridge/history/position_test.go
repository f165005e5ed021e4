package history

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnUnusablePositionIsLeftOut(t *testing.T) {
	for name, payload := range map[string]string{
		"no JSON": `{{{`, "nothing": `{}`, "other types": `{"latest":7}`, "a list": `[]`, "null": `null`,
	} {
		h := New(Options{})
		assert.False(t, h.Restore(pill, []byte(payload), noon), name)
		assert.Nil(t, h.Position(pill), name)
	}
}

func TestAPositionInTheFutureIsNotBelieved(t *testing.T) {
	b := newBrewer(t, Options{}, rowsOf(t, 3*time.Hour, 15*time.Minute))
	require.True(t, b.h.Restore(pill, []byte(`{"latest":"2036-11-22T12:00:00Z","gaps":[{"from":"2036-11-20T12:00:00Z","to":"2036-11-22T12:00:00Z"}]}`), noon))
	assert.Zero(t, b.h.Due(), "nothing is asked for a device that has not been seen")
	b.poll(0, time.Time{}, 0)
	b.poll(1, b.now, 15*time.Minute)
	assert.Len(t, b.stream, 2)
	b.elapse(time.Hour, b.within)
	assert.True(t, b.position().CompleteUntil.Equal(b.rows[1].At))
}

func TestAPositionFromLongAgoAsksForAMonth(t *testing.T) {
	rows := rowsOf(t, 40*24*time.Hour, 15*time.Minute)
	b := newBrewer(t, Options{}, rows)
	require.True(t, b.h.Restore(pill, []byte(`{"latest":"1999-11-22T12:00:00Z"}`), noon))
	b.poll(len(rows)-1, time.Time{}, 15*time.Minute)
	r, ok := b.h.Request(b.now.Add(time.Minute))
	require.True(t, ok)
	assert.False(t, r.From.Before(rows[len(rows)-1].At.AddDate(0, 0, -restoreDays)))
}

func TestAPositionIsClamped(t *testing.T) {
	h := New(Options{})
	gaps := ""
	for i := range 1000 {
		gaps += fmt.Sprintf(`{"from":%q,"to":%q},`, noon.Add(time.Duration(i-2000)*time.Minute).Format(time.RFC3339), noon.Add(time.Duration(i-1999)*time.Minute).Format(time.RFC3339))
	}
	payload := `{"latest":"2026-11-22T11:00:00Z","rows":-5,"backfilled":1000,"gaps":[` + gaps +
		`{"from":"1970-01-01T00:00:00Z","to":"2099-01-01T00:00:00Z"},{"from":"2026-11-22T10:00:00Z","to":"2026-11-22T09:00:00Z"}],"missing":[{"from":"2026-11-22T10:00:00Z","to":"2026-11-22T09:00:00Z"}]}`
	require.True(t, h.Restore(pill, []byte(payload), noon))
	var p position
	require.NoError(t, json.Unmarshal(h.Position(pill), &p))
	assert.Zero(t, p.Rows)
	assert.Empty(t, p.Missing)
	assert.LessOrEqual(t, len(p.Gaps), maxGaps)
	for _, g := range p.Gaps {
		assert.False(t, g.From.Before(p.Latest.AddDate(0, 0, -restoreDays)))
		assert.False(t, g.To.After(p.Latest))
		assert.True(t, g.To.After(g.From))
	}
}
