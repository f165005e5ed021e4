package bridge

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
)

// beginRestore waits for a marker of the bridge's own to come back: what was retained comes before it.
func (b *bridge) beginRestore() {
	m := &b.mqtt
	m.phase, m.marker = restoring, rand.Text()
	b.showActive()
	m.put(broker.Publication{Topic: m.topics.BridgeMarker(), Payload: []byte(m.marker)})
}

// restoreRequests takes over the log of the past hour's requests. Anybody may have written what the broker retains: a log
// that is not to be trusted counts as lost.
func (b *bridge) restoreRequests(now time.Time) {
	a, r := b.account, b.mqtt.earlier
	why, level := "the broker holds nothing of an earlier run", slog.LevelInfo
	if r.Requests != nil {
		err := a.key.Check(*r.Requests)
		if err == nil {
			if silence := a.Gate.Restore(*r.Requests, now, b.clock.Wall()); silence != "" {
				b.log.Warn(silence)
			}
			b.log.Info("took over from an earlier run", slog.Int("requests_last_hour", a.Gate.Requests.LastHour(now)), slog.Int("devices", len(r.Devices)))
			return
		}
		why, level = "the log of requests that the broker holds can't be trusted: "+err.Error(), slog.LevelWarn
	}
	a.Gate.Requests.Reserve(now)
	b.log.Log(context.Background(), level, why+"; starting with a quarter of the hour's requests", slog.Int("requests", b.options.MaxRequestsPerHour/4))
}

// endRestore goes on where the earlier run left off: the ceiling holds, and devices that are gone are known.
func (b *bridge) endRestore() {
	a, m, now := b.account, &b.mqtt, b.clock.Now()
	if b.isForeign(m.earlier.Account) {
		return
	}
	m.conn.EndRestore()
	m.earlier.TakenOverBy(b.identity.Account)
	b.restoreRequests(now)
	a.RestoreHeating(m.earlier.HeatingOn, m.earlier.HeatingUnseen, m.earlier.Devices, now, b.clock.Wall())
	for ref, config := range m.earlier.Known(b.options.Discovery) {
		a.Absent.Add(ref, config)
	}
	b.restorePositions(now)
	b.restoreBatches()
	if !b.options.Discovery {
		for _, topic := range append(m.earlier.Announcements(), m.topics.BridgeConfig()) {
			m.clear(topic)
		}
	}
	m.restored, m.phase = true, running
	b.tickAt = now.Add(tickEvery)
	b.republish()
}
