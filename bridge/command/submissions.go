package command

import "time"

// Submissions says whether readings of external devices may be submitted.
type Submissions struct {
	from time.Time // steady time of the next one; zero while none was forbidden
	why  error
}

// Refusal is why a submission at now is not sent; nil when it may be.
func (s *Submissions) Refusal(now time.Time) error {
	if now.Before(s.from) {
		return s.why
	}
	return nil
}

// Forbid takes a 403 on a submission, and returns why none is sent before a time, which from says in words. The vendor asks a
// subscription for submissions (vendor's page), so it says nothing of other requests.
func (s *Submissions) Forbid(until time.Time, from string) error {
	s.from = until
	s.why = &Advice{
		Problem: "the RAPT Cloud refuses submitted readings (403), for which KegLand asks a RAPT subscription",
		Do:      "check the subscription in the RAPT app; readings are submitted again from " + from + ", or after a restart, and all else goes on",
	}
	return s.why
}
