package raptsim

import (
	"net/http"
	"time"
)

// Fault is something that goes wrong with requests that match. Of several faults for one request the one injected
// first counts.
type Fault struct {
	// Path of the requests: a prefix ("/api/Hydrometers", "/connect/token") or a pattern as of [path.Match]; all when empty.
	// Without a leading slash it stands below "/api/".
	Path   string
	Method string // all when empty
	Every  int    // only each nth matching request; every one when zero
	Times  int    // so many times at most; without end when zero

	Delay time.Duration // first waits so long; alone, the request is then answered as usual

	// Instead of the usual answer; the request is not carried out unless Executed is set.
	Status     int           // with Body or an empty one
	Body       string        // with Status or 200; JSON unless Header says something else
	HTML       bool          // a page like that of a captive portal, with Status or 200
	Reset      bool          // the connection breaks without an answer
	LimitRate  bool          // 429
	RetryAfter time.Duration // sent with LimitRate (60 s when zero) or with Status
	DropToken  bool          // the token of the request is no longer good: 401

	// Executed carries the request out before the answer is replaced: a write whose answer is lost.
	Executed bool

	// The usual answer, spoiled.
	CutBody    bool // ends in the middle
	WrongTypes bool // numbers as strings, strings as numbers, booleans as numbers
	EmptyList  bool // an array without elements

	Header http.Header // added to the answer
}
