package command

import (
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

// ready is when a command may be sent or verified, the limits of the account aside; false while it awaits its list.
func (c *Command) ready() (time.Time, bool) {
	return times.Latest(c.NotBefore, c.VerifyAt), !c.AwaitsList
}

// Ready is when the first command may be sent or verified, the limits of the account aside; zero for none.
func (q Queue) Ready() time.Time {
	var first time.Time
	for _, c := range q {
		if at, ok := c.ready(); ok {
			first = times.Soonest(first, times.Latest(at, c.At))
		}
	}
	return first
}

// Take removes the next command that may be sent at now, with those that the same call carries out.
func (q *Queue) Take(now time.Time) []*Command {
	for _, c := range *q {
		if at, ok := c.ready(); !ok || at.After(now) || !c.VerifyAt.IsZero() {
			continue
		}
		batch := []*Command{c}
		for _, other := range *q {
			if other != c && c.sharesCall(other) && other.VerifyAt.IsZero() {
				batch = append(batch, other)
			}
		}
		q.remove(batch...)
		return batch
	}
	return nil
}

// TakeUnverified removes the next command whose unanswered call should be read back at now.
func (q *Queue) TakeUnverified(now time.Time) *Command {
	for _, c := range *q {
		if !c.VerifyAt.IsZero() && !c.VerifyAt.After(now) {
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

// Wake is when the queue next needs looking at, open being when the account's limits let a command leave; zero when it is
// empty.
func (q Queue) Wake(open time.Time) time.Time {
	var first time.Time
	for _, c := range q {
		expires := c.Expires().Add(time.Millisecond)
		if at, ok := c.ready(); ok {
			first = times.Soonest(first, times.Soonest(times.Latest(at, open, c.At), expires))
		} else {
			first = times.Soonest(first, expires)
		}
	}
	return first
}
