package bridge

import (
	"slices"
	"time"
)

const (
	maxWaiting    = 64
	maxWait       = time.Minute // a command that waited longer is not sent
	telemetryPace = time.Minute // between two submissions for one external device
)

// waiting is a command in the queue.
type waiting struct {
	command
	notBefore time.Time
	tries     int       // times that it left and no answer came
	sent      bool      // it left once and no answer came: read back before it leaves again
	check     time.Time // when to read back
	why       string    // what it waits for, when not for its turn
}

// expires is when the command is no longer to be sent.
func (w *waiting) expires() time.Time { return latest(w.at, w.notBefore).Add(maxWait) }

// queue holds the commands that wait, oldest first.
type queue []*waiting

// add puts a command in. A waiting one for the same key of the same device is replaced, in its place, and returned.
func (q *queue) add(w *waiting) (replaced *waiting, full bool) {
	for i, old := range *q {
		if old.device == w.device && old.row.key == w.row.key {
			w.notBefore = latest(w.notBefore, old.notBefore)
			(*q)[i] = w
			return old, false
		}
	}
	if len(*q) >= maxWaiting {
		return nil, true
	}
	*q = append(*q, w)
	return nil, false
}

// take removes the next command that may be sent at now, with those that the same call carries out.
func (q *queue) take(now time.Time) []*waiting {
	for _, w := range *q {
		if w.notBefore.After(now) || w.sent {
			continue
		}
		batch := []*waiting{w}
		if w.row.gain > 0 {
			for _, other := range *q {
				if other != w && other.device == w.device && other.row.gain > 0 && !other.sent {
					batch = append(batch, other)
				}
			}
		}
		q.remove(batch...)
		return batch
	}
	return nil
}

// takeCheck removes the next command whose unanswered call should be read back at now.
func (q *queue) takeCheck(now time.Time) *waiting {
	for _, w := range *q {
		if w.sent && !w.check.After(now) {
			q.remove(w)
			return w
		}
	}
	return nil
}

// expired removes what has waited too long.
func (q *queue) expired(now time.Time) []*waiting {
	var old []*waiting
	for _, w := range *q {
		if now.After(w.expires()) && !w.sent {
			old = append(old, w)
		}
	}
	q.remove(old...)
	return old
}

func (q *queue) remove(gone ...*waiting) {
	*q = slices.DeleteFunc(*q, func(w *waiting) bool { return slices.Contains(gone, w) })
}

// wake is when the queue next needs looking at; zero when it is empty.
func (q queue) wake(open time.Time) time.Time {
	var at time.Time
	for _, w := range q {
		next := latest(w.notBefore, open)
		if w.sent {
			next = latest(w.check, open)
		} else if w.expires().Before(next) {
			next = w.expires().Add(time.Millisecond)
		}
		at = soonest(at, next)
	}
	return at
}

func (q *queue) dropDevice(d *device) {
	*q = slices.DeleteFunc(*q, func(w *waiting) bool { return w.device == d })
}
