package bridge

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// identity tells bridges and accounts apart, without naming either.
type identity struct {
	instance string // random, of this process
	account  string // see accountHash
	lost     bool   // another bridge took the name from this one
	waiting  bool   // the log has told that another bridge is active
}

func newIdentity(username, prefix string) identity {
	return identity{instance: rand.Text()[:16], account: accountHash(username, prefix)}
}

// hashRounds makes a guess at the e-mail address of a hash cost some milliseconds.
const hashRounds = 20_000

// accountHash is a hash of the account's e-mail address for the topic prefix, 32 hexadecimal digits. The prefix is its
// salt, so that the hashes of two brokers' bridges can't be compared, nor looked up in a list made beforehand.
func accountHash(username, prefix string) string {
	key, err := pbkdf2.Key(sha256.New, strings.ToLower(strings.TrimSpace(username)), []byte("rapt-bridge account below "+prefix), hashRounds, 16)
	if err != nil {
		return "" // not with these lengths
	}
	return hex.EncodeToString(key)
}

// isForeign reports whether a retained state is another account's. The bridge ends then, and leaves what is there alone.
func (b *bridge) isForeign(account string) bool {
	if account == "" || account == b.identity.account {
		return false
	}
	b.ended = fmt.Errorf("another RAPT account's bridge publishes below the topic prefix %q; set mqtt.topic_prefix to one of its own for each account. "+
		"If this bridge is to follow the other one there, stop that one and clear what it left: mosquitto_pub -r -n -t %s", b.options.TopicPrefix, b.mqtt.topics.BridgeState())
	return true
}

var errOtherActive = errors.New("another bridge of the account is active")
