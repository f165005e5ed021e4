package standby

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// How long to wait for an answer to a question, from its echo on.
const (
	// echoWait is how long the echo itself is waited for; the broker's access rules may forbid it.
	echoWait = 10 * time.Second
	// startWait is for bridges that start in the same moment, and for one that has just become active.
	startWait = 150 * time.Millisecond
	// answerWait is for an active bridge that the broker takes for online.
	answerWait = 5 * time.Second
	// deadAfter is one and a half keepalives: after that the broker itself takes a client for dead.
	deadAfter = 45 * time.Second
	// checkEvery is how often an active bridge that the broker doesn't show as online is asked whether it is still there.
	checkEvery = time.Minute
	// yield is how long one of two that ask at the same time lets the other go first.
	yield = 2 * time.Second
)

// Sign is what bridges of one prefix tell each other: who is there, and whether it is active. One that isn't asks.
type Sign struct {
	Instance string `json:"instance"`
	Active   bool   `json:"active"`
}

// Watch is what a standby knows of the others since its connection came up. Its times are steady time.
type Watch struct {
	instance string
	lost     bool      // another has taken the name: it is not taken back without being sure
	asked    time.Time // when the question was sent; zero before
	echoed   time.Time // when it came back, behind all that the broker retains
	online   bool      // what the broker retains or has sent as the bridge's availability
	last     string    // the instance that wrote the retained state; empty for none
	active   string    // the instance that has shown to be active; empty for none
	heard    time.Time // when it did so last
	after    time.Time // the name is not taken before
}

// New is a watch for a bridge. lost says that another has taken the name from it.
func New(instance string, lost bool) Watch { return Watch{instance: instance, lost: lost} }

// Sign is the question that the watch asks.
func (w *Watch) Sign() Sign { return Sign{Instance: w.instance} }

// Asked notes that the question is on its way.
func (w *Watch) Asked(now time.Time) { w.asked, w.echoed = now, time.Time{} }

// Availability takes what is said of the active bridge's availability. It reports true when that is a reason to ask again.
// One that dies soon after it has become active has never been online, and its will comes all the same.
func (w *Watch) Availability(online bool) (ask bool) {
	gone := !online && (w.online || w.active != "")
	w.online = online
	if gone {
		w.active = ""
	}
	return gone && !w.asked.IsZero()
}

// State takes the instance that wrote the bridge's state.
func (w *Watch) State(instance string) { w.last = instance }

// Heard takes another's sign, or the echo of the own one. It reports true when that is a reason to ask again.
func (w *Watch) Heard(s Sign, now time.Time) (ask bool) {
	switch {
	case s.Instance == w.instance:
		if !s.Active {
			w.echoed = now
		}
	case s.Active:
		w.active, w.heard = s.Instance, now
	case s.Instance < w.instance && w.after.Before(now):
		w.after = now.Add(yield) // both ask: the lesser goes first
		return true
	}
	return false
}

// Active reports whether another bridge is active.
func (w *Watch) Active() bool { return w.active != "" }

// Other reports whether another bridge has been active last, so that what this one knows may be old.
func (w *Watch) Other() bool { return w.active != "" || w.last != "" && w.last != w.instance }

// unproven reports whether a message alone says that another bridge is active. It may be old, or anybody's.
func (w *Watch) unproven() bool { return w.active != "" && !w.online }

// unanswered reports whether the active bridge has been asked since it was last heard.
func (w *Watch) unanswered() bool { return w.asked.After(w.heard) }

// askAt is when to ask again whether the active bridge is still there; zero for not as things are.
func (w *Watch) askAt() time.Time {
	if !w.unproven() || w.unanswered() {
		return time.Time{}
	}
	return w.heard.Add(checkEvery)
}

// MayAsk reports whether it is time to ask again whether the active bridge is still there.
func (w *Watch) MayAsk(now time.Time) bool {
	at := w.askAt()
	return !at.IsZero() && !at.After(now)
}

// Wake is when to look next, to ask again or to take the name; zero for not as things are.
func (w *Watch) Wake() time.Time { return times.Soonest(w.askAt(), w.TakeAt()) }

// TakeAt is when the name may be taken; zero for not as things are.
func (w *Watch) TakeAt() time.Time {
	if w.asked.IsZero() || w.active != "" && !(w.unproven() && w.unanswered()) {
		return time.Time{}
	}
	from, wait := w.echoed, startWait
	if from.IsZero() {
		from = w.asked.Add(echoWait)
	}
	switch {
	case w.active != "", w.online && w.last != w.instance && w.lost:
		wait = deadAfter // the broker tells sooner where it is dead
	case w.online && w.last != w.instance, w.lost:
		wait = answerWait
	}
	return times.Latest(from.Add(wait), w.after)
}
