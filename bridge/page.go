package bridge

import (
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/metrics"
	"github.com/rapt-bridge/rapt-bridge/bridge/status"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
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
	s := &web.Snapshot{
		At: b.clock.Wall(), Started: b.clock.Read(b.clock.Origin), Version: b.options.Version,
		Connected: m.phase != away, Since: b.clock.Read(m.since), Broken: m.lastErr, Standby: m.phase == standingBy && m.watch.Active(),
		Listed: a.Listed(), APIStatus: string(a.Status(now)), APIReason: a.Gate.Health.Explanation.What, APIAdvice: a.Gate.Health.Explanation.Do,
		LastSuccessfulPoll: a.LastPoll, NextRequest: b.nextRequest(now), Pushed: a.Pushed(),
		RequestsLastHour: a.Gate.Requests.LastHour(now), RequestsPerHour: b.options.MaxRequestsPerHour, RequestsRemaining: a.Gate.Remaining(now),
		UnknownFields: a.UnknownFields, ReadOnly: b.options.ReadOnly, Refresh: status.Plan(a.RefreshPlan(now, a.Families...), b.clock.Read), Dashboard: b.dashboard(),
	}
	p.Fill(s, s.At)
	if reset := a.Gate.Health.LimitReset(now); !reset.IsZero() {
		s.RateLimitReset = b.clock.Read(reset)
	}
	if w := b.options.Statistics; w != nil {
		s.Statistics = w.Status()
	}
	for d := range a.Each {
		shown := p.Device(d.Ref)
		shown.Online, shown.Batch = a.Online(d, now), b.batches.shown[d.Ref]
		shown.ID, shown.Missing = d.ID, a.Absent.Doubtful(d.Ref)
		shown.Heating, shown.Cooling = shown.Heating && s.Connected, shown.Cooling && s.Connected // nobody looks meanwhile
		s.Devices = append(s.Devices, shown)
	}
	for _, ref := range a.Absent.LeftBehind(func(ref device.Ref) bool { return a.Find(ref) != nil }) {
		s.Devices = append(s.Devices, web.DeviceStatus{Family: ref.Family, ID: ref.ID, Name: ref.ID, Missing: true})
	}
	b.options.OnSnapshot(s)
}

// dashboard makes a dashboard of the devices as they are now, whenever and wherever it is called; nil where nothing can.
func (b *bridge) dashboard() func() []byte {
	if b.options.Dashboard == nil {
		return nil
	}
	devices := make([]discovery.Device, 0, b.account.Devices())
	paired := map[string]string{}
	for d := range b.account.Each {
		devices = append(devices, d.Published.Describe())
		if with := d.Reading.Paired(); with != "" {
			paired[d.Reading.ID()] = with
		}
	}
	generate, options := b.options.Dashboard, b.discoveryOptions()
	return func() []byte { return generate(options, devices, paired) }
}

// measure hands the metrics what is measured at a moment.
func (b *bridge) measure(now time.Time) {
	a := b.account
	s := metrics.State{
		RequestsRemaining: a.Gate.Remaining(now), RequestsLastHour: a.Gate.Requests.LastHour(now), UnknownFields: a.UnknownFields,
		Connected: b.mqtt.phase != away, Online: map[string]int{}, Offline: map[string]int{},
	}
	for _, f := range a.Families {
		name := string(f.Name)
		s.Online[name] = 0
		for _, d := range f.Members {
			if a.Online(d, now) {
				s.Online[name]++
			}
		}
		s.Offline[name] = len(f.Members) - s.Online[name]
	}
	b.metrics.Set(s)
}
