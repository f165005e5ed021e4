package command

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

func TestWhatAnErrorSaysOfACommand(t *testing.T) {
	status := func(s int) error { return fmt.Errorf("wrapped: %w", &raptclient.APIError{Endpoint: "x", Status: s}) }
	for _, c := range []struct {
		err  error
		want Fate
	}{
		{status(400), Refused}, {status(401), Refused}, {status(403), Refused}, {status(404), Refused},
		{status(429), Unsent},
		{status(500), Unanswered}, {status(503), Unanswered},
		{&raptclient.SignInError{Rejected: true, Status: 400}, SignedOut},
		{&raptclient.SignInError{Status: 502}, Unsent},
		{errors.New("the connection was reset"), Unanswered},
	} {
		assert.Equal(t, c.want, FateOf(c.err), "%v", c.err)
	}
}

func TestAWriteWithoutAnAnswerIsLookedAtBeforeItIsSentAgain(t *testing.T) {
	before := with(shownBy(t, discovery.BrewZilla), pump(10))
	lost := errors.New("no answer")
	c := pump(40)
	assert.NoError(t, c.Verify(noon, before, lost))
	assert.Equal(t, noon.Add(verifyAfter), c.VerifyAt)
	assert.Equal(t, "no answer", c.Why)
	c.VerifyAgain(noon.Add(verifyAfter))
	assert.Equal(t, noon.Add(2*verifyAfter), c.VerifyAt)
	assert.False(t, c.Verified(before))
	assert.Zero(t, c.VerifyAt, "it may be sent again")
	assert.EqualError(t, c.Verify(noon.Add(10*time.Second), before, lost), "no answer; it may have been carried out")

	c = pump(40)
	assert.NoError(t, c.Verify(noon, before, lost))
	assert.True(t, c.Verified(with(before, pump(40))))
}

func TestWhatCannotBeLookedAtHasFailed(t *testing.T) {
	lost := errors.New("no answer")
	assert.Error(t, pump(40).Verify(noon, device.Reading{}, lost), "nothing is shown")
	c := pump(40)
	c.At = noon
	assert.Error(t, c.Verify(noon.Add(2*MaxWait), with(shownBy(t, discovery.BrewZilla), pump(10)), lost), "its minute is over")
}

func TestWhatLeftBeforeIsNotToldToBeRejected(t *testing.T) {
	outcome, err := (&Command{}).Outcome(Rejected, ErrGone)
	assert.Equal(t, Rejected, outcome)
	assert.Equal(t, ErrGone, err)
	sent := &Command{Attempts: 1}
	outcome, err = sent.Outcome(Rejected, ErrGone)
	assert.Equal(t, Failed, outcome)
	assert.EqualError(t, err, "the device is no longer in the RAPT account; it was sent once without an answer, so it may have been carried out")
	outcome, err = sent.Outcome(Superseded, nil)
	assert.Equal(t, Superseded, outcome)
	assert.NoError(t, err)
}

func TestACommandThatWaitedTooLongSaysWhy(t *testing.T) {
	for _, c := range []struct {
		command Command
		held    string
		outcome Outcome
		says    string
	}{
		{Command{}, "", Rejected, "it waited for longer than a minute and was not sent"},
		{Command{Why: "a"}, "", Rejected, "it waited for longer than a minute and was not sent: a"},
		{Command{Why: "a"}, "b", Rejected, "it waited for longer than a minute and was not sent: b"},
		{Command{Request: Request{Ref: Ref{Ref: device.Ref{Family: "still"}}}, AwaitsList: true}, "", Rejected,
			"it waited for longer than a minute and was not sent: the list of the family still has not been answered yet"},
		{Command{Why: "a", VerifyAt: noon}, "", Failed, "a; it could not be read back either, so it may have been carried out"},
		{Command{Why: "a", Attempts: 1}, "b", Failed, "b; it was sent once without an answer, so it may have been carried out"},
	} {
		outcome, err := c.command.Expired(c.held)
		assert.Equal(t, c.outcome, outcome)
		assert.EqualError(t, err, c.says)
	}
}
