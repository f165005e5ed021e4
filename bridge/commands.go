package bridge

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/account"
	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/fermentation"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/internal/text"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// fastPollFor is how long after a command its family may be asked at the least interval.
const fastPollFor = 2 * time.Minute

// onCommand takes a message on a command's topic.
func (b *bridge) onCommand(msg broker.Message, asleep bool, now time.Time) {
	family, id, key, ok := b.mqtt.topics.ParseCommand(msg.Topic)
	if !ok {
		if strings.HasSuffix(msg.Topic, "/set") && b.refusals.Add("topics of no device", now) <= command.PublishedRefusals {
			b.warnOnce("topic "+msg.Topic, "a command came to a topic that is no device's: %s", text.Line(msg.Topic, device.MaxText))
		}
		return
	}
	r := command.Request{
		Ref:     command.Ref{Ref: device.Ref{Family: family, ID: strings.ToLower(id)}, Key: key},
		Payload: msg.Payload, Retained: msg.Retained, Asleep: asleep, ResponseTopic: msg.ResponseTopic, Correlation: msg.Correlation, ID: msg.ID, At: now,
	}
	if family == discovery.Bridge {
		b.onBridgeCommand(r)
		return
	}
	if fermentation.Sets(family, key) {
		b.onBatchCommand(r)
		return
	}
	c, err := b.validator.Parse(r)
	if err == nil {
		if c.AwaitsList = b.account.Family(family).Answered.IsZero(); !c.AwaitsList {
			err = b.check(c)
		}
	}
	if err == nil {
		err = b.refusal(c, now)
	}
	if err != nil {
		b.reject(r, err)
		return
	}
	replaced, refused := b.account.Queue.Admit(c)
	if refused != nil {
		b.publishOutcome(refused, command.Rejected, command.ErrQueueFull)
	}
	if refused == c {
		return
	}
	if replaced != nil {
		b.publishOutcome(replaced, command.Superseded, nil)
	}
	b.account.Family(family).CommandedUntil = now.Add(fastPollFor)
}

// purposeOf is what a command's requests count as.
func purposeOf(c *command.Command) limit.Purpose {
	if c.Reserved() {
		return limit.ForOff
	}
	return limit.ForCommand
}

// refusal is why a command that comes at now is not taken, or will not leave within its minute; nil when it may.
func (b *bridge) refusal(c *command.Command, now time.Time) error {
	expires := c.Expires()
	if c.Submits() {
		if err := b.account.submissions.Refusal(now); err != nil {
			return err
		}
	}
	if c.AwaitsList {
		expires = time.Time{}
	}
	return b.account.Gate.Refusal(now, purposeOf(c), c.Change(), expires)
}

// check holds a command against its device.
func (b *bridge) check(c *command.Command) error {
	d := b.account.Find(c.Ref.Ref)
	if d == nil {
		return b.validator.Check(c, device.Reading{}, discovery.Device{}, false)
	}
	if c.Submits() {
		c.NotBefore = d.SubmitAfter
	}
	err := b.validator.Check(c, d.Shown(), d.Published.Describe(), true)
	c.Again = d.Writes.Again(c)
	return err
}

// checkAwaiting looks at the commands that came before the family's first list.
func (b *bridge) checkAwaiting(f *account.Family) {
	for _, c := range b.account.Queue.AwaitingList(func(d device.Ref) bool { return d.Family == f.Name }) {
		c.AwaitsList = false
		if err := b.check(c); err != nil {
			b.account.Queue.Remove(c)
			b.publishOutcome(c, command.Rejected, err)
		}
	}
}

