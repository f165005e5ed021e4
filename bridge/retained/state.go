package retained

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

// State is the bridge's own retained document: its diagnostics, and the log of requests that a restart restores.
type State struct {
	Version            string       `json:"version"`
	APIStatus          limit.Status `json:"api_status"`
	LastSuccessfulPoll *time.Time   `json:"last_successful_poll"`
	LastError          *string      `json:"last_error"`
	RequestsLastHour   int          `json:"requests_last_hour"`
	RequestsRemaining  int          `json:"requests_remaining"`
	RateLimitReset     *time.Time   `json:"rate_limit_reset"`
	UnknownFields      int          `json:"unknown_fields"`
	Devices            int          `json:"devices"`
	PushedDevices      int          `json:"pushed_devices"`
	// HeatingUnseen says that a kettle which was switched on through the bridge has fallen silent; which ones follows, by
	// name. HeatingOn are all that were switched on, for the next start.
	HeatingUnseen        bool     `json:"heating_unseen"`
	HeatingUnseenDevices []string `json:"heating_unseen_devices"`
	HeatingOn            []string `json:"heating_on"`
	// Instance and Account say which bridge wrote this, and a hash of the account that it is for: see AccountHash.
	Instance string         `json:"instance"`
	Account  string         `json:"account"`
	Requests limit.SavedLog `json:"ledger"`
}

// JSON is the document as it is published.
func (s *State) JSON() []byte {
	out, _ := json.Marshal(s) // it holds nothing that can't be JSON
	return out
}

// ToTheSecond is a time as the document has it; nil for the zero time.
func ToTheSecond(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// SameState reports whether two documents differ in nothing but the log of requests.
func SameState(doc, other []byte) bool {
	return bytes.Equal(withoutRequests(doc), withoutRequests(other))
}

func withoutRequests(doc []byte) []byte {
	before, _, _ := bytes.Cut(doc, []byte(`,"ledger":`))
	return before
}

// Author is the bridge that wrote a document, and the account that it is for; false for what is no such document. Both are
// empty where an older version wrote it.
func Author(doc []byte) (instance, account string, ok bool) {
	var s struct {
		Instance string `json:"instance"`
		Account  string `json:"account"`
	}
	ok = json.Unmarshal(doc, &s) == nil
	return s.Instance, s.Account, ok
}
