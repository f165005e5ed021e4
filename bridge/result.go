package bridge

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// How many commands and problems the status page shows.
const (
	keptCommands = 20
	keptProblems = 20
)

// resultDocument is the outcome of a command as it is published.
type resultDocument struct {
	Key     string    `json:"key"`
	Value   any       `json:"value"`
	Outcome outcome   `json:"outcome"`
	Error   *string   `json:"error"`
	ID      *string   `json:"id"`
	At      time.Time `json:"at"`
	TookMS  int64     `json:"took_ms"`
}

// reject tells of a message that is no command to carry out.
func (b *bridge) reject(a addressee, m message, err error) {
	text := shortened(string(m.payload))
	doc := resultDocument{Key: a.key, Value: text, Outcome: rejected}
	why := err.Error()
	doc.Error = &why
	b.publishResult(a, m, doc)
	name := string(a.family) + " " + a.id
	if d := b.device(a.family, a.id); d != nil {
		name = d.name()
		b.showAgain(d)
	}
	b.recorded(m, name, a.key, text, rejected, why)
}

// showAgain publishes a device's state although it hasn't changed, so that a dashboard's slider returns to it.
func (b *bridge) showAgain(d *device) {
	if d.document == nil {
		return
	}
	var changed bool
	if b.buffer, changed = d.render(b.buffer); changed {
		d.document = append([]byte(nil), b.buffer...)
	}
	b.put(publication{topic: b.topics.State(d.family.name, d.id), payload: d.document, retain: true})
}

// tell publishes the outcome of a command, logs it and keeps it for the status page.
func (b *bridge) tell(w *waiting, o outcome, err error) {
	doc := resultDocument{Key: w.row.key, Value: w.value, Outcome: o}
	why := ""
	if err != nil {
		why = err.Error()
		doc.Error = &why
	}
	b.publishResult(addressee{w.device.family.name, w.device.id, w.row.key}, w.message, doc)
	if o == failed || o == rejected {
		b.showAgain(w.device)
	}
	b.recorded(w.message, w.device.name(), w.row.key, w.value.String(), o, why)
}

func (b *bridge) recorded(m message, name, key, value string, o outcome, why string) {
	took := b.now().Sub(m.at)
	attributes := []any{slog.String("device", name), slog.String("key", key), slog.String("value", value), slog.String("outcome", string(o)), slog.Duration("took", took.Round(time.Millisecond))}
	if why != "" {
		attributes = append(attributes, slog.String("reason", why))
	}
	b.metrics.command(key, o, took)
	if o == confirmed || o == unconfirmed {
		b.log.Debug("command", attributes...)
		for i := range slices.Backward(b.records) {
			if r := &b.records[i]; r.Device == name && r.Key == key {
				r.Outcome, r.Error = string(o), why
				return
			}
		}
		return // it was too long ago
	}
	b.log.Info("command", attributes...)
	b.records = append(b.records, CommandRecord{At: b.options.Wall(), Device: name, Key: key, Value: value, Outcome: string(o), Error: why})
	if len(b.records) > keptCommands {
		b.records = b.records[1:]
	}
	if o == failed || o == rejected {
		b.problem(name + ": " + key + " " + string(o) + ": " + why)
		b.publishState()
	}
}

// publishResult publishes an outcome on the result topic, and on the response topic of the request where it has one.
func (b *bridge) publishResult(a addressee, m message, doc resultDocument) {
	doc.At = b.options.Wall().UTC().Truncate(time.Millisecond)
	doc.TookMS = b.now().Sub(m.at).Milliseconds()
	if m.id != "" {
		doc.ID = &m.id
	}
	payload, _ := json.Marshal(doc)
	b.put(publication{topic: b.topics.Result(a.family, a.id), payload: payload})
	if doc.Outcome != confirmed && doc.Outcome != unconfirmed && b.answerable(m.responseTopic) {
		b.put(publication{topic: m.responseTopic, payload: payload, correlation: m.correlation})
	}
}

// answerable reports whether a response may go to a topic. The bridge's own topics are not for others to write to.
func (b *bridge) answerable(topic string) bool {
	return topic != "" && !strings.ContainsAny(topic, "+#\x00") && !strings.HasPrefix(topic, "$") &&
		!strings.HasPrefix(topic, b.options.TopicPrefix+"/") && !strings.HasPrefix(topic, b.options.DiscoveryPrefix+"/")
}