// onBridgeCommand takes a command to the bridge itself.
func (b *bridge) onBridgeCommand(r command.Request) {
	if r.Key == webhookKey {
		b.onWebhook(r)
		return
	}
	if r.Key == permitKey {
		b.onPermitRequest(r)
		return
	}
	payload := text.Line(string(r.Payload), device.MaxText)
	var note string
	var err error
	switch {
	case r.Key != "refresh" && r.Key != "forget":
		err = errors.New("the bridge takes refresh and forget")
	case r.Retained:
		err = command.ErrRetained
	case r.Asleep:
		err = command.ErrAsleep
	case b.options.ReadOnly:
		err = command.ErrReadOnly
	case r.Key == "forget":
		note, err = b.forgetDevice(payload, r.At)
	case payload != "PRESS":
		note, err = b.refreshDevice(payload, r.At)
	default:
		note = b.refresh(r.At)
	}
	if err != nil {
		b.reject(r, err)
		return
	}
	result := command.NewResult(r, command.TextValue(payload), command.Applied, nil, b.clock.Now(), b.clock.Wall())
	result.Note = &note
	b.publishResult(r, result)
}

// expireCommands ends the commands that have waited too long.
func (b *bridge) expireCommands(now time.Time) {
	for _, c := range b.account.Queue.Expired(now) {
		outcome, err := c.Expired(b.account.Gate.Held(now, purposeOf(c)))
		b.publishOutcome(c, outcome, err)
	}
}

// send makes the call of a command, or of several that share one.
func (b *bridge) send(ctx context.Context, batch []*command.Command) {
	c, client := batch[0], b.account.client
	d := b.account.Find(c.Ref.Ref)
	if d == nil { // removed devices take their commands along, so this is a fault of ours
		b.publishOutcomes(batch, command.Rejected, command.ErrGone)
		return
	}
	run := func(ctx context.Context) (bool, error) {
		return true, d.Group.Submit(ctx, client, c.Ref.ID, *c.Asked.Telemetry)
	}
	if c.Submits() {
		d.SubmitAfter = b.clock.Now().Add(command.SubmissionPace)
	} else {
		values, err := command.Arguments(batch, d.Shown())
		if err != nil {
			b.publishOutcomes(batch, command.Rejected, err)
			return
		}
		run = func(ctx context.Context) (bool, error) { return c.Setter.Call(ctx, client, c.Ref.ID, values) }
	}
	call := worker.NewCall(purposeOf(c), run, func(changed bool, err error) { b.commandDone(batch, changed, err) })
	for _, c := range batch {
		b.account.Gate.Changes.Record(b.clock.Now(), c.Ref.String())
	}
	call.LeaveBy(c.Expires(), b.clock)
	b.start(ctx, call, batch...)
}

// commandDone takes the answer to a command's call.
func (b *bridge) commandDone(batch []*command.Command, changed bool, err error) {
	now := b.clock.Now()
	var held *limit.RateLimitedError
	switch {
	case err == nil:
		b.onAPISuccess()
		for _, c := range batch {
			b.commandTaken(c, changed, now)
		}
		return
	case errors.Is(err, worker.ErrLate):
		b.requeue(batch, worker.ErrLate.Error())
		return
	case errors.As(err, &held):
		b.onAPIError(now, err)
		b.requeue(batch, held.Reason)
		return
	case batch[0].Submits() && raptclient.Refused(err, http.StatusForbidden):
		b.submissionForbidden(batch[0], now)
		return
	}
	fate := command.FateOf(err)
	if fate != command.Refused {
		b.onAPIError(now, err)
		b.account.Gate.CommandFailed(now, fate == command.Unsent)
	}
	switch fate {
	case command.Unsent:
		b.requeue(batch, err.Error())
	case command.Unanswered:
		b.scheduleVerify(batch, now, err)
	default:
		b.publishOutcomes(batch, command.Failed, err)
	}
}

// submissionForbidden takes a 403 on a submission: those that wait, and come within the hour, would get the same answer.
func (b *bridge) submissionForbidden(c *command.Command, now time.Time) {
	until := now.Add(limit.AfterForbidden)
	why := b.account.submissions.Forbid(until, b.clock.Text(until))
	b.log.Error("submissions are stopped", slog.Any("reason", why))
	b.publishOutcome(c, command.Failed, why)
	for _, waiting := range b.account.Queue.RemoveSubmissions() {
		b.publishOutcome(waiting, command.Rejected, why)
	}
}

