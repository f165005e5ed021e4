package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

const (
	keptCommands = 20
	keptProblems = 20
	secondTry    = 3 * time.Second // after a write without an answer: until it is read back
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

// command takes a message on a command topic.
func (b *bridge) command(m message) {
	if f, _, key, ok := b.topics.ParseCommand(m.topic); ok && f == discovery.Bridge {
		b.own(m, key)
		return
	}
	a, c, err, ok := b.desk.decide(m)
	switch {
	case !ok:
		if strings.HasSuffix(m.topic, "/set") {
			b.odd("topic "+m.topic, "a command came to a topic that is no device's: %s", shortened(m.topic))
		}
		return
	case err != nil:
		b.reject(a, m, err)
		return
	}
	w := &waiting{command: c}
	if c.value.telemetry != nil {
		w.notBefore = c.device.submit
	}
	replaced, full := b.queue.add(w)
	if full {
		b.tell(w, rejected, errors.New("too many commands wait already; try again when some are done"))
	}
	if replaced != nil {
		b.tell(replaced, superseded, nil)
	}
	f := b.byName[a.family]
	f.urgent = m.at.Add(2 * time.Minute)
}

// own takes a command to the bridge itself.
func (b *bridge) own(m message, key string) {
	at := addressee{family: discovery.Bridge, key: key}
	switch {
	case key != "refresh":
		b.reject(at, m, errors.New("the bridge takes refresh alone"))
	case m.retained:
		b.reject(at, m, errors.New("it is a retained message, which would be repeated at every start; publish it without retain"))
	case b.options.ReadOnly:
		b.reject(at, m, errReadOnly)
	case strings.TrimSpace(string(m.payload)) != "PRESS":
		b.reject(at, m, errors.New("accepted is PRESS"))
	default:
		b.refresh()
		b.publishResult(at, m, resultDocument{Key: key, Value: "PRESS", Outcome: applied})
	}
}

// refresh has every family with devices asked for at once, within the ceiling.
func (b *bridge) refresh() {
	b.log.Info("asking for fresh values of all devices")
	for _, f := range b.families {
		if len(f.order) > 0 {
			f.asking.refresh = true
			b.plan(f)
		}
	}
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

// expire refuses the commands that have waited too long.
func (b *bridge) expire(now time.Time) {
	for _, w := range b.queue.expired(now) {
		why := "it waited for longer than a minute and was not sent"
		if reason := b.condition.reason; reason != "" {
			why += ": " + reason
		} else if w.why != "" {
			why += ": " + w.why
		}
		b.tell(w, rejected, errors.New(why))
	}
}

func (b *bridge) refuse(w *waiting, err error) { b.tell(w, rejected, err) }

// send makes the call of a command, or of several that share one.
func (b *bridge) send(ctx context.Context, batch []*waiting) {
	w := batch[0]
	if w.value.telemetry != nil {
		w.device.submit = b.now().Add(telemetryPace)
	}
	t := target{client: b.client, family: w.device.family, id: w.device.id}
	t.gains, _ = w.device.gains()
	for _, each := range batch {
		if each.row.gain > 0 {
			t.gains[each.row.gain-1] = each.value.number.V
		}
	}
	b.start(ctx, &call{
		use:  forCommand,
		run:  func(ctx context.Context) (any, error) { return w.row.call(ctx, t, w.value) },
		done: func(v any, err error) { b.carried(batch, v, err) },
	})
}

// carried takes the answer to a command's call.
func (b *bridge) carried(batch []*waiting, v any, err error) {
	now := b.now()
	var (
		held *notYet
		api  *raptclient.APIError
	)
	switch {
	case err == nil:
		b.healthy()
		o := unchanged
		if changed, _ := v.(bool); changed {
			o = applied
		}
		for _, w := range batch {
			b.done(w, o, now)
		}
		return
	case errors.As(err, &held):
		b.ailing(now, err)
		b.requeue(batch, held.what)
		return
	case errors.As(err, &api) && api.Status < 500 && api.Status != 429:
		for _, w := range batch {
			b.tell(w, failed, err)
		}
		return
	}
	b.ailing(now, err)
	b.notSoon = now.Add(time.Second)
	switch {
	case !raptclient.Sent(err) || errors.As(err, &api) && api.Status == 429:
		// Surely not carried out: it may wait for its next chance.
		if isRejected(err) {
			for _, w := range batch {
				b.tell(w, failed, err)
			}
			return
		}
		b.notSoon = now.Add(patientEnough)
		b.requeue(batch, err.Error())
	default:
		b.doubt(batch, now, err)
	}
}

func isRejected(err error) bool {
	var signIn *raptclient.SignInError
	return errors.As(err, &signIn) && signIn.Rejected
}

// requeue puts commands back, unless a later one for their key has come meanwhile.
func (b *bridge) requeue(batch []*waiting, why string) {
	for _, w := range batch {
		w.why = why
		if b.later(w) {
			b.tell(w, superseded, nil)
			continue
		}
		b.queue = append(queue{w}, b.queue...)
	}
}

func (b *bridge) later(w *waiting) bool {
	for _, other := range b.queue {
		if other.device == w.device && other.row.key == w.row.key {
			return true
		}
	}
	return false
}

// doubt takes a write without an answer: it may have been carried out. It is read back before it is sent once more,
// and not sent more often than that.
func (b *bridge) doubt(batch []*waiting, now time.Time, err error) {
	for _, w := range batch {
		_, readable := w.row.shown(w.device.family, w.device.reading)
		switch {
		case w.tries > 0 || !readable || now.Sub(w.at) > maxWait:
			b.tell(w, failed, err)
		case b.later(w):
			b.tell(w, superseded, nil)
		default:
			w.tries++
			w.sent, w.check, w.why = true, now.Add(secondTry), err.Error()
			b.queue = append(queue{w}, b.queue...)
		}
	}
}

// verify reads a device back to see whether an unanswered command was carried out.
func (b *bridge) verify(ctx context.Context, w *waiting) {
	b.readDevice(ctx, w.device, func(r reading, err error) {
		now := b.now()
		if err == nil {
			if v, ok := w.row.shown(w.device.family, r); ok && v.equal(w.value) {
				b.done(w, applied, now)
				return
			}
		}
		w.sent = false
		switch {
		case now.Sub(w.at) > maxWait:
			b.tell(w, failed, errors.New(w.why))
		case b.later(w):
			b.tell(w, superseded, nil)
		default:
			b.queue = append(queue{w}, b.queue...)
		}
	})
}

// readDevice asks for one device and takes its reading into account.
func (b *bridge) readDevice(ctx context.Context, d *device, then func(reading, error)) {
	b.start(ctx, &call{
		use: forCommand,
		run: func(ctx context.Context) (any, error) { return d.family.get(ctx, b.client, d.id) },
		done: func(v any, err error) {
			now := b.now()
			r, _ := v.(reading)
			if err == nil && (b.device(d.family.name, d.id) != d || r.device == nil) {
				return // it was removed meanwhile
			}
			if err == nil {
				b.healthy()
				d.take(r)
				b.judge(d, now)
				b.publishDevice(d, now, false)
			} else {
				b.ailing(now, err)
			}
			then(r, err)
		},
	})
}

// done tells of a command that the API took, and holds its value until the cloud shows it.
func (b *bridge) done(w *waiting, o outcome, now time.Time) {
	d := w.device
	if w.value.telemetry != nil {
		b.tell(w, o, nil)
		return
	}
	before, hadOne := w.row.shown(d.family, d.reading)
	if o == unchanged && hadOne && before.equal(w.value) {
		delete(d.holds, w.row.key)
	} else {
		if old := d.holds[w.row.key]; old != nil {
			before, hadOne = old.before, old.hadOne
		}
		d.holds[w.row.key] = &hold{command: w.command, applied: now, before: before, hadOne: hadOne}
	}
	b.tell(w, o, nil)
	b.publishDevice(d, now, false)
	f := b.byName[d.family.name]
	f.urgent = now.Add(2 * time.Minute)
	b.plan(f)
}

// judge holds a device's newest reading against its holds.
func (b *bridge) judge(d *device, now time.Time) {
	for key, h := range d.holds {
		switch h.judge(d.family, d.reading, b.steady(d.reading.activity())) {
		case shows:
			delete(d.holds, key)
			b.settle(h, confirmed, nil)
		case overrule:
			delete(d.holds, key)
			b.settle(h, unconfirmed, errors.New("somebody else has set another value meanwhile"))
		}
	}
}

// settle tells how it went on after applied, once.
func (b *bridge) settle(h *hold, o outcome, err error) {
	if h.settled {
		return
	}
	h.settled = true
	b.tell(&waiting{command: h.command}, o, err)
	if o == unconfirmed {
		b.log.Warn("the RAPT Cloud doesn't show what was set", slog.String("device", h.device.name()), slog.String("key", h.row.key), slog.String("value", h.value.String()), slog.Any("reason", err))
	}
}

// endHolds shows the cloud's truth where a hold has lasted long enough.
func (b *bridge) endHolds(now time.Time) {
	for _, d := range b.holding() {
		for key, h := range d.holds {
			if !h.ends().After(now) {
				delete(d.holds, key)
				b.settle(h, unconfirmed, errNotShown)
				b.publishDevice(d, now, false)
			}
		}
	}
}

var errNotShown = errors.New("the cloud doesn't show the value; what it shows is published again")

func (b *bridge) nextHoldEnd() time.Time {
	var next time.Time
	for _, d := range b.holding() {
		for _, h := range d.holds {
			if next.IsZero() || h.ends().Before(next) {
				next = h.ends()
			}
		}
	}
	return next
}

// holding lists the devices with holds.
func (b *bridge) holding() []*device {
	var out []*device
	for _, f := range b.families {
		if f.kettle == nil && f.control == nil {
			continue
		}
		for _, d := range f.order {
			if len(d.holds) > 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

// readbackDue is a device with a hold that should be read back at now.
func (b *bridge) readbackDue(now time.Time) *device {
	for _, d := range b.holding() {
		for _, h := range d.holds {
			if at := h.check(); !at.IsZero() && !at.After(now) {
				return d
			}
		}
	}
	return nil
}

func (b *bridge) nextReadback(now time.Time) time.Time {
	var first time.Time
	for _, d := range b.holding() {
		for _, h := range d.holds {
			if at := h.check(); !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	if first.IsZero() {
		return first
	}
	return latest(first, b.commandOpens(now))
}

// readback asks for a device to see whether the cloud shows what was set.
func (b *bridge) readback(ctx context.Context, d *device) {
	now := b.now()
	for _, h := range d.holds {
		if at := h.check(); !at.IsZero() && !at.After(now) {
			h.tries++
		}
	}
	b.readDevice(ctx, d, func(reading, error) {
		for _, h := range d.holds {
			if !h.settled && h.check().IsZero() {
				b.settle(h, unconfirmed, errNotShown)
			}
		}
	})
}
