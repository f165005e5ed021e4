package limit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
)

// Refusal is why a command that comes at now is not taken: its key was changed too often, or no request is free for it
// before it expires, zero for not known yet. nil when it may be. change names what it changes; empty for what is not
// counted.
func (g *Gate) Refusal(now time.Time, p Purpose, change string, expires time.Time) error {
	if p == ForCommand && change != "" {
		if err := g.Changes.Check(now, change, g.clock); err != nil {
			return err
		}
	}
	if at := g.Requests.NextAllowed(now, p, false); !expires.IsZero() && at.After(expires) {
		return errors.New(g.usedUp(p, false, at))
	}
	return nil
}

// Held is what holds a command back at now, in words; empty when nothing does.
func (g *Gate) Held(now time.Time, p Purpose) string {
	if at := g.Requests.NextAllowed(now, p, false); at.After(now) {
		return g.usedUp(p, false, at)
	}
	if at := g.Health.NextCommand(p); at.After(now) && !g.Health.Hard {
		return g.usedUp(p, true, at)
	}
	return g.Health.Reason
}

// usedUp says that requests or sign-ins of the hour are used up for a purpose, and until when.
func (g *Gate) usedUp(p Purpose, signIns bool, until time.Time) string {
	what := "requests"
	if signIns {
		what = "sign-ins"
	}
	text := fmt.Sprintf("the %s that the bridge allows itself are used up until %s", what, g.clock(until))
	if p == ForCommand {
		text += "; what switches something off is still sent, but not over and over"
	}
	return text
}

// Retry is when a list that failed is asked for again.
type Retry struct {
	Family string
	At     time.Time
}

// Plan is what happens when somebody asks for fresh readings.
type Plan struct {
	At    time.Time // when the API is asked; zero for at once
	Why   string    // why not before, as a sentence without its full stop; empty for the bridge's own limits
	Later []Retry   // lists that wait longer, since they failed
}

// RefreshPlan is what happens when somebody asks for fresh readings at now. opens is when the limits let each list be asked
// for, retries are those that failed.
func (g *Gate) RefreshPlan(now time.Time, opens []time.Time, retries []Retry) Plan {
	if until := g.Health.Until; until.After(now) {
		return Plan{At: until, Why: g.Health.Explanation.What}
	}
	if len(opens) > 0 && slices.MaxFunc(opens, time.Time.Compare).Sub(now) > time.Second {
		return Plan{At: times.Latest(now, slices.MinFunc(opens, time.Time.Compare))}
	}
	return Plan{Later: retries}
}

// Words is a plan in words.
func (g *Gate) Words(p Plan) string {
	switch {
	case p.Why != "":
		return fmt.Sprintf("Nothing is asked before %s: %s.", g.clock(p.At), strings.ToLower(p.Why[:1])+p.Why[1:])
	case !p.At.IsZero():
		return fmt.Sprintf("The bridge asks for fresh readings from %s on, to stay below the limits.", g.clock(p.At))
	case len(p.Later) > 0:
		var later []string
		for _, r := range p.Later {
			later = append(later, fmt.Sprintf("%s at %s", r.Family, g.clock(r.At)))
		}
		return "The bridge asks for fresh readings now, but for lists that failed: " + strings.Join(later, ", ") + "."
	}
	return "The bridge asks for fresh readings now; they show within some seconds."
}
