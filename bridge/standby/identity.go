package standby

import "crypto/rand"

// Identity tells bridges and accounts apart, without naming either.
type Identity struct {
	Instance string // random, of this process
	Account  string // a hash of the account
	Lost     bool   // another bridge took the name from this one
	Waiting  bool   // the log has told that another bridge is active
}

// NewIdentity is a new bridge's of an account.
func NewIdentity(account string) Identity {
	return Identity{Instance: rand.Text()[:16], Account: account}
}

// Foreign reports whether a retained state is another account's. One that doesn't say is not.
func (i Identity) Foreign(account string) bool { return account != "" && account != i.Account }
