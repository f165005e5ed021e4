package bridge

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
)

// identity tells bridges and accounts apart, without naming either.
type identity struct {
	instance string // random, of this process
	account  string // see retained.AccountHash
	lost     bool   // another bridge took the name from this one
	waiting  bool   // the log has told that another bridge is active
}

func newIdentity(username, prefix string) identity {
	return identity{instance: rand.Text()[:16], account: retained.AccountHash(username, prefix)}
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
