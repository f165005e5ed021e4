package fermentation

import "time"

// longestBatch is how far back rows are asked for at the most, in days, for a batch that began long ago.
const longestBatch = 120

// After so long rows are asked for again that could not be had.
const (
	lookAgain      = 10 * time.Minute
	lookAgainLater = time.Hour
	soonTries      = 3
)

// lookBack is how a device's rows of before the start come: they are asked for once, after the device's first reading.
type lookBack struct {
	none     bool // there is no history: what is found is found from live rows
	from, to time.Time
	asked    bool
	failed   bool
	tries    int
	retryAt  time.Time
	done     bool
}

// rowsAreThere reports whether the rows are there as far as they can be had.
func (l *lookBack) rowsAreThere() bool { return l.none || l.done }

// covers is from when on there are all rows.
func (l *lookBack) covers() time.Time { return l.from }

// LookBack is a span of rows that are to be asked for.
type LookBack struct{ From, To time.Time }

// next is what to ask for at now. open says whether rows of a span are still on their way.
func (l *lookBack) next(now time.Time, open func(from, to time.Time) bool) (LookBack, bool) {
	switch {
	case l.rowsAreThere() || l.to.IsZero():
		return LookBack{}, false
	case l.asked && open(l.from, l.to):
		return LookBack{}, false
	case l.asked && !l.failed:
		l.done = true
		return LookBack{}, false
	case l.asked && l.retryAt.IsZero():
		wait := lookAgain
		if l.tries++; l.tries > soonTries {
			wait = lookAgainLater
		}
		l.retryAt = now.Add(wait)
		return LookBack{}, false
	case l.retryAt.After(now):
		return LookBack{}, false
	}
	l.asked, l.failed, l.retryAt = true, false, time.Time{}
	return LookBack{l.from, l.to}, true
}
