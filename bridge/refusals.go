package bridge

import (
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

const (
	refusalsApart = time.Minute // the least time between two lines of the log on refusals of one device
	// toldEach is how many refusals of one device within such a time are published, counted as problems and shown.
	toldEach = 20
	// refusers bounds the devices that refusals are kept apart for; those of others count together.
	refusers = 100
	// shownName is how much of a family, an id or a key that somebody made up a person reads.
	shownName = 40
)

// refusals are the refused, or the superseded, requests of one device since a time.
type refusals struct {
	since time.Time
	count int // of all
	name  string
}

// refusalLog sums up refusals: the first of a device is told at once, what follows within a minute in one line after it.
type refusalLog struct {
	of  map[string]*refusals
	due time.Time // when the first has to be summed up; zero for none
}

func newRefusalLog() *refusalLog { return &refusalLog{of: map[string]*refusals{}} }

// add counts a refusal and returns which one of its device it is within the minute.
func (l *refusalLog) add(device string, now time.Time) int {
	r := l.of[device]
	if r == nil {
		if len(l.of) >= refusers {
			device = "others"
		}
		if r = l.of[device]; r == nil {
			r = &refusals{since: now, name: device}
			l.of[device] = r
			l.due = times.Soonest(l.due, now.Add(refusalsApart))
		}
	}
	r.count++
	return r.count
}

// expired removes what is to be summed up at now.
func (l *refusalLog) expired(now time.Time) (old []*refusals) {
	if l.due.IsZero() || l.due.After(now) {
		return nil
	}
	l.due = time.Time{}
	for device, r := range l.of {
		if end := r.since.Add(refusalsApart); end.After(now) {
			l.due = times.Soonest(l.due, end)
		} else {
			delete(l.of, device)
			old = append(old, r)
		}
	}
	return old
}

// summarizeRefusals writes what has not been told of the refusals of the last minute.
func (b *bridge) summarizeRefusals(now time.Time) {
	for _, r := range b.refusals.expired(now) {
		if more := r.count - 1; more > 0 {
			b.log.Info("more commands were not carried out", slog.String("of", r.name), slog.Int("and_more", more), slog.Duration("within", refusalsApart))
		}
	}
}

// shownRequest is a request as a person reads it: what somebody made up is cut.
func shownRequest(r command.Request) (device, key string) {
	return text.Line(string(r.Family)+" "+r.Ref.ID, shownName+len("temperature_controller ")), text.Line(r.Key, shownName)
}
