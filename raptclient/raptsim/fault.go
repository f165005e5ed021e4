package raptsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"slices"
	"strings"
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

	Delay time.Duration // waits so long in real time, by a timer, before anything else; alone, the usual answer follows

	// Instead of the usual answer; the request is not carried out unless Executed is set.
	Status     int           // with Body or an empty one
	Body       string        // with Status or 200; JSON unless Header says something else
	HTML       bool          // a page like that of a captive portal, with Status or 200
	Reset      bool          // the connection breaks without an answer
	LimitRate  bool          // 429
	RetryAfter time.Duration // sent with LimitRate (60 s when zero) or with Status
	DropToken  bool          // the token of the request is no longer good: 401

	// Executed carries the request out on arrival, before Delay and before its answer is replaced: a write whose answer is
	// lost, or comes too late.
	Executed bool

	// The usual answer, spoiled.
	CutBody    bool // ends in the middle
	WrongTypes bool // numbers as strings, strings as numbers, booleans as numbers
	EmptyList  bool // an array without elements

	Header http.Header // added to the answer
}

// faults are those in force.
type faults struct {
	all []*injected
}

type injected struct {
	Fault
	seen, done int
}

// Inject makes something go wrong until remove is called or it has happened often enough.
func (c *Cloud) Inject(f Fault) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := &injected{Fault: f}
	c.faults.all = append(c.faults.all, in)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults.all = slices.DeleteFunc(c.faults.all, func(x *injected) bool { return x == in })
	}
}

// pick returns what goes wrong with this request; the zero Fault when nothing does.
func (s *faults) pick(r *http.Request) Fault {
	for _, f := range s.all {
		if !f.matches(r) || f.Times > 0 && f.done >= f.Times {
			continue
		}
		if f.seen++; f.Every > 1 && f.seen%f.Every != 0 {
			continue
		}
		f.done++
		return f.Fault
	}
	return Fault{}
}

func (f *Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Path == "" {
		return true
	}
	pattern := f.Path
	if pattern[0] != '/' {
		pattern = "/api/" + pattern
	}
	if strings.HasPrefix(r.URL.Path, pattern) {
		return true
	}
	ok, err := path.Match(pattern, r.URL.Path)
	return ok && err == nil
}

// replaces tells whether the fault stands in place of the usual answer.
func (f *Fault) replaces() bool {
	return f.Status != 0 || f.Body != "" || f.HTML || f.Reset || f.LimitRate
}

const portal = `<!DOCTYPE html>
<html><head><title>Welcome</title></head>
<body><h1>Guest Wi-Fi</h1><p>Please accept our terms to go online.</p></body></html>
`

// faulty is the answer with what goes wrong, given how to come by the usual one.
func (c *Cloud) faulty(f Fault, r *http.Request, usual func() *reply, now time.Time) *reply {
	if f.DropToken {
		delete(c.tokens.ends, bearer(r))
	}
	if f.replaces() {
		return f.instead(c, now)
	}
	a := usual()
	if a.status != http.StatusOK {
		return a
	}
	switch {
	case f.EmptyList && len(a.body) > 0 && a.body[0] == '[':
		a.body = []byte("[]")
	case f.WrongTypes:
		a.body = wrongTypes(a.body)
	}
	a.cut = f.CutBody
	return a
}

// instead is the answer in place of the usual one.
func (f *Fault) instead(c *Cloud, now time.Time) *reply {
	status := f.Status
	if f.LimitRate {
		setDefault(&status, http.StatusTooManyRequests)
	}
	setDefault(&status, http.StatusOK)
	a := jsonReply(status, []byte(f.Body))
	a.reset, a.cut = f.Reset, f.CutBody
	wait := f.RetryAfter
	if f.LimitRate {
		setDefault(&wait, time.Minute)
		limitHeaders(a.header, 0, c.published(now.Add(wait)))
	}
	if wait > 0 {
		a.header.Set("Retry-After", seconds(wait))
	}
	if f.HTML {
		a.body = []byte(portal)
		a.header.Set("Content-Type", "text/html; charset=utf-8")
	}
	return a
}

// wrongTypes turns numbers into strings, booleans into numbers and strings into numbers, ids apart.
func wrongTypes(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	out, err := json.Marshal(wrong(v))
	if err != nil {
		return body
	}
	return out
}

func wrong(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name, y := range x {
			if name != "id" {
				x[name] = wrong(y)
			}
		}
	case []any:
		for i := range x {
			x[i] = wrong(x[i])
		}
	case json.Number:
		return x.String()
	case string:
		return 4711
	case bool:
		return 1
	}
	return v
}
