package bridge

import (
	"log/slog"
	"time"
)

const (
	pulseEvery = time.Second // the loop turns at least this often
	// frozenAfter is the shortest time without a turn that is taken for sleep: a process that was stopped, a container that
	// was paused, a suspended machine.
	frozenAfter = 5 * time.Second
)

// turned notes a turn of the loop, before it does anything else. After a sleep what came in meanwhile is old, although
// the kernel hands it over as if it had come just now.
func (b *bridge) turned() {
	if b.options.Heartbeat != nil {
		b.options.Heartbeat()
	}
	last := b.lastTurn
	b.lastTurn = b.clock.moment()
	if asleep, unseen := b.lastTurn.since(last); asleep >= frozenAfter {
		b.onThaw(asleep, unseen)
	}
}

// onThaw goes on after a sleep: the broker is connected to anew, since nobody can tell when a message on the old
// connection was sent. unseen is the part of the sleep that steady time doesn't know of.
//
// A wall clock that is set forward looks like a sleep. Then the new connection is all that happens, and that a command
// which waits at this very moment is not sent.
func (b *bridge) onThaw(asleep, unseen time.Duration) {
	a, m := b.account, &b.mqtt
	b.log.Warn("the bridge has not run for a while, or the clock was set; connecting to the MQTT broker anew and refusing the commands that came meanwhile",
		slog.Duration("for", asleep.Round(time.Second)))
	a.queue.Age(unseen)
	if c := a.calling; c != nil {
		if c.batch.Age(unseen); c.late(b.clock) != nil {
			c.cancel()
		}
	}
	m.freshFrom = m.conn.Renew() + 1
	m.phase, m.since, m.renewing = away, b.clock.now(), true
	m.outbox.Clear()
}
