package status

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/fermentation"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
)

func TestAPlanIsShownInTheWallClocksTime(t *testing.T) {
	later := func(at time.Time) time.Time { return at.Add(time.Hour) }
	plan := limit.Plan{At: noon, Why: "the ceiling", Later: []limit.Retry{{Family: "still", At: noon.Add(time.Minute)}}}
	assert.Equal(t, web.Plan{
		At: noon.Add(time.Hour), Why: "the ceiling", Later: []web.LaterList{{Family: discovery.Still, At: noon.Add(time.Hour + time.Minute)}},
	}, Plan(plan, later))
	assert.Zero(t, Plan(limit.Plan{}, later).At, "at once")
}

func TestABatchIsShownOnceThereIsOne(t *testing.T) {
	number, abv := 3, 5.2
	var doc fermentation.Document
	doc.Number, doc.ABV = &number, &abv
	assert.Nil(t, Batch(batch.Findings{}, &doc))
	assert.Nil(t, Batch(batch.Findings{Batch: &batch.Current{}}, nil))
	shown := Batch(batch.Findings{Batch: &batch.Current{Began: noon, Day: 2}, Stage: batch.StageActive}, &doc)
	assert.Equal(t, 3, shown.Number)
	assert.Equal(t, noon, shown.Began)
	assert.Equal(t, 5.2, shown.ABV.V)
	assert.False(t, shown.OriginalGravity.Valid, "what is unknown is not valid")
	assert.Zero(t, shown.ExpectedEnd)
	assert.Empty(t, shown.Name)
}
