package bridge

import (
	"slices"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/metrics"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// How many commands and problems the status page shows, and the least time between two snapshots of it.
const (
	keptCommands   = 20
	keptProblems   = 20
	snapshotsApart = time.Second
)

// statusPage is what the status page shows: a sink of readings, with what the loop tells it beside.
type statusPage struct {
	devices  map[device.Ref]web.DeviceStatus
	commands []web.CommandRecord
	problems []web.Problem
	requests limit.Day
	at       time.Time // of the last snapshot
	late     bool      // something may have changed since
}

func newStatusPage() *statusPage { return &statusPage{devices: map[device.Ref]web.DeviceStatus{}} }

// Accept keeps a reading's summary.
func (p *statusPage) Accept(u device.Update) {
	value := func(key string) raptclient.Null[float64] {
		v, _ := u.Reading.Value(key)
		n, ok := v.Number()
		return raptclient.Null[float64]{V: n, Valid: ok}
	}
	p.devices[u.Ref] = web.DeviceStatus{
		Family: u.Family, Name: u.Name, LastActivity: u.Reading.Activity(), Expected: u.Derived.Expected,
		Temperature: value("temperature"), Gravity: value("gravity"), Battery: value("battery"),
	}
}

// Remove forgets a device.
func (p *statusPage) Remove(ref device.Ref) { delete(p.devices, ref) }

func (p *statusPage) addProblem(text string, at time.Time) {
	if n := len(p.problems); n > 0 && p.problems[n-1].Text == text {
		p.problems[n-1].Count++
		p.problems[n-1].At = at
		return
	}
	p.problems = append(p.problems, web.Problem{At: at, Text: text, Count: 1})
	if len(p.problems) > keptProblems {
		p.problems = p.problems[1:]
	}
}

func (p *statusPage) lastProblem() string {
	if len(p.problems) == 0 {
		return ""
	}
	return p.problems[len(p.problems)-1].Text
}

// addCommand keeps the outcome of a command. One that follows another outcome takes its place.
func (p *statusPage) addCommand(r web.CommandRecord, follows bool) {
	if follows {
		for i := range slices.Backward(p.commands) {
			if c := &p.commands[i]; c.Device == r.Device && c.Key == r.Key {
				c.Outcome, c.Error = r.Outcome, r.Error
				return
			}
		}
		return // it was too long ago
	}
	p.commands = append(p.commands, r)
	if len(p.commands) > keptCommands {
		p.commands = p.commands[1:]
	}
}

// due is when the next snapshot is to be taken; zero when nothing has changed.
func (p *statusPage) due() time.Time {
	if !p.late {
		return time.Time{}
	}
	return p.at.Add(snapshotsApart)
}

// snapshot hands out what the status page shows, at most once a second.
func (b *bridge) snapshot(now time.Time) {
	a, m, p := b.account, &b.mqtt, b.page
	if p.late = now.Sub(p.at) < snapshotsApart && !p.at.IsZero(); p.late {
		return // wake comes back to it
	}
	p.at = now
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
		UnknownFields: a.unknownFields, ReadOnly: b.options.ReadOnly, Refresh: b.refreshPlan(now), Day: p.requests.Counts(b.clock.Wall()),
		Commands: slices.Clone(p.commands), Problems: slices.Clone(p.problems),
	}
	if reset := a.gate.Health.LimitReset(now); !reset.IsZero() {
		s.RateLimitReset = b.clock.Read(reset)
	}
	if w := b.options.Statistics; w != nil {
		s.Statistics = w.Status()
	}
	for d := range a.each {
		status := p.devices[d.Ref]
		status.Online = d.online == online
		status.ID, status.Missing = d.ID, a.doubtful(d.Ref)
		s.Devices = append(s.Devices, status)
	}
	s.Devices = append(s.Devices, a.leftBehind()...)
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
			if d.online == online {
				s.Online[name]++
			}
		}
		s.Offline[name] = len(f.devices) - s.Online[name]
	}
	b.metrics.Set(s)
}
