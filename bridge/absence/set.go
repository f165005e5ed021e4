package absence

import (
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// Devices that lists lack are asked for one by one with these distances: a family that vanishes as a whole must not use
// up the hour's requests, which its list needs to come back.
const (
	looksApart     = 2 * time.Second
	manyLooks      = 20
	manyLooksApart = time.Minute
)

// Set are the devices of an account that lists lack, those that an earlier run left with the broker too. It is for one
// goroutine.
type Set struct {
	of                 map[device.Ref]*absence
	nextLook, lastLook time.Time
}

// NewSet is empty.
func NewSet() *Set { return &Set{of: map[device.Ref]*absence{}} }

// Add takes a device in. config is the topic of its announcement where an earlier run left one.
func (s *Set) Add(ref device.Ref, config string) { s.of[ref] = &absence{config: config} }

// Has reports whether a device is among them.
func (s *Set) Has(ref device.Ref) bool { return s.of[ref] != nil }

// Remove takes a device out: a list has it, or it has left the account.
func (s *Set) Remove(ref device.Ref) { delete(s.of, ref) }

// Config is the topic of the announcement that an earlier run left of a device; empty for none.
func (s *Set) Config(ref device.Ref) string {
	if a := s.of[ref]; a != nil {
		return a.config
	}
	return ""
}

// Missed counts a complete list of a family for those of its devices that are in the set. It returns those that have left:
// what nobody has shown for a day; and, after a few lists, what has another family now or can't be a device's id, of which
// nothing has to be asked.
func (s *Set) Missed(family discovery.Family, now time.Time, elsewhere func(device.Ref) bool) (gone []device.Ref) {
	for ref, a := range s.of {
		if ref.Family != family {
			continue
		}
		missed := a.missed(now)
		if missed || a.doubtful() && (!isDeviceID(ref.ID) || elsewhere(ref)) {
			gone = append(gone, ref)
		}
	}
	return gone
}

// isDeviceID reports whether an id has the form of the API's: a UUID in lower case.
func isDeviceID(id string) bool {
	lower, ok := text.UUID(id)
	return ok && lower == id
}

// Plan works out when the first device may be asked for by itself. It is called after whatever changes that.
func (s *Set) Plan() {
	s.nextLook = time.Time{}
	waiting := 0
	for _, a := range s.of {
		if !a.lookAt.IsZero() {
			s.nextLook = times.Soonest(s.nextLook, a.lookAt)
			waiting++
		}
	}
	apart := looksApart
	if waiting > manyLooks {
		apart = manyLooksApart
	}
	if waiting > 0 {
		s.nextLook = times.Latest(s.nextLook, s.lastLook.Add(apart))
	}
}

// NextLook is when to ask for the first device by itself; zero for none.
func (s *Set) NextLook() time.Time { return s.nextLook }

// Due is the device to ask for by itself at now; false for none.
func (s *Set) Due(now time.Time) (due device.Ref, ok bool) {
	if s.nextLook.IsZero() || s.nextLook.After(now) {
		return due, false
	}
	var since time.Time
	for ref, a := range s.of {
		if !a.lookAt.IsZero() && !a.lookAt.After(now) && (!ok || a.lookAt.Before(since)) {
			due, since, ok = ref, a.lookAt, true
		}
	}
	return due, ok
}

// Looked notes that a device is asked for by itself at now.
func (s *Set) Looked(ref device.Ref, now time.Time) {
	s.of[ref].looked(now)
	s.lastLook = now
	s.Plan()
}

// Answer is what came of asking for a device by itself.
type Answer int

// The answers.
const (
	Open      Answer = iota // it may be there or not
	Shown                   // it is there
	Postponed               // it was not asked for after all
)

// Answered takes what came of it. A device that is not there is Removed instead.
func (s *Set) Answered(ref device.Ref, how Answer, now time.Time) {
	a := s.of[ref]
	switch how {
	case Shown:
		a.shown(now)
	case Postponed:
		a.postponed(now)
	default:
		a.open = now
	}
}

// Unproven reports whether lists lack a device and asking for it left open whether it is there.
func (s *Set) Unproven(ref device.Ref) bool { return s.of[ref] != nil && !s.of[ref].open.IsZero() }

// Doubtful reports whether enough lists in a row lack a device for it to be taken out by hand.
func (s *Set) Doubtful(ref device.Ref) bool { return s.of[ref] != nil && s.of[ref].doubtful() }

// Missing are those with an id that the last complete list of their family lacked.
func (s *Set) Missing(id string) (refs []device.Ref) {
	for ref, a := range s.of {
		if ref.ID == id && a.lists > 0 {
			refs = append(refs, ref)
		}
	}
	return refs
}

// LeftBehind are those that can be taken out by hand and that nothing is known of but an earlier run's, by their ids, as
// many as a person can look through.
func (s *Set) LeftBehind(known func(device.Ref) bool) (refs []device.Ref) {
	for ref, a := range s.of {
		if a.doubtful() && !known(ref) && len(refs) < manyLooks {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(v, w device.Ref) int { return strings.Compare(v.ID, w.ID) })
	return refs
}
