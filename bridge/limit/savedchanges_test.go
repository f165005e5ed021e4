package limit

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// restarted is a gate that takes over what another one saved at a time, and starts so much later.
func restarted(t *testing.T, g *Gate, at time.Time, after time.Duration) *Gate {
	t.Helper()
	saved := reloaded(t, key.Sign(g.Save(at, at)))
	next := g.Anew(NewRequestLog(240, requestsPerMinute))
	require.NoError(t, key.Check(saved))
	next.Restore(saved, at.Add(after), at.Add(after))
	return next
}

func TestChangesCountOverRestarts(t *testing.T) {
	g, now := open(240), noon
	var made []time.Time
	for range 3 * 60 {
		for range 5 {
			if g.Refusal(now, ForCommand, "kettle/pump", time.Time{}) == nil {
				g.Changes.Record(now, "kettle/pump")
				made = append(made, now)
			}
			now = now.Add(4 * time.Second)
		}
		g = restarted(t, g, now, 40*time.Second) // in a crash loop, again and again
		now = now.Add(40 * time.Second)
	}
	assert.Equal(t, 30, mostIn(made, burst))
	assert.Equal(t, 60, mostIn(made, time.Hour))
	assert.GreaterOrEqual(t, len(made), 3*60-1, "and no longer than that")
	assert.NoError(t, g.Refusal(now, ForOff, "kettle/pump", time.Time{}))
	assert.NoError(t, g.Refusal(now, ForCommand, "kettle/heating", time.Time{}))
	doc, _ := json.Marshal(restarted(t, g, now, 2*time.Hour).Save(now.Add(2*time.Hour), now.Add(2*time.Hour)))
	assert.NotContains(t, string(doc), "changes")
}

func TestOfTooManyChangesTheMostFrequentAreSaved(t *testing.T) {
	g := open(240)
	for i := range 2000 {
		g.Changes.Record(noon, fmt.Sprint(i))
	}
	for i := range 100 {
		g.Changes.Record(noon.Add(time.Duration(i)*time.Second), "kettle/pump")
	}
	now := noon.Add(100 * time.Second)
	saved := g.Save(now, now)
	doc, err := json.Marshal(saved.Changes)
	require.NoError(t, err)
	assert.Less(t, len(doc), 6000)
	assert.Equal(t, 1, saved.Changes[short("kettle/pump")][59], "the newest, of which there are as many as may be made")
	assert.Len(t, saved.Changes[short("kettle/pump")], 60)
	assert.Error(t, restarted(t, g, now, time.Minute).Refusal(now.Add(time.Minute), ForCommand, "kettle/pump", time.Time{}))
}

func TestAProgramBesideKeepsTheChanges(t *testing.T) {
	g := open(240)
	g.Changes.Record(noon, "kettle/pump")
	earlier := g.Save(noon.Add(time.Minute), noon.Add(time.Minute))
	later := NewRequestLog(240, requestsPerMinute).Save(noon.Add(5*time.Minute), noon.Add(5*time.Minute))
	later.KeepChanges(earlier)
	assert.Equal(t, SavedChanges{short("kettle/pump"): {300}}, later.Changes)
	later.KeepChanges(SavedLog{})
	assert.Empty(t, later.Changes)
}
