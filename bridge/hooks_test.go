package bridge

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-bridge/rapt-bridge/bridge/webhook"
	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// sentHook is a webhook on its way.
type sentHook struct {
	webhook.Hint
	at time.Time
}

// portal sends webhooks for a virtual cloud's reports, which arrive up to 3 s after the cloud shows them, or so.
type portal struct {
	v    *virtual
	rng  *rand.Rand
	sent map[string]int // reports by device
	way  []sentHook
	// spoil changes what is to be sent for a report.
	spoil func(p *portal, h sentHook) []sentHook
	// forge adds what nobody sent, every other second.
	forge func(p *portal) []sentHook
}

func (p *portal) tick() {
	for _, d := range p.v.cloud.Devices() {
		reports := p.v.cloud.Reports(d.ID)
		for _, r := range reports[p.sent[d.ID]:] {
			h := sentHook{webhook.Hint{ID: d.ID, Row: r.At.String()}, r.VisibleAt.Add(time.Duration(p.rng.Int64N(int64(4*time.Second))) - time.Second)}
			if p.spoil == nil {
				p.way = append(p.way, h)
			} else {
				p.way = append(p.way, p.spoil(p, h)...)
			}
		}
		p.sent[d.ID] = len(reports)
	}
	if p.forge != nil {
		p.way = append(p.way, p.forge(p)...)
	}
	p.way = slices.DeleteFunc(p.way, func(h sentHook) bool {
		if h.at.After(p.v.now) {
			return false
		}
		p.v.b.onHints([]webhook.Hint{h.Hint}, p.v.now)
		return true
	})
}

// withHooks lives through three hours and then half a day with webhooks.
func withHooks(t testing.TB, devices []raptsim.DeviceSpec, seed uint64, spoil func(*portal, sentHook) []sentHook, forge func(*portal) []sentHook) (quality, *virtual) {
	v := newVirtual(t, raptsim.Options{Devices: devices, Seed: seed, OneBatch: true}, nil)
	p := &portal{v: v, rng: rand.New(rand.NewPCG(seed, 3)), sent: map[string]int{}, spoil: spoil, forge: forge}
	pass := func(d time.Duration) {
		for end := v.now.Add(d); v.now.Before(end); p.tick() {
			v.run(context.Background(), 2*time.Second)
		}
	}
	pass(3 * time.Hour)
	from, before := v.now, len(v.cloud.Requests())
	pass(12 * time.Hour)
	return v.quality(from, before), v
}

func after(d time.Duration, h sentHook) sentHook {
	h.at = h.at.Add(d)
	return h
}

// TestDaysWithWebhooks has webhooks of every quality, and holds freshness, requests and the ceiling.
func TestDaysWithWebhooks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, c := range []struct {
		is         string
		spoil      func(*portal, sentHook) []sentHook
		forge      func(*portal) []sentHook
		p90        float64 // of devices slower than 2 minutes, in seconds
		perReading float64 // requests of a family with one device per new reading
		pushed     bool
	}{
		{is: "all there", p90: 8, perReading: 1.08, pushed: true},
		{is: "half of them there", spoil: func(p *portal, h sentHook) []sentHook {
			if p.rng.IntN(2) == 0 {
				return nil
			}
			return []sentHook{h}
		}, p90: 80, perReading: 1.2},
		{is: "late", spoil: func(p *portal, h sentHook) []sentHook { return []sentHook{after(2*time.Minute, h)} }, p90: 80, perReading: 1.3},
		{is: "doubled", spoil: func(p *portal, h sentHook) []sentHook {
			return []sentHook{h, after(time.Second, h), after(time.Minute, h)}
		}, p90: 8, perReading: 1.08, pushed: true},
		{is: "in another order", spoil: func(p *portal, h sentHook) []sentHook {
			return []sentHook{after(time.Duration(p.rng.Int64N(int64(20*time.Second))), h)}
		}, p90: 25, perReading: 1.3},
		{is: "none, but forged ones", spoil: func(*portal, sentHook) []sentHook { return nil }, forge: func(p *portal) []sentHook {
			devices := p.v.cloud.Devices()
			return []sentHook{{webhook.Hint{ID: devices[p.rng.IntN(len(devices))].ID, Row: fmt.Sprint(p.rng.Uint64())}, p.v.now}}
		}, p90: 25, perReading: 20},
	} {
		t.Run(c.is, func(t *testing.T) {
			q, v := withHooks(t, aloneBrewery(kind{measured: true}), 1, c.spoil, c.forge)
			require.NotEmpty(t, q.slow)
			for _, row := range alone {
				t.Logf("%s: mean %.1f p90 %.1f requests per reading %.2f", row.device, mean(q.devices[row.device]), quantile(q.devices[row.device], .9), float64(q.families[row.family])/float64(len(q.devices[row.device])))
				assert.LessOrEqual(t, float64(q.families[row.family])/float64(len(q.devices[row.device])), c.perReading, row.device)
			}
			assert.LessOrEqual(t, quantile(q.slow, .9), c.p90)
			if c.pushed {
				polls, readings := 0, 0
				for _, row := range alone {
					polls, readings = polls+q.families[row.family], readings+len(q.devices[row.device])
				}
				assert.LessOrEqual(t, float64(polls)/float64(readings), 1.05)
				assert.Equal(t, 3, v.b.account.Pushed())
			}
			var all []time.Time
			for _, r := range v.cloud.Requests() {
				all = append(all, r.At)
			}
			assert.LessOrEqual(t, mostIn(all, time.Hour), 240*8/10)
			t.Logf("%.0f requests an hour, at most %d", q.perHour(), mostIn(all, time.Hour))
		})
	}
}
