package fermentation

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// reported is which events have been reported, so that a restart, which finds all of them anew, reports none twice.
type reported struct {
	Since  time.Time `json:"since"`  // what was before the bridge is not reported
	Until  time.Time `json:"until"`  // the newest of them; those before are not reported any more: see lateBy
	Number int       `json:"number"` // the batch that the last one was of
	Kinds  []string  `json:"kinds"`  // of that batch
	Alerts []string  `json:"alerts"` // of profiles, by a hash
}

const maxAlerts = 100

// lateBy is how long after its time the end of a batch is found, at the most, and with it the begin of the next: what a device
// shows must stay for hours before it is another beer, and it is out of the beer for a day before that was its end.
const lateBy = 25 * time.Hour

// alertKind is the event of a profile's alert.
const alertKind = "alert"

// Event is something that happened, as it is published once.
type Event struct {
	Kind   string    `json:"event_type"`
	At     time.Time `json:"at"`
	Batch  *string   `json:"batch"` // its id; null for none
	Number *int      `json:"number"`
	Name   *string   `json:"batch_name"`
	Text   string    `json:"text"`
}

func (e Event) payload() []byte {
	out, _ := json.Marshal(e)
	return out
}

func (r reported) believed(now time.Time) reported {
	if !believedTime(r.Until, now) {
		r.Until = time.Time{}
	}
	if !believedTime(r.Since, now) {
		r.Since = time.Time{}
	}
	r.Since, r.Until = r.Since.UTC(), r.Until.UTC()
	r.Number = max(0, min(r.Number, maxNumber))
	r.Kinds = slices.DeleteFunc(r.Kinds, func(kind string) bool { return texts[kind] == "" })
	slices.Sort(r.Kinds)
	r.Kinds = slices.Compact(r.Kinds)
	r.Alerts = slices.DeleteFunc(r.Alerts, func(s string) bool { return len(s) > 16 })
	r.Alerts = r.Alerts[max(0, len(r.Alerts)-maxAlerts):]
	return r
}

// take reports whether an event of a batch is one to report, and notes that it is reported.
func (r *reported) take(kind batch.EventKind, at time.Time, number int) bool {
	again := kind == batch.EventDisturbed // it may happen several times
	seen := number == r.Number && slices.Contains(r.Kinds, string(kind))
	begin := r.Until
	if kind == batch.EventEnded || kind == batch.EventStarted {
		begin = times.Latest(r.Since, r.Until.Add(-lateBy))
	}
	if at.Before(begin) || number < r.Number || seen && !(again && at.After(r.Until)) {
		return false
	}
	if number != r.Number {
		r.Number, r.Kinds = number, nil
	}
	r.Until = times.Latest(r.Until, at)
	if !slices.Contains(r.Kinds, string(kind)) {
		r.Kinds = append(slices.Clone(r.Kinds), string(kind))
	}
	return true
}

// takeAlert is the same for an alert of a profile.
func (r *reported) takeAlert(a device.Alert) bool {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s %d", a.ID, a.Text, a.At.Unix())
	key := fmt.Sprintf("%016x", h.Sum64())
	if slices.Contains(r.Alerts, key) {
		return false
	}
	r.Alerts = append(slices.Clone(r.Alerts), key)
	r.Alerts = r.Alerts[max(0, len(r.Alerts)-maxAlerts):]
	return true
}

// texts are what events say.
var texts = map[string]string{
	string(batch.EventStarted):   "a batch has started",
	string(batch.EventDisturbed): "the gravity moved for another reason than fermentation",
	string(batch.EventSlowing):   "the fermentation slows down",
	string(batch.EventComplete):  "the fermentation is complete",
	string(batch.EventStuck):     "the fermentation is stuck",
	string(batch.EventColdCrash): "the beer is cold crashed",
	string(batch.EventEnded):     "the batch has ended",
}
