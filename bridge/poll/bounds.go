package poll

import (
	"math"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// What is believed of a device, whoever says it. The contract's telemetry frequency ends before 31 days; the first RAPT
// devices were sold in 2019.
const (
	shortestInterval = time.Second
	longestInterval  = 31 * 24 * time.Hour
	oldest           = 20 * 365 * 24 * time.Hour
)

// plausible reports whether a reading can be of that time.
func plausible(reading, now time.Time) bool {
	return !times.Ahead(reading, now) && reading.After(now.Add(-oldest))
}

// bounded is the closest interval that is believed.
func bounded(interval time.Duration) time.Duration {
	return min(max(interval, shortestInterval), longestInterval)
}

// scaled is an interval times a ratio of telemetry frequencies.
func scaled(interval time.Duration, ratio float64) time.Duration {
	if interval <= 0 || math.IsNaN(ratio) {
		return interval
	}
	return bounded(time.Duration(min(float64(interval)*ratio, float64(longestInterval))))
}
