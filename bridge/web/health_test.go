package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHealth(t *testing.T) {
	away := func(d time.Duration) *Snapshot {
		return with(func(s *Snapshot) {
			s.Connected, s.Since, s.Broken = false, s.At.Add(-d), "not authorised as brewer@example.com"
		})
	}
	for _, c := range []struct {
		name     string
		snapshot *Snapshot
		quiet    time.Duration // since it came; since the start where there is none
		want     string
	}{
		{"just started", nil, 0, "ok"},
		{"started a while ago", nil, loopStalls - 1, "ok"},
		{"never came up", nil, loopStalls, "the bridge has not moved for 2m30s; restart it"},
		{"at work", brewing(), 0, "ok"},
		{"at work, and nothing has changed", brewing(), loopStalls - 1, "ok"},
		{"stalled", brewing(), loopStalls, "the bridge has not moved for 2m30s; restart it"},
		{"the API refuses, which a restart won't mend", with(func(s *Snapshot) { s.APIStatus, s.APIReason = "rejected", "x" }), 0, "ok"},
		{"broker just gone", away(0), 0, "ok"},
		{"broker away for less than 5 minutes", away(brokerAway - 1), 0, "ok"},
		{"broker away for 5 minutes", away(brokerAway), 0, "the MQTT broker has been away for 5m0s: not authorised as REDACTED; " +
			"check that it runs, and the address, user name and password under mqtt"},
		{"the snapshot's age counts too", away(brokerAway - time.Minute), time.Minute, "the MQTT broker has been away for 5m0s: not authorised as REDACTED; " +
			"check that it runs, and the address, user name and password under mqtt"},
		{"a clock that was set back a day", with(func(s *Snapshot) {
			s.Connected, s.At, s.Since = false, before(24*time.Hour), before(24*time.Hour+time.Minute)
		}), 0, "ok"},
		{"broker away and stalled", away(time.Hour), loopStalls, "the bridge has not moved for 2m30s; restart it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := noon
			server := New(Options{Now: func() time.Time { return now }})
			if c.snapshot != nil {
				server.Show(c.snapshot)
			}
			now = now.Add(c.quiet)
			w := ask(server, "GET", "/healthz")
			assert.Equal(t, c.want+"\n", w.Body.String())
			assert.Equal(t, c.want == "ok", w.Code == http.StatusOK)
			assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, w.Code)
		})
	}
}

// TestALoopThatStopsTurningIsToldWithinHalfAMinute: its snapshots are not waited for.
func TestALoopThatStopsTurningIsToldWithinHalfAMinute(t *testing.T) {
	now := noon
	server := New(Options{Now: func() time.Time { return now }})
	healthy := func() bool { return ask(server, "GET", "/healthz").Code == http.StatusOK }
	verdict := func() string {
		latest := server.latest.Load()
		_, stalled := server.stalled(latest, now)
		return newVerdict(latest, stalled, server.started).Level
	}
	server.Show(brewing())
	for range 30 {
		server.Beat()
		now = now.Add(time.Second)
		assert.True(t, healthy())
	}
	now = now.Add(loopSilent - 2*time.Second)
	assert.True(t, healthy())
	assert.Equal(t, "good", verdict())
	now = now.Add(time.Second)
	assert.False(t, healthy())
	assert.Equal(t, "bad", verdict())
	assert.Contains(t, ask(server, "GET", "/healthz").Body.String(), "the bridge has not moved for 20s; restart it")
	server.Beat()
	assert.True(t, healthy(), "it turns again")
}

func TestCheckHealthTellsWhy(t *testing.T) {
	for _, c := range []struct {
		name, want string
		handler    http.Handler
	}{
		{"healthy", "", New(Options{}).Handler()},
		{"not healthy", "not healthy: the bridge has not moved for 2m30s; restart it", stalled().Handler()},
		{"another program", "404 Not Found: is another program listening there?", http.NotFoundHandler()},
		{"endless answer", "not healthy: xxx", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat("x", 1<<16))); err != nil {
					return
				}
			}
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			_, port, err := net.SplitHostPort(server.Listener.Addr().String())
			require.NoError(t, err)
			for _, host := range []string{"", "0.0.0.0", "[::]", "127.0.0.1", "localhost"} {
				err := CheckHealth(context.Background(), host+":"+port)
				if c.want == "" {
					assert.NoError(t, err)
				} else if assert.ErrorContains(t, err, c.want) {
					assert.Less(t, len(err.Error()), 5000)
				}
			}
		})
	}
}

// stalled is a server whose bridge has not moved since the start.
func stalled() *Server {
	now := noon
	server := New(Options{Now: func() time.Time { return now }})
	now = now.Add(loopStalls)
	return server
}

func TestCheckHealthWhereNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	assert.ErrorContains(t, CheckHealth(context.Background(), l.Addr().String()), "rapt-bridge does not answer; is it running, with http.listen set?")
	assert.ErrorContains(t, CheckHealth(context.Background(), "8099"), "has no port")
	assert.ErrorContains(t, CheckHealth(context.Background(), ""), "has no port")
}

// TestTheImagesCheckIsRedWithinHalfAMinute counts from the moment when the loop, or the whole process, stops.
func TestTheImagesCheckIsRedWithinHalfAMinute(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	found := regexp.MustCompile(`HEALTHCHECK --interval=(\S+) --timeout=(\S+) .*--retries=1 `).FindStringSubmatch(string(text))
	require.NotNil(t, found)
	interval, err := time.ParseDuration(found[1])
	require.NoError(t, err)
	timeout, err := time.ParseDuration(found[2])
	require.NoError(t, err)
	assert.LessOrEqual(t, interval+max(loopSilent, timeout), 30*time.Second)
	assert.Less(t, healthPatience, timeout)
	assert.Greater(t, healthPatience, 15*time.Second, "what is held up for so long is well again by itself")
}
