package bridge

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/broker"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/clock"
	"github.com/rapt-bridge/rapt-bridge/bridge/worker"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// virtual is a bridge driven by hand through virtual time, as its loop would, without waiting.
type virtual struct {
	b     *bridge
	cloud *raptsim.Cloud
	now   time.Time
	// published has the moments at which a device's state showed a new reading, by id.
	published map[string]map[time.Time]time.Time
	cleared   []string // topics that were retained no longer
}

// answerTakes is the time that the simulated cloud's answers take.
const answerTakes = 300 * time.Millisecond

// newVirtual starts one with what its broker retains.
func newVirtual(t testing.TB, o raptsim.Options, adapt func(*Options), retained ...broker.Message) *virtual {
	t.Helper()
	v := &virtual{now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), published: map[string]map[time.Time]time.Time{}}
	start := v.now
	o.Now, o.Latency = func() time.Time { return v.now }, &raptsim.Latency{}
	v.cloud = raptsim.New(o)
	options := Options{
		RAPT:      raptclient.Options{APIURL: "http://cloud.invalid", AuthURL: "http://cloud.invalid", Username: "brewer@example.com", APISecret: "demo-secret", Transport: v.cloud.Transport()},
		Discovery: true, Wall: func() time.Time { return v.now },
	}
	if adapt != nil {
		adapt(&options)
	}
	b, err := newBridge(options, func(wall func() time.Time) clock.Clock {
		return clock.Clock{Origin: start, Elapsed: func() time.Duration { return v.now.Sub(start) }, Wall: wall}
	})
	require.NoError(t, err)
	b.mqtt.conn = &broker.Connection{EndRestore: func() {}}
	v.b, b.mqtt.named = b, true
	b.connected()
	unused := testKey.Unused(start)
	b.mqtt.earlier.Requests = &unused // it has been running before
	for _, msg := range retained {
		b.onMessage(msg, false)
	}
	b.endRestore()
	return v
}

// run lets so much time pass.
func (v *virtual) run(ctx context.Context, d time.Duration) {
	end := v.now.Add(d)
	for v.now.Before(end) {
		wait := v.b.step(ctx)
		v.drain()
		if v.b.account.calling == nil {
			v.now = v.now.Add(min(max(wait, time.Millisecond), max(time.Millisecond, end.Sub(v.now))))
			continue
		}
		c := <-v.b.account.worker.Calls
		done := make(chan *worker.Call, 1)
		v.now = v.now.Add(answerTakes)
		go func() {
			v.b.account.worker.CarryOut(c)
			done <- c
		}()
		for waiting := true; waiting; {
			select {
			case r := <-v.b.account.worker.Permits:
				v.b.authorize(r)
				v.drain()
			case r := <-done:
				v.b.finish(r)
				waiting = false
			}
		}
		v.drain()
	}
}

// drain takes what the bridge publishes.
func (v *virtual) drain() {
	for {
		p, ok := v.b.mqtt.outbox.Next()
		if !ok {
			select {
			case delivered := <-v.b.acked:
				v.b.handedOn(delivered)
				v.b.handOn(v.now)
				continue
			default:
				return
			}
		}
		v.b.mqtt.outbox.Sent()
		if p.OnAcked != nil {
			p.OnAcked(true)
		}
		if p.Retain && len(p.Payload) == 0 {
			v.cleared = append(v.cleared, p.Topic)
		}
		_, id, ok := v.b.mqtt.topics.ParseState(p.Topic)
		if !ok || len(p.Payload) == 0 {
			continue
		}
		var doc struct {
			LastActivity time.Time `json:"last_activity"`
		}
		if json.Unmarshal(p.Payload, &doc) != nil || doc.LastActivity.IsZero() {
			continue
		}
		if v.published[id] == nil {
			v.published[id] = map[time.Time]time.Time{}
		}
		if _, seen := v.published[id][doc.LastActivity]; !seen {
			v.published[id][doc.LastActivity] = v.now
		}
	}
}
