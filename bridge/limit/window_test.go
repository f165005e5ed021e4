package limit

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneByOne is a window that keeps a time for each request.
type oneByOne struct {
	limit, kept int
	times       []time.Time
}

func (w *oneByOne) forget(now time.Time) {
	w.times = slices.DeleteFunc(w.times, func(at time.Time) bool { return now.Sub(at) >= time.Hour+windowMargin })
}

func (w *oneByOne) nextAllowed(now time.Time) time.Time {
	w.forget(now)
	switch free := w.limit - w.kept; {
	case len(w.times) < free:
		return time.Time{}
	case free <= 0:
		return now.Add(time.Hour)
	default:
		return w.times[len(w.times)-free].Add(time.Hour + windowMargin)
	}
}

// However requests come and are taken back, a window says what one would that keeps a time for each.
func TestAWindowCountsEachRequest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		limit, kept := 1+r.IntN(12), r.IntN(4)
		w := window{span: time.Hour, limit: limit, kept: [purposes]int{ForPoll: kept}}
		naive := oneByOne{limit: limit, kept: kept}
		now := noon
		for range 60 {
			now = now.Add(time.Duration(r.IntN(3)) * 7 * time.Minute)
			switch r.IntN(4) {
			case 0, 1:
				n := r.IntN(4)
				w.add(now, n)
				naive.times = append(naive.times, slices.Repeat([]time.Time{now}, n)...)
			case 2:
				at := now
				if len(naive.times) > 0 {
					at = naive.times[r.IntN(len(naive.times))]
				}
				w.withdraw(at)
				if i := slices.IndexFunc(naive.times, at.Equal); i >= 0 {
					naive.times = slices.Delete(naive.times, i, i+1)
				}
			}
			require.Equal(t, naive.nextAllowed(now), w.nextAllowed(now, ForPoll))
			require.Equal(t, len(naive.times), w.used)
		}
	}
}

// Whatever the ceiling is, what is reserved takes the room of one entry.
func TestWhatIsReservedIsOneEntry(t *testing.T) {
	l := NewRequestLog(1_000_000, 125_000)
	l.Reserve(noon)
	assert.Len(t, l.hour.left, 1)
	assert.Greater(t, l.hour.used, 500_000)
	assert.Empty(t, l.Save(noon, noon).Polls, "it is no request")
}
