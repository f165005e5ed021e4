package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/metrics"
	"github.com/rapt-bridge/rapt-bridge/bridge/mirror"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
)

// snapshot hands out what the status page shows, at most once a second.
func (b *bridge) snapshot(now time.Time) {
	a, m, p := b.account, &b.mqtt, b.page
	if !p.Take(now) {
		return // wake comes back to it
	}
	b.measure(now)
	if b.options.OnSnapshot == nil {
		return
	}
	status, reason := b.apiStatus(now)
	s := &web.Snapshot{
		At: b.clock.Wall(), Started: b.clock.Read(b.clock.Origin), Version: b.options.Version,
		Connected: m.phase != away, Since: b.clock.Read(m.since), Broken: m.lastErr, Standby: m.phase == standingBy && m.watch.Active(),
		APIStatus: string(status), APIReason: reason, LastSuccessfulPoll: a.lastPoll,
		RequestsLastHour: a.gate.Requests.LastHour(now), RequestsPerHour: b.options.MaxRequestsPerHour, RequestsRemaining: a.gate.Remaining(now),
		UnknownFields: a.unknownFields, ReadOnly: b.options.ReadOnly, Refresh: b.refreshPlan(now),
	}
	p.Fill(s, s.At)
	if reset := a.gate.Health.LimitReset(now); !reset.IsZero() {
		s.RateLimitReset = b.clock.Read(reset)
	}
	if w := b.options.Statistics; w != nil {
		s.Statistics = w.Status()
	}
	for d := range a.each {
		status := p.Device(d.Ref)
		status.Online, status.Batch = d.published.Online == mirror.Online, b.batches.shown[d.Ref]
		status.ID, status.Missing = d.ID, a.absent.Doubtful(d.Ref)
		s.Devices = append(s.Devices, status)
	}
	for _, ref := range a.absent.LeftBehind(func(ref device.Ref) bool { return a.find(ref) != nil }) {
		s.Devices = append(s.Devices, web.DeviceStatus{Family: ref.Family, ID: ref.ID, Name: ref.ID, Missing: true})
	}
	b.options.OnSnapshot(s)
}

// measure hands the metrics what is measured at a moment.
func (b *bridge) measure(now time.Time) {
	a := b.account
	s := metrics.State{
		RequestsRemaining: a.gate.Remaining(now), RequestsLastHour: a.gate.Requests.LastHour(now), UnknownFields: a.unknownFields,
		Connected: b.mqtt.phase != away, Online: map[string]int{}, Offline: map[string]int{},
	}
	for _, f := range a.families {
		name := string(f.Name)
		s.Online[name] = 0
		for _, d := range f.devices {
			if d.published.Online == mirror.Online {
				s.Online[name]++
			}
		}
		s.Offline[name] = len(f.devices) - s.Online[name]
	}
	b.metrics.Set(s)
}
