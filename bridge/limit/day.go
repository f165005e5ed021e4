package limit

import "time"

// Day counts requests by quarters of an hour.
type Day struct {
	counts [96]int
	last   int64 // the quarter counted in last
}

const quarter = 15 * time.Minute

// Add counts a request at a time of the wall clock. A clock set back counts into the newest quarter.
func (h *Day) Add(at time.Time) {
	h.forward(at)
	h.counts[h.last%96]++
}

func (h *Day) forward(at time.Time) {
	now := at.Unix() / int64(quarter/time.Second)
	if h.last == 0 {
		h.last = now
	}
	for range min(96, max(0, now-h.last)) {
		h.last++
		h.counts[h.last%96] = 0
	}
	h.last = max(h.last, now)
}

// Counts returns the counts of the last 24 hours, oldest first.
func (h *Day) Counts(at time.Time) []int {
	h.forward(at)
	out := make([]int, 0, 96)
	for i := range int64(96) {
		out = append(out, h.counts[(h.last+1+i)%96])
	}
	return out
}
