package command

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

const (
	// RefusalsApart is the least time between two lines of the log on refusals of one device.
	RefusalsApart = time.Minute
	// PublishedRefusals is how many refusals of one device within such a time are published, counted as problems and shown.
	PublishedRefusals = 20
	// refusers bounds the devices that refusals are kept apart for; those of others count together.
	refusers = 100
	// shownName is how much of a family, an id or a key that somebody made up a person reads.
	shownName = 40
)

// Refusals sums up refused and superseded requests: the first of a device is told at once, what follows within a minute in
// one line after it. Its times are steady time.
type Refusals struct {
	of  map[string]*Summary
	due time.Time // when the first has to be summed up; zero for none
}

// Summary are the refusals of one device since a time.
type Summary struct {
	Of    string
	count int
	since time.Time
}

// More is how many there were beside the first.
func (s *Summary) More() int { return s.count - 1 }

// NewRefusals is empty.
func NewRefusals() *Refusals { return &Refusals{of: map[string]*Summary{}} }

// Add counts a refusal and returns which one of its device it is within the minute, 1 for the first.
func (l *Refusals) Add(device string, now time.Time) int {
	s := l.of[device]
	if s == nil {
		if len(l.of) >= refusers {
			device = "others"
		}
		if s = l.of[device]; s == nil {
			s = &Summary{Of: device, since: now}
			l.of[device] = s
			l.due = times.Soonest(l.due, now.Add(RefusalsApart))
		}
	}
	s.count++
	return s.count
}

// Due is when the next are to be summed up; zero for none.
func (l *Refusals) Due() time.Time { return l.due }

// Take removes what is to be summed up at now.
func (l *Refusals) Take(now time.Time) (old []*Summary) {
	if l.due.IsZero() || l.due.After(now) {
		return nil
	}
	l.due = time.Time{}
	for device, s := range l.of {
		if end := s.since.Add(RefusalsApart); end.After(now) {
			l.due = times.Soonest(l.due, end)
		} else {
			delete(l.of, device)
			old = append(old, s)
		}
	}
	return old
}

// Shown is a request as a person reads it: what somebody made up is cut.
func (r Request) Shown() (device, key string) {
	return text.Line(string(r.Family)+" "+r.Ref.ID, shownName+len("temperature_controller ")), text.Line(r.Key, shownName)
}
