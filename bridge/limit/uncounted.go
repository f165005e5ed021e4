package limit

import "time"

// afterUncounted is how long nothing is asked after the broker has not taken a count: it may never do, where its access
// rules forbid it.
const afterUncounted = 10 * time.Second

// staleCount is how late the broker's answer to a count may come: a process that was frozen finds one from before.
const staleCount = 20 * time.Second

// Uncounted is a request that may not leave, because the broker has not taken its count.
type Uncounted struct {
	Asked, Answered time.Time
	Purpose         Purpose
	SignIn          bool
}

// Late reports whether the broker's answer is from too long ago to be believed.
func (u Uncounted) Late() bool { return u.Answered.Sub(u.Asked) > staleCount }

// Until is when something may be asked again.
func (u Uncounted) Until() time.Time { return u.Answered.Add(afterUncounted) }

// Err says why the request may not leave.
func (u Uncounted) Err() error {
	return &RateLimitedError{At: u.Until(), Reason: "the MQTT broker has not taken the count of requests, so that another bridge of the account may be active"}
}

// Withdraw takes a request out of the log that has not left, and asks nothing for a while.
func (g *Gate) Withdraw(u Uncounted) {
	g.Requests.Withdraw(u.Asked, u.Purpose, u.SignIn)
	g.UncountedUntil = u.Until()
}
