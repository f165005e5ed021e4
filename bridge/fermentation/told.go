package fermentation

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/batch"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
)

// told is which events have been told, so that a restart, which finds all of them anew, tells none twice.
type told struct {
	Until  time.Time `json:"until"`  // the newest of them; those before are not told any more
	Number int       `json:"number"` // the batch that the last one was of
	Kinds  []string  `json:"kinds"`  // told of that batch
	Alerts []string  `json:"alerts"` // of profiles, by a hash
}

const maxToldAlerts = 100

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

func (t told) believed(now time.Time) told {
	if !believedTime(t.Until, now) {
		t.Until = time.Time{}
	}
	t.Until = t.Until.UTC()
	t.Number = max(0, min(t.Number, maxNumber))
	t.Kinds = slices.DeleteFunc(t.Kinds, func(kind string) bool { return texts[kind] == "" })
	slices.Sort(t.Kinds)
	t.Kinds = slices.Compact(t.Kinds)
	t.Alerts = slices.DeleteFunc(t.Alerts, func(s string) bool { return len(s) > 16 })
	t.Alerts = t.Alerts[max(0, len(t.Alerts)-maxToldAlerts):]
	return t
}

// take reports whether an event of a batch is one to tell, and notes that it is told.
func (t *told) take(kind batch.EventKind, at time.Time, number int) bool {
	again := kind == batch.EventDisturbed // it may happen several times
	seen := number == t.Number && slices.Contains(t.Kinds, string(kind))
	if at.Before(t.Until) || number < t.Number || seen && !(again && at.After(t.Until)) {
		return false
	}
	if number != t.Number {
		t.Number, t.Kinds = number, nil
	}
	t.Until = at
	if !slices.Contains(t.Kinds, string(kind)) {
		t.Kinds = append(slices.Clone(t.Kinds), string(kind))
	}
	return true
}

// takeAlert is the same for an alert of a profile.
func (t *told) takeAlert(a device.Alert) bool {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s %d", a.ID, a.Text, a.At.Unix())
	key := fmt.Sprintf("%016x", h.Sum64())
	if slices.Contains(t.Alerts, key) {
		return false
	}
	t.Alerts = append(slices.Clone(t.Alerts), key)
	t.Alerts = t.Alerts[max(0, len(t.Alerts)-maxToldAlerts):]
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
