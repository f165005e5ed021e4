package limit

import (
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// burst is the time in which half of an hour's changes may be made.
const burst = 10 * time.Minute

// Changes counts how often the same thing is set, so that an automation gone wild wears out neither a relay nor the hour's
// requests.
type Changes struct {
	perHour int
	of      map[string]*changed // by short names
}

// changed is how often one thing was set lately.
type changed struct{ hour, burst window }

// NewChanges is an empty count. So many changes of one thing are made in any hour, and half as many in any ten minutes.
func NewChanges(perHour int) *Changes { return &Changes{perHour: perHour, of: map[string]*changed{}} }

// Record counts a change that is made at now.
func (c *Changes) Record(now time.Time, what string) {
	for name, other := range c.of { // what is not set any more must not stay for ever
		if other.hour.forget(now); other.hour.used == 0 {
			delete(c.of, name)
		}
	}
	w := c.window(short(what))
	w.hour.add(now, 1)
	w.burst.add(now, 1)
}

// window is how often the thing of a short name was set.
func (c *Changes) window(name string) *changed {
	w := c.of[name]
	if w == nil {
		w = &changed{hour: window{span: time.Hour, limit: c.perHour}, burst: window{span: burst, limit: max(1, c.perHour/2)}}
		c.of[name] = w
	}
	return w
}

// Withdraw takes the last change of a thing back: it did not leave, so that nothing was set.
func (c *Changes) Withdraw(what string) {
	if w := c.of[short(what)]; w != nil && len(w.hour.left) > 0 {
		at := w.hour.left[len(w.hour.left)-1].at
		w.hour.withdraw(at)
		w.burst.withdraw(at)
	}
}

// Check returns why a change is not made at now, in words for people; nil when it may be. clock writes a steady time.
func (c *Changes) Check(now time.Time, what string, clock func(time.Time) string) error {
	w := c.of[short(what)]
	if w == nil {
		return nil
	}
	at := times.Latest(w.burst.nextAllowed(now, ForCommand), w.hour.nextAllowed(now, ForCommand))
	if !at.After(now) {
		return nil
	}
	return fmt.Errorf("it was set %d times in ten minutes or %d times in an hour, which is the limit (control.max_changes_per_hour); the next change is accepted at %s; switching off always is",
		w.burst.limit, w.hour.limit, clock(at))
}
