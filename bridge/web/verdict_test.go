package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestVerdict(t *testing.T) {
	api := func(status, reason string) *Snapshot {
		return with(func(s *Snapshot) { s.APIStatus, s.APIReason = status, reason })
	}
	for _, c := range []struct {
		name     string
		snapshot *Snapshot
		came     time.Duration // before noon; of the start where there is no snapshot
		level    string
		title    string
		why, do  bool // there is one
	}{
		{"started", nil, time.Second, "warn", "Starting", true, true},
		{"never came up", nil, loopStalls, "bad", "Not working: the bridge did not start", false, true},
		{"at work", brewing(), time.Minute, "good", "Working", false, false},
		{"stalled", brewing(), loopStalls, "bad", "Not working: the bridge has stopped moving", false, true},
		{"connecting", with(func(s *Snapshot) { s.Connected = false }), 0, "warn", "Connecting to the MQTT broker", false, true},
		{"no broker", with(func(s *Snapshot) { s.Connected, s.Broken = false, "connection refused" }), 0, "bad", "Not working: no MQTT broker", true, true},
		{"no broker before all that the API has", with(func(s *Snapshot) {
			s.Connected, s.Broken, s.APIStatus = false, "connection refused", "rejected"
		}), 0, "bad", "Not working: no MQTT broker", true, true},
		{"standing by", with(func(s *Snapshot) { s.Standby, s.APIStatus = true, "signed_out" }), 0, "good", "Standing by", true, false},
		{"no devices", with(func(s *Snapshot) { s.Devices = nil }), 0, "warn", "Working, but there are no devices", false, true},
		{"signing in", with(func(s *Snapshot) { s.APIStatus, s.LastSuccessfulPoll = "signed_out", time.Time{} }), 0, "warn", "Starting", true, true},
		{"one family refused", api("ok", "403"), 0, "warn", "Working, but not for all devices", true, false},
		{"slowed", api("slowed", ""), 0, "warn", "Working, but slowed down", true, true},
		{"rate limited", api("rate_limited", "429"), 0, "warn", "Waiting: the RAPT Cloud asks for fewer requests", true, true},
		{"signed out", api("signed_out", ""), 0, "warn", "Signed out of the RAPT Cloud", true, true},
		{"rejected", api("rejected", "make a new secret"), 0, "bad", "Not working: the RAPT Cloud refuses the account", true, false},
		{"rejected without a reason", api("rejected", ""), 0, "bad", "Not working: the RAPT Cloud refuses the account", true, false},
		{"unreachable", api("unreachable", "no route"), 0, "bad", "Not working: the RAPT Cloud can't be reached", true, true},
		{"maintenance", api("maintenance", "503"), 0, "warn", "Waiting: the RAPT Cloud is being maintained", true, true},
		{"a status of a later version", api("asleep", "yawn"), 0, "warn", "RAPT Cloud: asleep", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var latest *shown
			if c.snapshot != nil {
				latest = &shown{c.snapshot, before(c.came)}
			}
			v := newVerdict(latest, c.came >= loopStalls, before(c.came))
			assert.Equal(t, c.level, v.Level)
			assert.Equal(t, c.title, v.Title)
			assert.Equal(t, c.why, v.Why != "", v.Why)
			assert.Equal(t, c.do, v.Do != "", v.Do)
			if reason := c.snapshot; reason != nil && reason.Connected && reason.APIReason != "" {
				assert.Equal(t, reason.APIReason, v.Why)
			}
		})
	}
}
