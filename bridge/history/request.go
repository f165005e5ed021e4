package history

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// rowsPerRequest is how many rows one request asks for at the most, by the device's rhythm: ten days of a reading every
// quarter of an hour, and some 0.6 MB, since all rows of an answer are in memory.
const rowsPerRequest = 1000

// mostWaiting is how many rows may wait for the broker when others are asked for, so that one answer is in memory at a time.
const mostWaiting = 200

// Request is a question for the rows of a device.
type Request struct {
	Ref      device.Ref
	From, To time.Time // both included; the cloud's clock
	whole    bool      // To is the end of a gap, where there is a row
	wanted   bool      // see Want
	look     bool      // see LookBack
}

// Failure is why there was no answer.
type Failure int

// The failures.
const (
	Postponed Failure = iota // nothing was asked, or the answer was not waited for
	Failed                   // it may work at another time
	Refused                  // it won't: the cloud doesn't answer this question
	TooLarge                 // ask for less
)

// Due returns when there is something to ask for; zero for not as things are. A device is asked for once it has been seen.
func (h *History) Due() time.Time {
	if len(h.back) >= mostWaiting {
		return time.Time{}
	}
	var due time.Time
	for _, t := range h.order {
		if t.wants() || t.looksBack() {
			return longAgo
		}
		if !t.present || t.isBusy() {
			continue
		}
		for i := range t.gaps {
			due = times.Soonest(due, t.gaps[i].next)
		}
	}
	return due
}

// Request is what to ask for at now, of all the gaps that are due the newest; false when there is nothing.
func (h *History) Request(now time.Time) (Request, bool) {
	if len(h.back) >= mostWaiting {
		return Request{}, false
	}
	if i := slices.IndexFunc(h.order, (*track).looksBack); i >= 0 {
		return h.order[i].requestLook(), true
	}
	var (
		newest *track
		end    time.Time
	)
	for _, t := range h.order {
		if !t.present || t.isBusy() {
			continue
		}
		for i := range t.gaps {
			if g := &t.gaps[i]; !g.next.After(now) && g.To.After(end) {
				newest, end = t, g.To
			}
		}
	}
	if newest == nil {
		if i := slices.IndexFunc(h.order, (*track).wants); i >= 0 {
			return h.order[i].requestWanted(), true
		}
		return Request{}, false
	}
	newest.asked = now
	return newest.request(end), true
}

// request asks for the gap that ends there, and for those beside it that the same answer can hold.
func (t *track) request(end time.Time) Request {
	span, due := t.width(), end
	r := Request{Ref: t.ref, To: end, whole: true}
	i := slices.IndexFunc(t.gaps, func(g gap) bool { return g.To.Equal(end) })
	if r.From = t.gaps[i].From; !t.gaps[i].alone {
		for _, g := range t.gaps {
			if !g.alone && g.To.After(r.To) && g.To.Sub(due) < span/2 {
				r.To = g.To
			}
		}
		for _, g := range t.gaps {
			if !g.alone && g.From.Before(r.From) && r.To.Sub(g.From) <= span {
				r.From = g.From
			}
		}
	}
	if r.To.Sub(r.From) > span {
		r.To, r.whole = r.From.Add(span), false
	}
	return r
}

func (r Request) span() Span { return Span{r.From, r.To} }

// width is the time that one request asks for.
func (t *track) width() time.Duration {
	interval := t.interval
	if interval <= 0 {
		interval = time.Minute
	}
	return max(time.Duration(t.wider*rowsPerRequest*float64(interval)), time.Hour)
}

// Fail takes a request without an answer into account.
func (h *History) Fail(r Request, how Failure, why string, now time.Time) {
	t := h.tracks[r.Ref]
	if t == nil {
		return
	}
	if how != Postponed {
		t.lastError = why
	}
	if r.look {
		t.failLook(how)
		return
	}
	if r.wanted {
		if how != Postponed && len(t.wanted) > 0 {
			t.wanted = t.wanted[1:] // it was worth one try
		}
		return
	}
	for i := range t.gaps {
		g := &t.gaps[i]
		if !r.touches(g.Span) {
			continue
		}
		switch how {
		case Postponed, TooLarge:
			g.next = now.Add(soon)
		case Failed:
			g.next = t.again(0, now)
		case Refused:
			g.tries++
			g.next = t.again(g.tries, now)
		}
	}
	if how == TooLarge {
		t.wider /= 2
	}
	t.giveUp()
}

// touches reports whether a gap has a part within the request.
func (r Request) touches(s Span) bool { return s.From.Before(r.To) && s.To.After(r.From) }

// again is when to ask once more after so many answers without the rows. A device that is asked for once an hour anyway has
// no further requests for it.
func (t *track) again(tries int, now time.Time) time.Time {
	waits := []time.Duration{10 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}
	at := now.Add(waits[min(tries, len(waits)-1)])
	if t.fast {
		return times.Latest(at, t.asked.Add(completeEvery))
	}
	return at
}
