package poll

import (
	"math"
	"slices"
	"time"
)

// estimateLag is how long after a reading the cloud shows it, with what the clocks differ. It lies between the longest
// time after which a poll did not see a reading yet and the shortest after which one did; asking in the middle brings
// the two together.
func estimateLag(lags, unseen []time.Duration) time.Duration {
	if len(lags) == 0 {
		return 0
	}
	low, high := time.Duration(0), slices.Min(lags)
	if len(unseen) > 0 {
		low = slices.Max(unseen)
	}
	switch {
	case len(unseen) == 0 && high < 0: // the device's clock is ahead
		return high
	case high <= low || high < 0:
		return max(high, low)
	}
	return low + (high-low)/2
}

// What it costs to ask before a reading is there: the time until the list may be asked for again, and the request.
const (
	earlyDelay   = time.Minute
	earlyRequest = 20 * time.Second
)

// estimateSlack is how much later than due to ask, so that readings are fresh on the average: waiting for the latest of
// them delays all, and asking too early means asking twice.
func estimateSlack(spread []time.Duration, interval time.Duration) time.Duration {
	if len(spread) < 3 {
		return interval / 50
	}
	sorted := slices.Clone(spread)
	slices.Sort(sorted)
	n := len(sorted)
	width, sum := sorted[n-1]-sorted[0], time.Duration(0)
	for _, late := range sorted {
		sum += late
	}
	best, least := sorted[n-1], time.Duration(math.MaxInt64)
	for i, slack := range slices.Backward(sorted) {
		again := time.Duration(0) // requests for readings that are later than that
		for _, late := range sorted[i+1:] {
			again += (late - slack + earlyDelay - 1) / earlyDelay
		}
		again *= earlyDelay + earlyRequest
		if cost := time.Duration(n)*slack - sum + again; cost < least {
			best, least = slack, cost
		}
		if again > least+sum-time.Duration(n)*sorted[0] {
			break // no wait that asking earlier still saves is worth that
		}
	}
	// A few readings don't show the whole width.
	return best + width/time.Duration(2*n)
}
