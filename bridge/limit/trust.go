package limit

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// Key signs the saved log, so that nobody else who may publish on the broker can make one up. It can't keep anybody from
// publishing an older one again.
type Key struct{ key []byte }

// NewKey derives the key of an account from its API secret (HKDF with SHA-256, RFC 5869). The secret can't be found from
// the key, nor from what it signs: RAPT makes secrets by chance, and they are too long to be guessed.
func NewKey(account, secret string) Key {
	key, err := hkdf.Key(sha256.New, []byte(secret), []byte(account), "rapt-bridge request log", sha256.Size)
	if err != nil {
		panic(err) // of a key that is longer than HKDF can make, which this one isn't
	}
	return Key{key}
}

// Sign returns the log with its code.
func (k Key) Sign(s SavedLog) SavedLog {
	s.Code = base64.RawStdEncoding.EncodeToString(k.sum(s))
	return s
}

// Unused is the log of a run that has made no request until at: a start that finds it has all of the hour.
func (k Key) Unused(at time.Time) SavedLog {
	return k.Sign(SavedLog{At: at.UTC().Truncate(time.Second), Polls: [][2]int{}, Commands: [][2]int{}, SignIns: [][2]int{}})
}

// Check returns why a saved log is not to be trusted, in words; nil when it is signed. One that is not trusted counts as lost.
// A genuine one is taken over whatever this machine's clock and today's limits are: lost, it would give requests away.
func (k Key) Check(s SavedLog) error {
	code, err := base64.RawStdEncoding.DecodeString(s.Code)
	if err != nil || !hmac.Equal(code, k.sum(s)) { // which takes as long whatever differs
		return errors.New("it isn't signed with this account's API secret")
	}
	return nil
}

func (k Key) sum(s SavedLog) []byte {
	s.Code = ""
	text, _ := json.Marshal(s) // it holds nothing that can't be JSON
	return k.sign(text)
}

func (k Key) sign(parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, k.key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}
