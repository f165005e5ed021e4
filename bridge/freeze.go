package bridge

import (
	"log/slog"
	"time"
)

// pulseEvery is how often the loop turns at the least.
const pulseEvery = time.Second

// turned notes a turn of the loop, before anything else is done in it, and reports whether the process has slept. After a
// sleep what came in meanwhile is old, although the kernel hands it over as if it had come just now.
func (b *bridge) turned() bool {
	if b.options.Heartbeat != nil {
		b.options.Heartbeat()
	}
	b.turnedAt = b.clock.Now()
	asleep, unseen, slept := b.watch.Slept()
	if slept {
		b.onWake(asleep, unseen)
	}
	return slept
}

// onWake goes on after a sleep: the broker is connected to anew, since nobody can tell when a message on the old
// connection was sent. unseen is the part of the sleep that steady time doesn't know of.
//
// A wall clock that is set forward looks like a sleep. Then the new connection is all that happens, and that a command
// which waits at this very moment is not sent.
func (b *bridge) onWake(asleep, unseen time.Duration) {
	a, m := b.account, &b.mqtt
	b.log.Warn("the bridge has not run for a while, or the clock was set; connecting to the MQTT broker anew and refusing the commands that came meanwhile",
		slog.Duration("for", asleep.Round(time.Second)))
	a.Queue.Age(unseen)
	if c := a.calling; c != nil {
		if a.inFlight.Age(unseen); c.Late(b.clock) != nil {
			c.Cancel()
		}
	}
	m.freshFrom = m.conn.Renew() + 1
	b.disconnected(false)
}
