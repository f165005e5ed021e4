package bridge

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// secondTry is how long after a write without an answer it is read back.
const secondTry = 3 * time.Second

// urgentFor is how long after a command its family may be asked at the least interval.
const urgentFor = 2 * time.Minute

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
	f.urgent = m.at.Add(urgentFor)
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

// requeue puts commands back that were not sent, and says what they wait for.
func (b *bridge) requeue(batch []*waiting, why string) {
	for _, w := range batch {
		w.why = why
		b.putBack(w)
	}
}

// putBack puts a command first in the queue again; one whose key has a later value waiting gives way to it.
func (b *bridge) putBack(w *waiting) {
	if b.later(w) {
		b.tell(w, superseded, nil)
		return
	}
	b.queue = append(queue{w}, b.queue...)
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
		default:
			w.tries++
			w.sent, w.check, w.why = true, now.Add(secondTry), err.Error()
			b.putBack(w)
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
		if now.Sub(w.at) > maxWait {
			b.tell(w, failed, errors.New(w.why))
			return
		}
		b.putBack(w)
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
				b.judge(d)
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
	f.urgent = now.Add(urgentFor)
	b.plan(f)
}
