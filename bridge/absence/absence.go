package absence

import "time"

const (
	listsWithout = 2              // in a row, before a device is asked for by itself: one may be a mistake
	believeLists = 24 * time.Hour // what lists alone say counts after this
	listsClose   = 6 * time.Hour  // the most between two lists of that day: an outage begins it anew

	firstLookAgain = 15 * time.Minute
	mostLookAgain  = time.Hour
)

// absence is a device that the complete lists of its family lack. Its times are steady time.
type absence struct {
	config   string    // the topic of the announcement that an earlier run left; empty for none
	open     time.Time // of the last answer to asking for it by itself, if that left open whether it is there; zero for not
	lists    int       // complete ones in a row
	since    time.Time // of the first of them, or of the last answer that had the device
	last     time.Time // of the last of them
	lookAt   time.Time // when to ask for it by itself; zero while nobody has to
	attempts int
}

// missed counts one more complete list without the device. It reports true when lists have lacked it for a day, nothing else
// has shown it in that time, and asking for it by itself since has left open whether it is there.
func (a *absence) missed(now time.Time) (gone bool) {
	if a.lists++; a.lists == 1 || now.Sub(a.last) > listsClose {
		a.since = now
	}
	a.last = now
	if a.doubtful() && a.lookAt.IsZero() {
		a.lookAt = now
	}
	return a.doubtful() && now.Sub(a.since) >= believeLists && a.open.After(a.since)
}

// doubtful reports whether enough lists in a row lack the device to ask for it by itself.
func (a *absence) doubtful() bool { return a.lists >= listsWithout }

// looked plans the next look, at growing distances, while one is under way: lists go on being asked meanwhile.
func (a *absence) looked(now time.Time) {
	a.lookAt = now.Add(min(firstLookAgain<<min(a.attempts, 8), mostLookAgain))
	a.attempts++
}

// postponed takes a look back that was not made.
func (a *absence) postponed(now time.Time) {
	a.attempts = max(0, a.attempts-1)
	a.lookAt = now
}

// shown notes an answer that has the device, so that the day begins anew.
func (a *absence) shown(now time.Time) { a.since, a.open = now, time.Time{} }
