package bridge

import (
	"math"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// The measured reporting, see [raptsim.Measured]: how long a device is awake for a report, and on the average.
const (
	awakeMost = 11500 * time.Millisecond
	awakeMean = 6800 * time.Millisecond
)

// aimed is how many requests per new reading a family with one device may cost.
const aimed = 1.15

// inTurn is how many intervals a report came after another one that it is predicted from; 0 for a report out of turn.
func inTurn(every time.Duration, from, report raptsim.Report) int {
	step := report.At.Sub(from.At)
	n := int(step / every)
	if n == 0 || step-time.Duration(n)*every > time.Duration(n)*awakeMost {
		return 0
	}
	return n
}

// visible are the reports that became visible in that time.
func visible(reports []raptsim.Report, from, to time.Time) []raptsim.Report {
	return slices.DeleteFunc(reports, func(r raptsim.Report) bool { return r.VisibleAt.Before(from) || r.VisibleAt.After(to) })
}

// bound is what a policy reaches on a device's reports that knows more than any real one: how long the device sleeps, which
// moment after its sleep is the best to ask on these very days, that a rhythm has begun anew as soon as it sees the report
// which began it, and after one request in vain that a report was lost. It doesn't know the future: neither when within its
// seconds the next report comes nor that one comes out of turn, which it finds with its next request.
func bound(every time.Duration, days [][]raptsim.Report) (best quality) {
	for after := time.Duration(0); after < 30*time.Second; after += 250 * time.Millisecond {
		q := newQuality("at best", 0)
		for _, reports := range days {
			q.askAfter(every, after, reports)
		}
		if float64(q.requests) <= aimed*float64(len(q.all)) && (best.all == nil || mean(q.all) < mean(best.all)) {
			best = q
		}
	}
	return best
}

// askAfter asks for each report of a day so long after the device's sleep.
func (q *quality) askAfter(every, after time.Duration, reports []raptsim.Report) {
	for i := 2; i < len(reports)-1; i++ {
		before, r, next := reports[i-1], reports[i], reports[i+1]
		n, last := inTurn(every, before, r), before
		if n == 0 { // the one before it came out of turn
			n, last = inTurn(every, reports[i-2], r), reports[i-2]
		}
		var asked time.Time
		switch {
		case n > 0:
			asked = last.At.Add(time.Duration(n)*every + time.Duration(n-1)*awakeMean + after)
			again := max(0, int(math.Ceil(r.VisibleAt.Sub(asked).Minutes())))
			q.requests += n + again
			asked = asked.Add(time.Duration(again) * time.Minute)
		case inTurn(every, r, next) > 0 && inTurn(every, before, next) == 0: // it begins the rhythm anew
			q.requests++
			asked = before.At.Add(every + after)
		default: // the next one replaces it before anybody has seen it
			continue
		}
		if !r.Repeated {
			q.all = append(q.all, max(0, asked.Sub(r.VisibleAt)))
		}
	}
}
