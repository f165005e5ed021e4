package command

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// verifyAfter is how long after a write without an answer it is read back, and again while that fails.
const verifyAfter = 3 * time.Second

// Fate is what an error of the API says of the call that carried commands out.
type Fate int

// The fates.
const (
	Unanswered Fate = iota // it may have been carried out
	Unsent                 // surely not carried out: it may wait for its next chance
	Refused                // the API doesn't take this one; other calls are not concerned
	SignedOut              // the account's secret is refused
)

// FateOf reads the error of a call.
func FateOf(err error) Fate {
	var (
		signIn *raptclient.SignInError
		api    *raptclient.APIError
	)
	answered := errors.As(err, &api)
	switch {
	case answered && api.Status < http.StatusInternalServerError && api.Status != http.StatusTooManyRequests:
		return Refused
	case errors.As(err, &signIn) && signIn.Rejected:
		return SignedOut
	case !raptclient.Sent(err), answered && api.Status == http.StatusTooManyRequests:
		return Unsent
	}
	return Unanswered
}

// Verify has a write without an answer, which may have been carried out, read back before it is sent once more. It returns
// the error to fail with where nothing more can be done: it was tried twice, its minute is over, or shown, what the cloud
// shows of the device, doesn't have its key.
func (c *Command) Verify(now time.Time, shown device.Reading, err error) error {
	_, readable := c.Shown(shown)
	c.Attempts++
	if c.Attempts > 1 || !readable || now.After(c.Expires()) {
		return fmt.Errorf("%w; it may have been carried out", err)
	}
	c.Why = err.Error()
	c.VerifyAgain(now)
	return nil
}

// VerifyAgain has it read back after a while, since that failed at now: nothing is sent twice without a look.
func (c *Command) VerifyAgain(now time.Time) { c.VerifyAt = now.Add(verifyAfter) }

// Unseen reports whether a reading tells nothing of whether the command was carried out, so that another look is
// needed. What switches something off needs none: it does no harm twice.
func (c *Command) Unseen(shown device.Reading) bool {
	_, known := c.Shown(shown)
	return !known && !c.Off
}

// Verified takes what the cloud shows, and reports whether the write was carried out. One that was not may be sent again. A
// target that is merely near may be the one from before, and sending it twice does no harm.
func (c *Command) Verified(shown device.Reading) bool {
	if v, ok := c.Shown(shown); ok && v.Same(c.Asked.Value) {
		return true
	}
	c.VerifyAt = time.Time{}
	return false
}

// ErrGone is why a command is not carried out whose device was taken out.
var ErrGone = errors.New("the device is no longer in the RAPT account")

// Outcome is what to tell of a command that ends so: one that left without an answer may have been carried out, and is not
// told to be rejected.
func (c *Command) Outcome(o Outcome, err error) (Outcome, error) {
	if o == Rejected && c.Attempts > 0 {
		return Failed, fmt.Errorf("%w; it was sent once without an answer, so it may have been carried out", err)
	}
	return o, err
}

// Expired is how a command ends that has waited for too long. held is what holds commands back, in words; empty for
// nothing.
func (c *Command) Expired(held string) (Outcome, error) {
	why := c.Why
	if held != "" {
		why = held
	}
	switch {
	case !c.VerifyAt.IsZero():
		return Failed, fmt.Errorf("%s; it could not be read back either, so it may have been carried out", why)
	case c.Attempts > 0:
		return Failed, fmt.Errorf("%s; it was sent once without an answer, so it may have been carried out", why)
	case c.AwaitsList && why == "":
		why = fmt.Sprintf("the list of the family %s has not been answered yet", c.Family)
	}
	text := "it waited for longer than a minute and was not sent"
	if why != "" {
		text += ": " + why
	}
	return Rejected, errors.New(text)
}
