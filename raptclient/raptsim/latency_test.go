package raptsim_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	. "github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// latencies are how long n answers of a new cloud take.
func latencies(t *testing.T, n int, o Options) (out []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		a := signedIn(t, New(o).Transport())
		for range n {
			began := time.Now()
			status, _ := a.get("Stills/GetStills")
			require.Equal(t, 200, status)
			out = append(out, time.Since(began))
		}
	})
	return out
}

func TestAnAnswerTakesATimeThatTheSeedDecides(t *testing.T) {
	took := latencies(t, 400, Options{Seed: 3})
	short := 0
	for _, d := range took {
		assert.GreaterOrEqual(t, d, 300*time.Millisecond)
		assert.LessOrEqual(t, d, 2*time.Second)
		if d < 775*time.Millisecond {
			short++
		}
	}
	assert.InDelta(t, 200, short, 40)
	assert.Equal(t, took, latencies(t, 400, Options{Seed: 3}))
	assert.NotEqual(t, took, latencies(t, 400, Options{Seed: 4}))

	assert.Equal(t, []time.Duration{0, 0}, latencies(t, 2, Options{Latency: &Latency{}}))
	assert.Equal(t, []time.Duration{time.Second, time.Second}, latencies(t, 2, Options{Latency: &Latency{Min: time.Second}}))
	for _, d := range latencies(t, 100, Options{Latency: &Latency{Max: time.Second}}) {
		assert.LessOrEqual(t, d, time.Second)
	}
}

func TestWhoGivesUpWithinTheLatencyDoesNotKnowWhetherItHappened(t *testing.T) {
	for after, happened := range map[time.Duration]bool{400 * time.Millisecond: false, 600 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{Latency: &Latency{Min: time.Second}})
			a := signedIn(t, c.Transport())
			ctx, cancel := context.WithTimeout(context.Background(), after)
			defer cancel()
			r := a.request(http.MethodPost, "Stills/SetTargetTemperature", "stillId", still, "target", "44").WithContext(ctx)
			require.ErrorIs(t, see(a.via, r).err, context.DeadlineExceeded)
			assert.Equal(t, happened, c.Actual(still, "targetTemperature") == 44.0, after)
			log := c.Requests()
			assert.Zero(t, log[len(log)-1].Status)
		})
	}
}
