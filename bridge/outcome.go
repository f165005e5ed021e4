package bridge

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/retained"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
)

// reject tells of a request that becomes no command.
func (b *bridge) reject(r command.Request, err error) {
	b.report(r, command.TextValue(text.Line(string(r.Payload), device.MaxText)), command.Rejected, err)
}

// publishOutcome tells what became of a command.
func (b *bridge) publishOutcome(c *command.Command, o command.Outcome, err error) {
	o, err = c.Outcome(o, err)
	value, _ := c.Asked.MarshalJSON() // it holds nothing that can't be JSON
	b.report(c.Request, value, o, err)
}

func (b *bridge) publishOutcomes(batch []*command.Command, o command.Outcome, err error) {
	for _, c := range batch {
		b.publishOutcome(c, o, err)
	}
}

// report is the way of every outcome: it is published, logged, counted, and kept for the status page.
func (b *bridge) report(r command.Request, value json.RawMessage, o command.Outcome, err error) {
	now, wall := b.clock.Now(), b.clock.Wall()
	name, key := r.Shown()
	nth := 1
	if o == command.Rejected || o == command.Superseded {
		if nth = b.refusals.Add(name+" "+string(o), now); nth > command.PublishedRefusals {
			b.metrics.Command(r.Key, o, now.Sub(r.At))
			return // a flood: counted, and summed up in the log
		}
	}
	r.Key = key
	b.publishResult(r, command.NewResult(r, value, o, err, now, wall))
	if d := b.account.Find(r.Ref.Ref); d != nil {
		name = d.Name()
		if o.Bad() {
			b.mirror.Again(d.Published)
		}
	}
	took := now.Sub(r.At)
	b.metrics.Command(r.Key, o, took)
	record := web.CommandRecord{At: wall, Device: name, Key: r.Key, Value: command.Unquoted(value), Outcome: string(o)}
	attributes := []any{slog.String("device", name), slog.String("key", r.Key), slog.String("value", record.Value), slog.String("outcome", string(o)), slog.Duration("took", took.Round(time.Millisecond))}
	if err != nil {
		record.Error = err.Error()
		attributes = append(attributes, slog.String("reason", record.Error))
		if trouble, ok := limit.Describe(err); ok {
			record.Error = trouble.String()
		}
	}
	b.page.AddCommand(r.Ref.Ref, record, o.Follows())
	if o.Follows() {
		b.log.Debug("command", attributes...)
		return
	}
	if nth == 1 {
		b.log.Info("command", attributes...)
	}
	if o.Bad() {
		b.problem(name + ": " + r.Key + " " + string(o) + ": " + record.Error)
		b.publishState()
	}
}

// summarizeRefusals writes what has not been told of the refusals of the last minute.
func (b *bridge) summarizeRefusals(now time.Time) {
	for _, s := range b.refusals.Take(now) {
		if s.More() > 0 {
			b.log.Info("more commands were not carried out", slog.String("of", s.Of), slog.Int("and_more", s.More()), slog.Duration("within", command.RefusalsApart))
		}
	}
}

// publishResult publishes an outcome on the result topic, and on the response topic of the request where it has one.
func (b *bridge) publishResult(r command.Request, result command.Result) {
	payload, _ := json.Marshal(result)
	if len(r.Ref.ID) <= retained.MaxID {
		b.mqtt.put(broker.Publication{Topic: b.mqtt.topics.Result(r.Family, r.Ref.ID), Payload: payload, Keep: true})
	}
	if !result.Outcome.Follows() && r.Answerable(b.options.TopicPrefix, b.options.DiscoveryPrefix) {
		b.mqtt.put(broker.Publication{Topic: r.ResponseTopic, Payload: payload, Correlation: r.Correlation, Keep: true})
	}
}
