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
	Code   string `json:"code"`
}

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

// PermitDesk takes questions that are genuine, each of them once.
type PermitDesk struct{ taken map[string]time.Time }

// Take reads a question at a time of the wall clock. It returns an error that says why it is not to be answered.
func (d *PermitDesk) Take(k Key, payload []byte, wall time.Time) (PermitRequest, error) {
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
		return r, errors.New("it is of another time; the clocks of the two machines may differ")
	case !d.taken[r.Nonce].IsZero():
		return r, errors.New("it was answered before")
	}
	for nonce, at := range d.taken {
		if wall.Sub(at).Abs() > permitFor {
			delete(d.taken, nonce)
		}
	}
	if d.taken == nil {
		d.taken = map[string]time.Time{}
	}
	d.taken[r.Nonce] = r.At
	return r, nil
}
