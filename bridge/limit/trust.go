package limit

import (
	"cmp"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

func (k Key) signed(s SavedLog) bool {
	code, err := base64.RawStdEncoding.DecodeString(s.Code)
	return err == nil && hmac.Equal(code, k.sum(s)) // which takes as long whatever differs
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

// clockPlay is how far in the future a saved log may lie: clocks are set by moments all the time.
const clockPlay = 5 * time.Second

// Check returns why a saved log is not to be trusted, in words; nil when it is: it is signed, nothing in it lies in the
// future, and it holds no more requests than the limits allow. One that is not trusted counts as lost.
func (l *RequestLog) Check(k Key, s SavedLog, wall time.Time) error {
	switch ahead := s.At.Sub(wall); {
	case !k.signed(s):
		return errors.New("it isn't signed with this account's API secret")
	case ahead > clockPlay:
		return fmt.Errorf("it lies %s in the future; this machine's clock may have been set back", ahead.Round(time.Second))
	}
	everything := slices.Concat(s.Polls, s.Commands)
	for _, c := range []struct {
		entries [][2]int
		most    int
		span    time.Duration
	}{
		{everything, l.hour.limit, l.hour.span},
		{everything, l.minute.limit, l.minute.span},
		{s.Polls, l.polls.limit, l.polls.span},
		{s.SignIns, l.signIns.limit, l.signIns.span},
		{s.Backfill, l.backfill.limit, l.backfill.span},
	} {
		if !fits(c.entries, c.most, c.span) {
			return errors.New("it holds more requests than the limits allow")
		}
	}
	if w := s.Reserved; w != nil && (w.Age < 0 || !within(w.Polls, l.polls.limit) || !within(w.Commands, l.hour.limit) || !within(w.SignIns, l.signIns.limit)) {
		return errors.New("it holds back more requests than there are")
	}
	return nil
}

func within(n, most int) bool { return n >= 0 && n <= most }

// fits reports whether no span holds more than most of the requests, each entry being an age in seconds and how many.
func fits(entries [][2]int, most int, span time.Duration) bool {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	sum, newest := 0, 0
	for _, e := range entries {
		if e[0] < 0 || e[1] < 1 || e[1] > most {
			return false
		}
		for ; e[0]-entries[newest][0] >= int(span/time.Second); newest++ {
			sum -= entries[newest][1]
		}
		if sum += e[1]; sum > most {
			return false
		}
	}
	return true
}
