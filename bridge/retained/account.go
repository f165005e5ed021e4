package retained

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DemoAccount stands in the place of the hash where the demo wrote the document: its devices are no account's, so any
// account's bridge may take them out.
const DemoAccount = "demo"

// hashRounds makes a guess at the e-mail address of a hash cost some milliseconds.
const hashRounds = 20_000

// AccountHash is a hash of the account's e-mail address for the topic prefix, 32 hexadecimal digits. The prefix is its
// salt, so that the hashes of two brokers' bridges can't be compared, nor looked up in a list made beforehand.
func AccountHash(username, prefix string) string {
	key, err := pbkdf2.Key(sha256.New, strings.ToLower(strings.TrimSpace(username)), []byte("rapt-bridge account below "+prefix), hashRounds, 16)
	if err != nil {
		return "" // not with these lengths
	}
	return hex.EncodeToString(key)
}
