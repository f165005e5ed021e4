package limit

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// PermitRequest asks the bridge whether a request of a program beside it may leave. The bridge counts it in its own log.
type PermitRequest struct {
	At     time.Time `json:"at"`
	Nonce  string    `json:"nonce"` // of this question alone
	SignIn bool      `json:"sign_in"`
	Code   string    `json:"code"` // see Key
}

// Permit is the bridge's answer.
type Permit struct {
	Nonce string `json:"nonce"` // of the question
	// WaitMS is how long to wait before asking again, in milliseconds; 0 for a request that may leave and is counted.
	WaitMS int64  `json:"wait_ms"`
	Error  string `json:"error,omitempty"` // why the question is refused; empty where it is not
	Code   string `json:"code"`
}

// ErrAnotherTime is a genuine question that is too old, or of the future.
var ErrAnotherTime = errors.New("it is of another time; the clocks of the two machines may differ")

// permitFor is how old a question may be.
const permitFor = 30 * time.Second

// AskPermit is a signed question.
func (k Key) AskPermit(at time.Time, signIn bool) PermitRequest {
	r := PermitRequest{At: at.UTC(), Nonce: rand.Text(), SignIn: signIn}
	r.Code = k.code("permit request", r)
	return r
}

// Answer is a signed answer to a question: wait for so long and ask again, or go when it is 0.
func (k Key) Answer(r PermitRequest, wait time.Duration) Permit {
	p := Permit{Nonce: r.Nonce, WaitMS: max(0, wait.Milliseconds())}
	if wait > 0 {
		p.WaitMS = max(1, p.WaitMS)
	}
	p.Code = k.code("permit", p)
	return p
}

// Refuse is a signed answer that says why a question is not taken.
func (k Key) Refuse(r PermitRequest, why error) Permit {
	p := Permit{Nonce: r.Nonce, Error: why.Error()}
	p.Code = k.code("permit", p)
	return p
}

// Answers reports whether p is this account's answer to r.
func (k Key) Answers(r PermitRequest, p Permit) bool {
	code := p.Code
	p.Code = ""
	return p.Nonce == r.Nonce && p.WaitMS >= 0 && hmac.Equal([]byte(code), []byte(k.code("permit", p)))
}

// code signs a document whose own code is empty. kind keeps a document of one kind from being taken for one of another.
func (k Key) code(kind string, doc any) string {
	text, _ := json.Marshal(doc) // it holds nothing that can't be JSON
	return base64.RawStdEncoding.EncodeToString(k.sign([]byte(kind+"\n"), text))
}

// Lender lends requests to a program beside the bridge, such as an export. The two take turns with the requests for what was
// missed, and ask the cloud for one thing after the other.
type Lender struct {
	taken   map[string]time.Time // questions, by their nonces
	awaited time.Time            // until when the program may come for its turn; zero for none
	lent    time.Time            // when it had its turn; zero when the bridge has had its own since
	busy    time.Time            // until when its request may be under way; zero for none
}

const (
	lendLater = time.Minute // to ask again while the API is ill
	lendSoon  = time.Second // to ask again after a request of the bridge's own
	// A program that was told when to ask again is awaited for so long, and after it had its turn, so is the bridge.
	awaitedFor = 5 * time.Second
	ownTurnFor = 5 * time.Minute
	// So long a request that was lent may be under way, unless the program asks for its next one before.
	underWayFor = 10 * time.Second
)

// Take reads a question at a time of the wall clock. It returns an error that says why it is not to be answered: each is
// answered once, and only if it is genuine.
func (l *Lender) Take(k Key, payload []byte, wall time.Time) (PermitRequest, error) {
	var r PermitRequest
	if json.Unmarshal(payload, &r) != nil {
		return r, errors.New("it is no question for a request")
	}
	unsigned := r
	unsigned.Code = ""
	switch age := wall.Sub(r.At); {
	case !hmac.Equal([]byte(r.Code), []byte(k.code("permit request", unsigned))):
		return r, errors.New("it isn't signed with this account's API secret")
	case age.Abs() > permitFor:
		return r, ErrAnotherTime
	case !l.taken[r.Nonce].IsZero():
		return r, errors.New("it was answered before")
	}
	for nonce, at := range l.taken {
		if wall.Sub(at).Abs() > permitFor {
			delete(l.taken, nonce)
		}
	}
	if l.taken == nil {
		l.taken = map[string]time.Time{}
	}
	l.taken[r.Nonce] = r.At
	return r, nil
}

// Lend counts a request, which may leave when wait is 0; else the program asks again then. open says that the bridge itself
// asks the API and is not just doing it, ownDue that it has rows of its own to ask for.
func (l *Lender) Lend(g *Gate, r PermitRequest, now time.Time, open, ownDue bool) (wait time.Duration) {
	l.busy = time.Time{} // the program asks for one thing after the other
	if wait = l.wait(g, r, now, open, ownDue); wait > 0 {
		l.awaited = now.Add(wait + awaitedFor)
		return wait
	}
	l.awaited, l.lent, l.busy = time.Time{}, now, now.Add(underWayFor)
	return 0
}

func (l *Lender) wait(g *Gate, r PermitRequest, now time.Time, open, ownDue bool) time.Duration {
	at, well := g.NextBackfill(now)
	switch {
	case !well:
		return lendLater
	case !open:
		return lendSoon
	case at.After(now):
		return at.Sub(now)
	case ownDue && now.Sub(l.lent) < ownTurnFor:
		return awaitedFor
	}
	var held *RateLimitedError
	if errors.As(g.Pass(now, ForBackfill, r.SignIn), &held) {
		return max(held.At.Sub(now), lendSoon)
	}
	return 0
}

// Busy is until when a request that was lent may be under way; zero for none.
func (l *Lender) Busy() time.Time { return l.busy }

// OwnTurn is when the bridge may ask for what was missed, beside a program that may be awaited.
func (l *Lender) OwnTurn() time.Time {
	if l.lent.IsZero() {
		return l.awaited
	}
	return l.busy
}

// TookTurn notes that the bridge has asked for what was missed.
func (l *Lender) TookTurn() { l.lent = time.Time{} }
