// Package status keeps what the status page shows of the account: the devices' newest readings, as a sink of them, and the
// last commands and problems. It is pure; how a page looks, web says.
package status

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge/device"
	"github.com/rapt-bridge/rapt-bridge/bridge/internal/times"
	"github.com/rapt-bridge/rapt-bridge/bridge/limit"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/discovery"
	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// How many commands and problems are kept, and the least time between two snapshots.
const (
	keptCommands   = 20
	keptProblems   = 20
	snapshotsApart = time.Second
)

// Page is what the status page shows. It is for one goroutine.
type Page struct {
	// Requests are those of the last day.
	Requests limit.Day

	cloud    func() time.Time // now on the cloud's clock
	devices  map[device.Ref]web.DeviceStatus
	commands []command
	problems []web.Problem
	lastHook time.Time
	at       time.Time // of the last snapshot
	late     bool      // something may have changed since

	apiStatus, apiReason string
	apiSince             time.Time // of the two
}

// command is what became of a command to a device.
type command struct {
	of device.Ref
	web.CommandRecord
}

// NewPage shows nothing yet. cloud is now on the cloud's clock.
func NewPage(cloud func() time.Time) *Page {
	return &Page{cloud: cloud, devices: map[device.Ref]web.DeviceStatus{}}
}

// Accept keeps a reading's summary.
func (p *Page) Accept(u device.Update) {
	value := func(key string) raptclient.Null[float64] {
		v, _ := u.Reading.Value(key)
		n, ok := v.Number()
		return raptclient.Null[float64]{V: n, Valid: ok}
	}
	paired, _ := u.Reading.Value("paired_device_id")
	id, _ := paired.Text()
	p.devices[u.Ref] = web.DeviceStatus{
		Family: u.Family, Name: u.Name, LastActivity: u.Reading.Activity(), Expected: u.Derived.Expected,
		Temperature: value("temperature"), Gravity: value("gravity"), Battery: value("battery"), Target: value("target_temperature"),
		Heating: u.Derived.Heating.V, Cooling: u.Derived.Cooling.V, Paired: strings.ToLower(id), Curve: p.devices[u.Ref].Curve,
	}
	if !u.Reading.Activity().IsZero() {
		p.AddRows(u.Ref, []device.Telemetry{u.Reading.Telemetry()})
	}
}

// AddRows takes rows of telemetry into a hydrometer's curve. The newest has the target that its controller has now.
func (p *Page) AddRows(ref device.Ref, rows []device.Telemetry) {
	status, known := p.devices[ref]
	if !known {
		return
	}
	for _, row := range rows {
		gravity, measures := row.Value("gravity")
		if !measures {
			return
		}
		if times.Ahead(row.At, p.cloud()) {
			continue // with it as the newest, all others would be too old for the curve
		}
		target := math.NaN()
		if row.At.Equal(status.LastActivity) {
			target = p.targetOf(status.Paired)
		}
		temperature, _ := row.Value("temperature")
		status.Curve = status.Curve.With(web.NewPoint(row.At, orNaN(gravity), orNaN(temperature), target))
	}
	p.devices[ref] = status
}

func orNaN(v device.Value) float64 {
	if n, ok := v.Number(); ok {
		return n
	}
	return math.NaN()
}

// targetOf is the target temperature of a device by its id; NaN for none.
func (p *Page) targetOf(id string) float64 {
	for _, f := range discovery.Families() {
		if target := p.devices[device.Ref{Family: f, ID: id}].Target; target.Valid {
			return target.V
		}
	}
	return math.NaN()
}

// Hooked notes that a webhook of a device came.
func (p *Page) Hooked(at time.Time) { p.lastHook = at }

// Remove forgets a device.
func (p *Page) Remove(ref device.Ref) { delete(p.devices, ref) }

// Device is what its newest reading says of a device.
func (p *Page) Device(ref device.Ref) web.DeviceStatus { return p.devices[ref] }

// AddProblem keeps something that went wrong at a time of the wall clock. The same one again counts.
func (p *Page) AddProblem(text string, at time.Time) {
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

// LastProblem is the newest one; empty for none.
func (p *Page) LastProblem() string {
	if len(p.problems) == 0 {
		return ""
	}
	return p.problems[len(p.problems)-1].Text
}

// AddCommand keeps the outcome of a command. One that follows another outcome takes the place of that of the same value.
func (p *Page) AddCommand(of device.Ref, r web.CommandRecord, follows bool) {
	if follows {
		for i := range slices.Backward(p.commands) {
			if c := &p.commands[i]; c.of == of && c.Key == r.Key && c.Value == r.Value && (c.Outcome == "applied" || c.Outcome == "unchanged") {
				c.Outcome, c.Error = r.Outcome, r.Error
				return
			}
		}
		return // it was too long ago
	}
	p.commands = append(p.commands, command{of, r})
	if len(p.commands) > keptCommands {
		p.commands = p.commands[1:]
	}
}

// Take reports whether a snapshot is to be taken at now, steady time: not more than once a second. It is called after
// whatever may have changed something.
func (p *Page) Take(now time.Time) bool {
	if p.late = now.Sub(p.at) < snapshotsApart && !p.at.IsZero(); p.late {
		return false
	}
	p.at = now
	return true
}

// Due is when the next snapshot is to be taken; zero when nothing has changed.
func (p *Page) Due() time.Time {
	if !p.late {
		return time.Time{}
	}
	return p.at.Add(snapshotsApart)
}

// Fill puts what is kept into a snapshot. wall is now for people.
func (p *Page) Fill(s *web.Snapshot, wall time.Time) {
	s.Day, s.Problems, s.LastHook = p.Requests.Counts(wall), slices.Clone(p.problems), p.lastHook
	for _, c := range p.commands {
		s.Commands = append(s.Commands, c.CommandRecord)
	}
	if s.APIStatus != p.apiStatus || s.APIReason != p.apiReason {
		p.apiStatus, p.apiReason, p.apiSince = s.APIStatus, s.APIReason, wall
	}
	s.APISince = p.apiSince
}
