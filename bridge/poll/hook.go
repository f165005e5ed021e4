package poll

import "time"

// How long after a webhook the cloud shows what it tells of: learned per device within these bounds.
const (
	hookDelayMin, hookDelayMax, hookDelayFirst = 2 * time.Second, 5 * time.Second, 2 * time.Second

	hookFallback = time.Minute      // after a reading is due, for one whose webhook has not come
	hookLate     = 5 * time.Minute  // how late a webhook may be for a reading that a poll has seen
	hookBackOff  = 15 * time.Minute // the longest time between polls for webhooks that have brought nothing
	hookRhythms  = 2                // intervals without a webhook, after which the device is followed as before
)

// Hook is what webhooks have said of one device, and how true it was. Anybody can send one: it can cost a poll, and one that
// brings nothing makes the next one wait.
type Hook struct {
	row     string        // of the newest one
	pending time.Time     // when to ask because of it; zero for none
	proved  time.Time     // when one last brought a reading, or came for one; zero for never
	unsent  time.Time     // when a poll last saw a reading without one
	delay   time.Duration // from a webhook to when the cloud shows its reading
	wrong   int           // in a row that brought nothing
	asked   time.Time     // the last poll that was made for one
}

// Hint takes a webhook that came at now. row tells it from others; empty for unknown. last is the newest reading that is
// known. It returns when to ask for the device; zero for not at all.
func (h *Hook) Hint(now time.Time, row string, last time.Time) time.Time {
	if row != "" && row == h.row {
		return h.pending // the same row twice
	}
	h.row = row
	switch {
	case !h.pending.IsZero():
		return h.pending
	case !h.unsent.IsZero() && now.Sub(h.unsent) < hookLate:
		// A poll was faster than the webhook.
		if now.Sub(last) < 4*hookDelayMax {
			h.proved, h.wrong = now, 0
		}
		h.unsent = time.Time{}
		return time.Time{}
	}
	h.unsent = time.Time{}
	if h.delay == 0 {
		h.delay = hookDelayFirst
	}
	h.pending = now.Add(h.delay)
	if h.wrong > 0 {
		wait := min(time.Minute<<min(h.wrong-1, 10), hookBackOff)
		if at := h.asked.Add(wait); at.After(h.pending) {
			h.pending = at
		}
	}
	return h.pending
}

// Pending is when to ask for the device because of a webhook; zero for none.
func (h *Hook) Pending() time.Time { return h.pending }

// Polled takes a poll's answer, which asked at now, and whether it brought a reading.
func (h *Hook) Polled(now time.Time, isNew bool) {
	due := !h.pending.IsZero() && !h.pending.After(now)
	switch {
	case isNew && !h.pending.IsZero():
		h.proved, h.wrong = now, 0
		if due {
			h.asked, h.delay = now, max(hookDelayMin, h.delay-250*time.Millisecond)
		}
		h.pending = time.Time{}
	case isNew:
		h.unsent = now
	case due:
		h.asked, h.pending = now, time.Time{}
		h.delay = min(hookDelayMax, h.delay+time.Second)
		h.wrong++
	}
}

// Pushes reports whether the device's webhooks bring its readings at now. interval is its own; 0 while unknown.
func (h *Hook) Pushes(now time.Time, interval time.Duration) bool {
	if interval <= 0 {
		interval = hookBackOff
	}
	return !h.proved.IsZero() && h.wrong < 2 && now.Sub(h.proved) <= hookRhythms*interval+2*hookFallback
}
