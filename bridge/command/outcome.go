package command

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Outcome is what became of a command.
type Outcome string

// The outcomes, of which Confirmed and Unconfirmed follow Applied.
const (
	Applied     Outcome = "applied"     // the API took it
	Unchanged   Outcome = "unchanged"   // the API said that nothing changed
	Superseded  Outcome = "superseded"  // a later value for the same key took its place
	Rejected    Outcome = "rejected"    // not sent
	Failed      Outcome = "failed"      // sent, and refused or unanswered
	Confirmed   Outcome = "confirmed"   // the cloud shows it
	Unconfirmed Outcome = "unconfirmed" // the cloud doesn't
)

// Follows reports whether the outcome comes after another one.
func (o Outcome) Follows() bool { return o == Confirmed || o == Unconfirmed }

// Bad reports whether the command was not carried out.
func (o Outcome) Bad() bool { return o == Rejected || o == Failed }

// Result is the outcome of a request as it is published.
type Result struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Outcome Outcome         `json:"outcome"`
	Error   *string         `json:"error"`
	ID      *string         `json:"id"`
	At      time.Time       `json:"at"`
	TookMS  int64           `json:"took_ms"`
	// Note says what happens, or what to do, in words, where the outcome alone does not.
	Note *string `json:"note,omitempty"`
}

// NewResult is the result of a request at a time: now is steady, wall the same moment for people to read.
func NewResult(r Request, value json.RawMessage, o Outcome, err error, now, wall time.Time) Result {
	out := Result{
		Key: r.Key, Value: value, Outcome: o,
		At: wall.UTC().Truncate(time.Millisecond), TookMS: now.Sub(r.At).Milliseconds(),
	}
	if err != nil {
		why := err.Error()
		var advice *Advice
		if errors.As(err, &advice) {
			why, out.Note = advice.Problem, &advice.Do
		}
		out.Error = &why
	}
	if r.ID != "" {
		out.ID = &r.ID
	}
	return out
}

// TextValue is a text as the value of a result.
func TextValue(s string) json.RawMessage {
	out, _ := json.Marshal(s)
	return out
}

// Unquoted is a value as people read it: a text without its quotes.
func Unquoted(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// Answerable reports whether a result may go to the response topic of the request. Topics below the prefixes are not for
// others to write to.
func (r Request) Answerable(prefixes ...string) bool {
	topic := r.ResponseTopic
	for _, prefix := range prefixes {
		if strings.HasPrefix(topic, prefix+"/") {
			return false
		}
	}
	return topic != "" && !strings.ContainsAny(topic, "+#\x00") && !strings.HasPrefix(topic, "$")
}
