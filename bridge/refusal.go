package bridge

import (
	"errors"
	"fmt"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

var errQueueFull = errors.New("too many commands wait already; try again when some are done")

// purposeOf is what a command's requests count as.
func purposeOf(c *command.Command) limit.Purpose {
	if c.Off {
		return limit.ForOff
	}
	return limit.ForCommand
}

// refusal is why a command that comes at now is not taken, or will not leave within its minute; nil when it may.
func (b *bridge) refusal(c *command.Command, now time.Time) error {
	p := purposeOf(c)
	if p == limit.ForCommand && !c.Submits() {
		if err := b.account.changes.Check(now, c.Ref.String(), b.clock.Text); err != nil {
			return err
		}
	}
	if at := b.account.requests.NextAllowed(now, p, false); at.After(c.Expires()) && !c.AwaitsList {
		return errors.New(b.usedUp(p, false, at))
	}
	return nil
}

// held is what holds a command back at now, in words; empty when nothing does.
func (b *bridge) held(c *command.Command, now time.Time) string {
	a, p := b.account, purposeOf(c)
	if at := a.requests.NextAllowed(now, p, false); at.After(now) {
		return b.usedUp(p, false, at)
	}
	if at := a.health.NextCommand(p); at.After(now) && !a.health.Hard {
		return b.usedUp(p, true, at)
	}
	return a.health.Reason
}

// usedUp says that requests or sign-ins of the hour are used up for a purpose, and until when.
func (b *bridge) usedUp(p limit.Purpose, signIns bool, until time.Time) string {
	what := "requests"
	if signIns {
		what = "sign-ins"
	}
	text := fmt.Sprintf("the %s that the bridge allows itself are used up until %s", what, b.clock.Text(until))
	if p == limit.ForCommand {
		text += "; what switches something off is still sent"
	}
	return text
}
