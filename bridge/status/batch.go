package status

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/fermentation"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// Batch is a batch as the status page shows it; nil for none.
func Batch(f batch.Findings, d *fermentation.Document) *web.Batch {
	if f.Batch == nil || d == nil || d.Number == nil {
		return nil
	}
	number := func(v *float64) raptclient.Null[float64] {
		if v == nil {
			return raptclient.Null[float64]{}
		}
		return raptclient.Some(*v)
	}
	moment := func(at *time.Time) time.Time {
		if at == nil {
			return time.Time{}
		}
		return *at
	}
	out := &web.Batch{
		Number: *d.Number, Began: f.Batch.Began, Day: f.Batch.Day, Stage: string(f.Stage),
		OriginalGravity: number(d.Original), Gravity: number(d.Filtered), ExpectedFinalGravity: number(d.ExpectedFinal), ABV: number(d.ABV),
		EarliestEnd: moment(d.EarliestEnd), ExpectedEnd: moment(d.ExpectedEnd), LatestEnd: moment(d.LatestEnd),
		Stuck: f.Stuck, Disturbed: f.Disturbed,
	}
	if d.Name != nil {
		out.Name = *d.Name
	}
	return out
}
