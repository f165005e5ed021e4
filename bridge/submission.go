package bridge

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

// scaleChecks is how many submissions of a device are read back at the most before one shows on which scale the cloud takes
// their gravity.
const scaleChecks = 3

var errScaleUnknown = errors.New("the cloud doesn't show the submitted gravity, so whether it takes it as it is meant is not known")

// submissions says whether readings of external devices may be submitted.
type submissions struct {
	from time.Time // steady time of the next one; zero while none was forbidden
	why  error
}

// refusal is why a submission at now is not sent; nil when it may be.
func (s *submissions) refusal(now time.Time) error {
	if now.Before(s.from) {
		return s.why
	}
	return nil
}

// submissionForbidden takes a 403 on a submission. The vendor asks a subscription for submissions (vendor's page), so it says
// nothing of other requests; those that wait, and come within the hour, would get the same answer.
func (b *bridge) submissionForbidden(c *command.Command, now time.Time) {
	s := &b.account.submissions
	s.from = now.Add(limit.AfterForbidden)
	s.why = &command.Advice{
		Problem: "the RAPT Cloud refuses submitted readings (403), for which KegLand asks a RAPT subscription",
		Do:      fmt.Sprintf("check the subscription in the RAPT app; readings are submitted again from %s, or after a restart, and all else goes on", b.clock.Text(s.from)),
	}
	b.log.Error("submissions are stopped", slog.Any("reason", s.why))
	b.publishOutcome(c, command.Failed, s.why)
	for _, waiting := range b.account.queue.RemoveSubmissions() {
		b.publishOutcome(waiting, command.Rejected, s.why)
	}
}

// checkScale has a device read back after a submission, until one has shown on which scale the cloud takes a gravity.
func (b *bridge) checkScale(d *deviceState, c *command.Command, now time.Time) {
	if d == nil || !c.SubmitsGravity() || d.scaleChecks == 0 || d.pending[c.Key] != nil {
		return
	}
	d.scaleChecks--
	b.account.hold(d, &command.PendingWrite{Command: c, AppliedAt: now, After: command.ReadbacksAfter(b.account.gate.Requests.Readbacks(now))})
}

// scaleKnown notes that a submission has shown the scale.
func (d *deviceState) scaleKnown(p *command.PendingWrite) {
	if p.Submits() {
		d.scaleChecks = 0
	}
}

// offScale tells, loudly, that the cloud takes a gravity on another scale than it is submitted.
func (b *bridge) offScale(d *deviceState, p *command.PendingWrite) {
	d.scaleKnown(p)
	b.log.Error("the RAPT Cloud misunderstands submitted gravities", d.log(), slog.Any("reason", p.Wrong))
	b.problem(d.name() + ": " + p.Wrong.Error())
	b.resolve(d, p, command.Unconfirmed, p.Wrong)
	b.publishState()
}

// notShown is why a pending write is given up.
func notShown(p *command.PendingWrite) error {
	if p.Submits() {
		return errScaleUnknown
	}
	return errNotShown
}
