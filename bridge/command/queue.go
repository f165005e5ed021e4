package command

import (
	"errors"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

const (
	maxQueued = 64

	// MaxWait is how long a command waits at the most; then it is not sent.
	MaxWait = time.Minute
	// SubmissionPace is the least time between two submissions for one external device.
	SubmissionPace = time.Minute
)

// Queue holds the commands that wait, oldest first.
type Queue []*Command

// Add puts a command in. A waiting one for the same key of the same device is replaced, in its place, and returned. It
// reports false when the queue is full.
func (q *Queue) Add(c *Command) (replaced *Command, ok bool) {
	for i, old := range *q {
		if old.Ref == c.Ref {
			c.NotBefore = times.Latest(c.NotBefore, old.NotBefore)
			(*q)[i] = c
			return old, true
		}
	}
	if len(*q) >= maxQueued {
		return nil, false
	}
	*q = append(*q, c)
	return nil, true
}

// ErrQueueFull is why a command is refused that found no place.
var ErrQueueFull = errors.New("too many commands wait already; try again when some are done")

// Admit puts a command in. Where the queue is full, one that switches something off takes the place of another. refused is
// the one that finds no place, the command itself or the other; nil for none. replaced is Add's.
func (q *Queue) Admit(c *Command) (replaced, refused *Command) {
	replaced, ok := q.Add(c)
	if !ok && c.Off {
		if refused = q.MakeRoom(); refused != nil {
			replaced, ok = q.Add(c)
		}
	}
	if !ok {
		return nil, c
	}
	return replaced, refused
}

// PutBack puts a command first again. It reports false where a later value for its key waits, which it gives way to.
func (q *Queue) PutBack(c *Command) bool {
	for _, other := range *q {
		if other.Ref == c.Ref {
			return false
		}
	}
	*q = append(Queue{c}, *q...)
	return true
}

// Opening is when the limits of the account let commands leave, and those that switch something off.
type Opening struct{ Commands, Off time.Time }

// of is when the limits let the command be sent, or be verified: a look back is never worth what is kept for switching
// off. Where nobody may look, what switches something off is sent again instead, see skipVerify.
func (o Opening) of(c *Command) time.Time {
	if c.Reserved() && (c.VerifyAt.IsZero() || o.Off.Before(o.Commands)) {
		return o.Off
	}
	return o.Commands
}

// ready is when a command may be sent or verified; false while it awaits its list.
func (c *Command) ready(o Opening) (time.Time, bool) {
	return times.Latest(c.At, c.NotBefore, c.VerifyAt, o.of(c)), !c.AwaitsList
}

// Ready is when the first command may be sent or verified; zero for none.
func (q Queue) Ready(o Opening) time.Time {
	var first time.Time
	for _, c := range q {
		if at, ok := c.ready(o); ok {
			first = times.Soonest(first, at)
		}
	}
	return first
}

// OffReady is when the first command may be sent that switches something off; zero for none.
func (q Queue) OffReady(o Opening) time.Time {
	var first time.Time
	for _, c := range q {
		if at, ok := c.ready(o); ok && c.Off && c.VerifyAt.IsZero() {
			first = times.Soonest(first, at)
		}
	}
	return first
}

// Take removes the next command that may be sent at now, with those that the same call carries out. What switches
// something off goes first.
func (q *Queue) Take(now time.Time, o Opening) []*Command {
	for _, off := range []bool{true, false} {
		for _, c := range *q {
			if c.Off != off {
				continue
			}
			q.skipVerify(c, now, o)
			if at, ok := c.ready(o); ok && !at.After(now) && c.VerifyAt.IsZero() {
				return q.takeBatch(c)
			}
		}
	}
	return nil
}

// skipVerify has a command sent again without a look at the device where the limits let nobody look and it does no harm
// twice: it switches something off. While it can't be sent either, it is still to be verified.
func (q *Queue) skipVerify(c *Command, now time.Time, o Opening) {
	if c.Reserved() && !c.VerifyAt.IsZero() && !c.VerifyAt.After(now) && o.Commands.After(now) && !o.Off.After(now) {
		c.VerifyAt = time.Time{}
	}
}

func (q *Queue) takeBatch(c *Command) []*Command {
	batch := []*Command{c}
	for _, other := range *q {
		if other != c && c.sharesCall(other) && other.VerifyAt.IsZero() {
			batch = append(batch, other)
		}
	}
	q.remove(batch...)
	return batch
}

// TakeUnverified removes the next command whose unanswered call should be read back at now.
func (q *Queue) TakeUnverified(now time.Time, o Opening) *Command {
	for _, c := range *q {
		if !c.VerifyAt.IsZero() && !c.VerifyAt.After(now) && !o.Commands.After(now) {
			q.remove(c)
			return c
		}
	}
	return nil
}

// Expired removes what has waited too long. What may have been carried out is still to be verified.
func (q *Queue) Expired(now time.Time) []*Command {
	var old []*Command
	for _, c := range *q {
		if now.After(c.Expires()) {
			old = append(old, c)
		}
	}
	q.remove(old...)
	return old
}

// Age makes every command older by a time that passed without the clock that they are timed by.
func (q Queue) Age(by time.Duration) {
	for _, c := range q {
		c.At = c.At.Add(-by)
		for _, at := range []*time.Time{&c.NotBefore, &c.VerifyAt} {
			if !at.IsZero() {
				*at = at.Add(-by)
			}
		}
	}
}

// ListlessFrom is when the limits let the first command leave whose family's list has not been answered; zero for none.
func (q Queue) ListlessFrom(o Opening) time.Time {
	var first time.Time
	for _, c := range q {
		if c.AwaitsList {
			first = times.Soonest(first, times.Latest(c.At, o.of(c)))
		}
	}
	return first
}

// Listless is the next command that the limits let leave but whose family's list has not been answered; nil for none. What
// switches something off goes first.
func (q Queue) Listless(now time.Time, o Opening) *Command {
	var first *Command
	for _, c := range q {
		if c.AwaitsList && !o.of(c).After(now) && (first == nil || c.Off && !first.Off) {
			first = c
		}
	}
	return first
}

// AwaitingList are the commands of a family that wait for its first list.
func (q Queue) AwaitingList(of func(device.Ref) bool) []*Command {
	var out []*Command
	for _, c := range q {
		if c.AwaitsList && of(c.Ref.Ref) {
			out = append(out, c)
		}
	}
	return out
}

// Remove takes a command out.
func (q *Queue) Remove(c *Command) { q.remove(c) }

// RemoveSubmissions takes the submissions out and returns them.
func (q *Queue) RemoveSubmissions() []*Command {
	var out []*Command
	for _, c := range *q {
		if c.Submits() {
			out = append(out, c)
		}
	}
	q.remove(out...)
	return out
}

// RemoveDevice takes a device's commands out and returns them.
func (q *Queue) RemoveDevice(d device.Ref) []*Command {
	var out []*Command
	for _, c := range *q {
		if c.Ref.Ref == d {
			out = append(out, c)
		}
	}
	q.remove(out...)
	return out
}

func (q *Queue) remove(gone ...*Command) {
	*q = slices.DeleteFunc(*q, func(c *Command) bool { return slices.Contains(gone, c) })
}

// Wake is when the queue next needs looking at; zero when it is empty.
func (q Queue) Wake(o Opening) time.Time {
	var first time.Time
	for _, c := range q {
		expires := c.Expires().Add(time.Millisecond)
		if at, ok := c.ready(o); ok {
			first = times.Soonest(first, times.Soonest(at, expires))
		} else {
			first = times.Soonest(first, expires)
		}
	}
	return first
}
