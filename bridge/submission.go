package bridge

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/command"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
)

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
