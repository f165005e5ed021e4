package raptclient

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// BodyProblem says in a few words what is wrong with a reply's body.
type BodyProblem string

const (
	BodyEmpty      BodyProblem = "the answer is empty"
	BodyHTML       BodyProblem = "the answer is a web page instead of data"
	BodyCut        BodyProblem = "the answer was cut off"
	BodyNotJSON    BodyProblem = "the answer is not JSON"
	BodyTooLarge   BodyProblem = "the answer is longer than 8 MiB"
	BodyUnexpected BodyProblem = "the answer is not what was asked for"
)

// bodyHints says what to do about a problem.
var bodyHints = map[BodyProblem]string{
	BodyHTML: "a login page of the network (captive portal) or a proxy may stand in between",
	BodyCut:  "check the internet connection",
}

// BodyError is an answer of status 2xx whose body can't be used.
type BodyError struct {
	Endpoint string
	Status   int
	Problem  BodyProblem
	// Detail says more where there is more to say.
	Detail string
	// Excerpt is at most 200 characters of the body.
	Excerpt   string
	RateLimit RateLimit

	err error
}

func (e *BodyError) Error() string {
	what := fmt.Sprintf("%s: %s", e.Endpoint, e.Problem)
	if e.Detail != "" {
		what += ", " + e.Detail
	}
	return sentence(what, e.Excerpt, bodyHints[e.Problem])
}

func (e *BodyError) Unwrap() error { return e.err }

// bodyProblem is what decoding says of a body, before it is known whose it is.
type bodyProblem struct {
	problem BodyProblem
	detail  string
	err     error
}

func (e *bodyProblem) Error() string {
	return strings.TrimSuffix(string(e.problem)+", "+e.detail, ", ")
}

// bodyError tells what is wrong with a reply, with an excerpt unless it may hold a token.
func (c *Client) bodyError(r *reply, err error) *BodyError {
	e := &BodyError{Endpoint: r.endpoint, Status: r.status, Problem: BodyNotJSON, RateLimit: r.rateLimit}
	if p, ok := err.(*bodyProblem); ok {
		e.Problem, e.Detail, e.err = p.problem, p.detail, p.err
	}
	if (e.Problem == BodyNotJSON || e.Problem == BodyCut) && looksLikeHTML(r.header, r.body) {
		e.Problem, e.Detail = BodyHTML, ""
	}
	if r.endpoint != SignInEndpoint || e.Problem == BodyHTML {
		e.Excerpt = c.excerpt(r.body)
	}
	return e
}

// excerptLength is how much of a body an error shows, in characters.
const excerptLength = 200

// excerptFrom is how much of a body an excerpt is looked for in, in bytes: of 8 MiB, copies would take more than the
// whole program does.
const excerptFrom = 16 << 10

// excerpt is the beginning of a body as one line of printable text without secrets.
func (c *Client) excerpt(body []byte) string {
	return text.Line(c.session.redact(string(body[:min(len(body), excerptFrom)])), excerptLength)
}

var bom = []byte("\xef\xbb\xbf")

// looksLikeHTML tells a web page from data by its type or by its first character.
func looksLikeHTML(h http.Header, body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, bom))
	if first, _ := utf8.DecodeRune(body); first == '<' {
		return true
	}
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/html") && !bytes.HasPrefix(body, []byte("[")) && !bytes.HasPrefix(body, []byte("{")) && len(body) > 0
}