// requeue puts commands back that were not sent, and says what they wait for.
func (b *bridge) requeue(batch []*command.Command, why string) {
	for _, c := range batch {
		b.account.Gate.Changes.Withdraw(c.Ref.String())
		c.Why = why
		b.putBack(c)
	}
}

// putBack puts a command first in the queue again; one whose key has a later value waiting gives way to it.
func (b *bridge) putBack(c *command.Command) {
	if !b.account.Queue.PutBack(c) {
		b.publishOutcome(c, command.Superseded, nil)
	}
}

// scheduleVerify takes a write without an answer: it may have been carried out. It is read back before it is sent once
// more, and not sent more often than that.
func (b *bridge) scheduleVerify(batch []*command.Command, now time.Time, err error) {
	for _, c := range batch {
		b.account.Taken(c, false, now, b.clock.Wall())
		var shown device.Reading
		if d := b.account.Find(c.Ref.Ref); d != nil {
			shown = d.Reading
		}
		if err := c.Verify(now, shown, err); err != nil {
			b.publishOutcome(c, command.Failed, err)
			continue
		}
		b.putBack(c)
	}
}

// verify reads a device back to see whether an unanswered command was carried out. While that fails it is tried again,
// until the command's time is over: nothing is sent twice without a look.
func (b *bridge) verify(ctx context.Context, c *command.Command) {
	b.readDevice(ctx, b.account.Find(c.Ref.Ref), []*command.Command{c}, func(r device.Reading, err error) {
		now := b.clock.Now()
		switch {
		case err != nil || c.Unseen(r):
			c.VerifyAgain(now)
		case c.Verified(r):
			b.commandTaken(c, true, now)
			return
		}
		b.putBack(c)
	})
}

// answer is the API's to a request for one device.
type answer struct {
	device.Reading
	raptclient.Report
}

// newRead is a call for one device of a family.
func (b *bridge) newRead(p limit.Purpose, f *account.Family, id string, done func(answer, error)) *worker.Call {
	client := b.account.client
	return worker.NewCall(p, func(ctx context.Context) (a answer, err error) {
		a.Reading, a.Report, err = f.Get(ctx, client, id)
		return a, err
	}, done)
}

// readDevice asks for one device and takes its reading into account. Commands that wait for it are its batch; without one
// the call may be cancelled for any command, else for one that switches something off.
func (b *bridge) readDevice(ctx context.Context, d *account.Device, batch []*command.Command, then func(device.Reading, error)) {
	c := b.newRead(limit.ForCommand, d.Group, d.ID, func(a answer, err error) {
		if b.account.Find(d.Ref) != d {
			b.publishOutcomes(batch, command.Rejected, command.ErrGone) // it was removed meanwhile
			return
		}
		now := b.clock.Now()
		if err == nil {
			b.onAPISuccess()
			b.notice(a.Report)
			b.accept(now, arrival{device: d, reading: a.Reading})
		} else {
			b.onAPIError(now, err)
		}
		then(a.Reading, err)
	})
	c.Yields, c.YieldsToMost = batch == nil, true
	b.start(ctx, c, batch...)
}

// commandTaken tells of a command that the API took, and keeps its value shown until the cloud shows it.
func (b *bridge) commandTaken(c *command.Command, changed bool, now time.Time) {
	outcome := command.Unchanged
	if changed {
		outcome = command.Applied
	}
	b.account.Taken(c, true, now, b.clock.Wall())
	d, readbacks := b.account.Find(c.Ref.Ref), b.account.Gate.Requests.Readbacks(now)
	if d == nil || c.Submits() {
		b.publishOutcome(c, outcome, nil)
		if d != nil {
			d.Writes.Submitted(c, now, readbacks)
			b.account.Await(d)
		}
		return
	}
	d.Writes.Taken(c, changed, d.Reading, now, readbacks)
	b.account.Await(d)
	b.publishOutcome(c, outcome, nil)
	b.publishDevice(d, now, false)
	d.Group.CommandedUntil = now.Add(fastPollFor)
	b.account.Plan(d.Group, now)
}
