package bridge

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
)

// restorePositions goes on where the earlier run left the stream. Without a stream the positions stay for when it is turned
// on again, but for those of devices that are gone.
func (b *bridge) restorePositions(now time.Time) {
	if !b.options.History.Enabled {
		return
	}
	for ref, payload := range b.mqtt.earlier.Positions {
		if !b.backfill.History.Restore(ref, payload, now) {
			b.log.Warn("what the broker retains of a device's history can't be read; it begins anew", slog.String("topic", b.mqtt.topics.History(ref.Family, ref.ID)))
		}
	}
}

// handOn publishes the next row.
func (b *bridge) handOn(now time.Time) {
	out, moved, ok := b.backfill.Next(now)
	for _, ref := range moved {
		b.publishPosition(ref)
	}
	if !ok {
		return
	}
	acked := b.acked
	b.mqtt.put(broker.Publication{
		Topic: b.mqtt.topics.Telemetry(out.Ref.Family, out.Ref.ID), Payload: out.Row.AppendJSON(nil, out.Backfilled),
		OnAcked: func(delivered bool) { acked <- delivered },
	})
}

// handedOn takes what became of the row.
func (b *bridge) handedOn(delivered bool) {
	row, moved := b.backfill.Acknowledged(delivered, !delivered && b.mqtt.phase == running)
	if delivered {
		b.metrics.Row(string(row.Ref.Family), row.Backfilled)
	}
	if moved {
		b.publishPosition(row.Ref)
	}
}

// publishPosition publishes until when a device's stream is complete.
func (b *bridge) publishPosition(ref device.Ref) {
	if doc := b.backfill.History.Position(ref); doc != nil && b.account.Find(ref) != nil {
		b.mqtt.retain(b.mqtt.topics.History(ref.Family, ref.ID), doc)
	}
}

// nextBackfill is when missing rows may be asked for; zero for not as things are.
func (b *bridge) nextBackfill(now time.Time) time.Time {
	return b.account.NextBackfill(now, b.backfill.History.Due())
}

// fetch asks for missing rows.
func (b *bridge) fetch(ctx context.Context, now time.Time) {
	r, ok := b.backfill.History.Request(now)
	d := b.account.Find(r.Ref)
	if !ok || d == nil {
		return
	}
	c := worker.NewCall(limit.ForBackfill,
		// A second more: the cloud may leave out what is written with fewer digits than asked for.
		func(ctx context.Context) (device.TelemetryList, error) {
			return d.Group.Telemetry(ctx, b.account.client, d.ID, r.From, r.To.Add(time.Second))
		},
		func(list device.TelemetryList, err error) { b.fetched(r, list, err) })
	c.Yields = true
	b.account.Lender.TookTurn()
	b.start(ctx, c)
}

// fetched takes the rows of an answer.
func (b *bridge) fetched(r history.Request, list device.TelemetryList, err error) {
	now := b.clock.Now()
	if err == nil {
		b.onAPISuccess()
		b.notice(list.Report)
		b.batches.beers.Rows(r.Ref, list.Rows)
		b.backfill.Answered(r, list.Rows, now, b.account.Cloud(now))
		b.page.AddRows(r.Ref, list.Rows)
	} else {
		how := b.backfill.Failed(r, err, now)
		if how == history.Failed || how == history.Refused {
			b.onAPIError(now, err)
		}
		if how != history.Postponed {
			b.batches.beers.Failed(r.Ref)
		}
	}
	b.publishPosition(r.Ref)
}
