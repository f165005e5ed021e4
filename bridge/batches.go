package bridge

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/fermentation"
	"github.com/rapt-bridge/rapt-bridge/bridge/history"
	"github.com/rapt-bridge/rapt-bridge/bridge/status"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// batches follows what the beer does. It is a sink of readings.
type batches struct {
	beers *fermentation.Beers
	shown map[device.Ref]*web.Batch // on the status page
	cloud func() time.Time          // now on the cloud's clock
}

func (b *bridge) newBatches() *batches {
	return &batches{
		beers: fermentation.New(fermentation.Options{History: b.options.History.Enabled, Days: b.options.History.Days}),
		shown: map[device.Ref]*web.Batch{},
		cloud: b.cloud,
	}
}

// cloud is now on the cloud's clock.
func (b *bridge) cloud() time.Time { return b.account.Cloud(b.clock.Now()) }

// Accept takes a reading.
func (s *batches) Accept(u device.Update) { s.beers.Accept(u, s.cloud()) }

// Remove does nothing: what is retained of a device's batches is cleared with its other topics.
func (s *batches) Remove(device.Ref) {}

// restoreBatches goes on where the earlier run left the batches.
func (b *bridge) restoreBatches() {
	for _, ref := range b.batches.beers.RestoreAll(b.mqtt.earlier.Batches, b.mqtt.earlier.EndedBatches, b.batches.cloud()) {
		b.log.Warn("what the broker retains of a device's batch can't be read; what its owner said of it is lost", slog.String("topic", text.Line(b.mqtt.topics.Batch(ref.Family, ref.ID), device.MaxText)))
	}
}

// followBatches works for a few milliseconds on what the batches do, and publishes what comes of it.
func (b *bridge) followBatches() {
	s, now := b.batches, b.batches.cloud()
	if b.options.History.Enabled {
		s.beers.LookBacks(now, b.backfill.History.Awaits, func(ref device.Ref, l fermentation.LookBack) {
			b.backfill.History.LookBack(ref, history.Span{From: l.From, To: l.To})
		})
	}
	out, worked := s.beers.Step(now)
	if !worked {
		return
	}
	if out.Found != nil {
		s.shown[out.Ref] = status.Batch(*out.Found, s.beers.Document(out.Ref))
	}
	b.publishBatch(out)
	for _, e := range out.Events {
		b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.BatchEvent(out.Ref.Family, out.Ref.ID), Payload: e})
	}
}

// publishBatch publishes what is retained of a device's batches.
func (b *bridge) publishBatch(out fermentation.Output) {
	for _, e := range out.Ended {
		b.mqtt.retain(b.mqtt.topics.EndedBatch(out.Ref.Family, out.Ref.ID, e.Number), e.Payload)
	}
	if out.Document != nil {
		b.mqtt.retain(b.mqtt.topics.Batch(out.Ref.Family, out.Ref.ID), out.Document)
	}
}

// batchAgain publishes the document of a device's batch although it hasn't changed.
func (b *bridge) batchAgain(ref device.Ref) {
	if doc := b.batches.beers.Payload(ref); doc != nil {
		b.mqtt.retain(b.mqtt.topics.Batch(ref.Family, ref.ID), doc)
	}
}

// clearBatches takes what is retained of a device's batches off the broker.
func (b *bridge) clearBatches(ref device.Ref) {
	for _, number := range b.batches.beers.Remove(ref) {
		b.mqtt.clear(b.mqtt.topics.EndedBatch(ref.Family, ref.ID, number))
	}
	delete(b.batches.shown, ref)
	if fermentation.Follows(ref.Family) {
		b.mqtt.clear(b.mqtt.topics.Batch(ref.Family, ref.ID))
	}
}

// nextBatch is when there is something to do for the batches.
func (b *bridge) nextBatch() time.Time { return b.account.Steady(b.batches.beers.Due()) }

// onBatchCommand takes what the owner says of a batch. The cloud is not asked, so that nothing has to wait.
func (b *bridge) onBatchCommand(r command.Request) {
	ref := r.Ref.Ref
	err := b.validator.Admit(r)
	if err == nil && b.account.Find(ref) == nil && !b.batches.beers.Knows(ref) {
		err = fmt.Errorf("there is no %s %s in the RAPT account", ref.Family, text.Quote(ref.ID))
	}
	var said fermentation.Entry
	if err == nil {
		said, err = fermentation.Read(r.Key, r.Payload)
	}
	if err != nil {
		b.reject(r, err)
		b.batchAgain(ref) // so that a dashboard returns to it
		return
	}
	outcome := command.Unchanged
	if b.batches.beers.Enter(ref, said, b.batches.cloud()) {
		outcome = command.Applied
	}
	b.report(r, said.Value, outcome, nil)
}
