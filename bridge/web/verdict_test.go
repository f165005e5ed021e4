package web

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestVerdict(t *testing.T) {
	api := func(status, reason, advice string) *Snapshot {
		return with(func(s *Snapshot) {
			s.APIStatus, s.APIReason, s.APIAdvice, s.NextRequest = status, reason, advice, before(-3*time.Minute)
		})
	}
	old := func(s *Snapshot) *Snapshot {
		s.LastSuccessfulPoll = before(stillFresh)
		return s
	}
	for _, c := range []struct {
		name     string
		snapshot *Snapshot
		came     time.Duration // before noon; of the start where there is no snapshot
		level    string
		title    string
		why, do  string // how they begin
	}{
		{"started", nil, time.Second, "warn", "Starting", "The bridge looks", "Wait a moment"},
		{"never came up", nil, loopStalls, "bad", "Not working: the bridge did not start", "", "Read the log"},
		{"at work", brewing(), time.Minute, "good", "Working", "", ""},
		{"stalled", brewing(), loopStalls, "bad", "Not working: the bridge has stopped moving", "", "Restart it"},
		{"connecting", with(func(s *Snapshot) { s.Connected = false }), 0, "warn", "Connecting to the MQTT broker", "", "Wait a moment"},
		{"no broker", with(func(s *Snapshot) { s.Connected, s.Broken = false, "connection refused" }), 0, "bad", "Not working: no MQTT broker",
			"Connection refused.", "Check that the broker runs"},
		{"no broker, with an advice of its own", with(func(s *Snapshot) {
			s.Connected, s.Broken, s.APIStatus = false, "the broker refuses the user name or password (reason 0x86); check mqtt.username and mqtt.password", "rejected"
		}), 0, "bad", "Not working: no MQTT broker", "The broker refuses the user name or password (reason 0x86).", "Check mqtt.username and mqtt.password."},
		{"standing by", with(func(s *Snapshot) { s.Standby, s.APIStatus = true, "signed_out" }), 0, "good", "Standing by", "Another bridge", ""},
		{"before all lists are answered", with(func(s *Snapshot) { s.Devices = nil }), 0, "warn", "Starting", "The bridge asks for the lists", "Wait a moment"},
		{"no devices", with(func(s *Snapshot) { s.Devices, s.Listed = nil, true }), 0, "warn", "Working, but there are no devices", "", "Register your devices"},
		{"signing in", with(func(s *Snapshot) { s.APIStatus, s.LastSuccessfulPoll = "signed_out", time.Time{} }), 0, "warn", "Starting", "The bridge signs in", "Wait a moment"},
		{"one family refused", api("ok", "The RAPT Cloud refuses the stills (403)", ""), 0, "warn", "Working, but not for all devices", "The RAPT Cloud refuses the stills (403).", ""},
		{"slowed", api("slowed", "", ""), 0, "warn", "Working, but slowed down", "The requests of this hour", "Nothing needs doing"},
		{"rate limited", api("rate_limited", "The RAPT Cloud asks for fewer requests", ""), 0, "warn", "Waiting: the RAPT Cloud asks for fewer requests", "The bridge waits", "Nothing needs doing"},
		{"signed out", api("signed_out", "The sign-ins of this hour are used up", ""), 0, "warn", "Signed out of the RAPT Cloud", "The sign-ins of this hour are used up.", "Nothing needs doing"},
		{"rejected", api("rejected", "The RAPT Cloud refuses the user name or the API secret", "Make a new secret."), 0, "bad",
			"Not working: the RAPT Cloud refuses the user name or the API secret", "", "Make a new secret."},
		{"rejected without a reason", api("rejected", "", ""), 0, "bad", "Not working: the RAPT Cloud refuses the account", "", "Make a new API secret"},
		{"one 503", api("unreachable", "The RAPT Cloud answers with errors (503)", ""), 0, "warn", "The RAPT Cloud answers with errors (503)", "", "Nothing needs doing"},
		{"503 for long", old(api("unreachable", "The RAPT Cloud answers with errors (503)", "")), 0, "bad", "Not working: the RAPT Cloud answers with errors (503)", "", "Nothing needs doing"},
		{"unreachable", old(api("unreachable", "The RAPT Cloud can't be reached", "Check the internet connection.")), 0, "bad",
			"Not working: the RAPT Cloud can't be reached", "", "Check the internet connection."},
		{"maintenance", api("maintenance", "The RAPT Cloud says that it is being maintained", ""), 0, "warn", "Waiting: the RAPT Cloud is being maintained", "It says so", "Nothing needs doing"},
		{"a status of a later version", api("fast_asleep", "yawn", ""), 0, "warn", "RAPT Cloud: fast asleep", "Yawn.", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var latest *shown
			if c.snapshot != nil {
				latest = &shown{c.snapshot, before(c.came)}
			}
			v := newVerdict(latest, c.came >= loopStalls, before(c.came))
			assert.Equal(t, c.level, v.Level)
			assert.Equal(t, c.title, v.Title)
			assert.True(t, strings.HasPrefix(v.Why, c.why) && (v.Why == "") == (c.why == ""), v.Why)
			assert.True(t, strings.HasPrefix(v.Do, c.do) && (v.Do == "") == (c.do == ""), v.Do)
			if s := c.snapshot; s != nil && v.Level != "good" && c.came < loopStalls && (s.Connected || s.Broken != "") {
				assert.True(t, !v.Next.IsZero() || v.Tries != "" || s.NextRequest.IsZero(), "it doesn't say when the next try is")
			}
		})
	}
}

func TestTheBridgeWorksSinceBothTheBrokerAndTheCloudDo(t *testing.T) {
	for _, since := range []time.Duration{4 * time.Hour, 2 * time.Hour} {
		s := with(func(s *Snapshot) { s.APISince = before(since) })
		want := before(min(since, 3*time.Hour))
		assert.Equal(t, want, newVerdict(&shown{s, noon}, false, noon).Since)
	}
}

func TestSentences(t *testing.T) {
	for text, want := range map[string]string{"": "", "ää": "Ää.", "Why?": "Why?", "é": "É."} {
		assert.Equal(t, want, sentence(text))
	}
	assert.Equal(t, "a web page", small("A web page"))
	assert.Empty(t, small("")+capital(""))
}
