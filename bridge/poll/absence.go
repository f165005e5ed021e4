package poll

import "time"

const (
	listsWithout = 2              // in a row, before a device is asked for by itself: one may be a mistake
	believeLists = 24 * time.Hour // what lists alone say counts after this

	firstLookAgain = 15 * time.Minute
	mostLookAgain  = time.Hour
)

// Absence is a device that the complete lists of its family lack. Its times are steady time.
type Absence struct {
	// Unproven is set when it was asked for by itself and the answer left open whether it is there.
	Unproven bool
	lists    int       // complete ones in a row
	since    time.Time // of the first of them, or of the last answer that had the device
	lookAt   time.Time // when to ask for it by itself; zero while nobody has to
	looks    int
}

// Missed counts one more complete list without the device. It reports true when lists have lacked it for a day, and
// nothing else has shown it in that time.
func (a *Absence) Missed(now time.Time) (gone bool) {
	if a.lists++; a.lists == 1 {
		a.since = now
	}
	if a.Doubtful() && a.lookAt.IsZero() {
		a.lookAt = now
	}
	return a.Doubtful() && now.Sub(a.since) >= believeLists
}

// Doubtful reports whether enough lists in a row lack the device to ask for it by itself.
func (a *Absence) Doubtful() bool { return a.lists >= listsWithout }

// Missing reports whether the last complete list lacked the device.
func (a *Absence) Missing() bool { return a.lists > 0 }

// LookAt is when to ask for the device by itself; zero while nobody has to.
func (a *Absence) LookAt() time.Time { return a.lookAt }

// Looked plans the next look, at growing distances, while one is under way: lists go on being asked meanwhile.
func (a *Absence) Looked(now time.Time) {
	a.lookAt = now.Add(min(firstLookAgain<<min(a.looks, 8), mostLookAgain))
	a.looks++
}

// Postponed takes a look back that was not made.
func (a *Absence) Postponed(now time.Time) {
	a.looks = max(0, a.looks-1)
	a.lookAt = now
}

// Shown notes an answer that has the device, so that the day begins anew.
func (a *Absence) Shown(now time.Time) { a.since, a.Unproven = now, false }
