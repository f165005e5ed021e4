// Package retry is the one policy by which something is tried again: at distances that double up to a bound.
package retry

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// New returns a back-off that starts with first, doubles up to most, and never gives up. Each wait is up to jitter
// (0 to 1) of itself shorter or longer, but never longer than most.
func New(first, most time.Duration, jitter float64) backoff.BackOff {
	return &bounded{most: most, BackOff: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(min(first, most)), backoff.WithMultiplier(2), backoff.WithRandomizationFactor(jitter),
		backoff.WithMaxInterval(most), backoff.WithMaxElapsedTime(0))}
}

// bounded keeps the randomised wait below the bound, which the library applies before it adds chance.
type bounded struct {
	backoff.BackOff
	most time.Duration
}

func (b *bounded) NextBackOff() time.Duration { return min(b.BackOff.NextBackOff(), b.most) }
