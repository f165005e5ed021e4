package web

import (
	"time"
)

// verdict is what the page says first: whether all works, what does not, and what to do.
type verdict struct {
	Level    string // good, warn or bad: the mark and the colour
	Title    string
	Why      string
	Do       string
	Since    time.Time // of what the title says; zero when that is not known
	LastPoll bool      // the time of the last successful poll belongs to it
}

const starting = "Wait a moment; the page goes on by itself, or when you load it again."

// newVerdict works out the verdict. latest may be nil; stalled says that the bridge's loop has stopped turning.
func newVerdict(latest *shown, stalled bool, started time.Time) verdict {
	switch {
	case latest == nil && !stalled:
		return verdict{Level: "warn", Title: "Starting", Why: "The bridge looks for the MQTT broker.", Do: starting, Since: started}
	case latest == nil:
		return verdict{Level: "bad", Title: "Not working: the bridge did not start", Since: started,
			Do: "Read the log, which says why; then restart the bridge."}
	case stalled:
		return verdict{Level: "bad", Title: "Not working: the bridge has stopped moving", Since: latest.At,
			Do: "Restart it. If it happens again, please report it with the log."}
	case !latest.Connected && latest.Broken == "":
		return verdict{Level: "warn", Title: "Connecting to the MQTT broker", Do: starting, Since: latest.Since}
	case !latest.Connected:
		return verdict{Level: "bad", Title: "Not working: no MQTT broker", Why: said(latest.Broken), Since: latest.Since,
			Do: "Check that the broker runs, and the address, user name and password under mqtt. The bridge tries on by itself."}
	}
	if latest.Standby {
		return verdict{Level: "good", Title: "Standing by", Since: latest.Since,
			Why: "Another bridge of this account is active. This one takes its place when it is gone."}
	}
	v := apiVerdict(latest.Snapshot)
	v.LastPoll = v.Level != "good"
	return v
}

// apiVerdict is the verdict while the broker is there.
func apiVerdict(s *Snapshot) verdict {
	v, known := apiVerdicts()[s.APIStatus]
	if !known {
		v = verdict{Level: "warn", Title: "RAPT Cloud: " + plain(s.APIStatus)}
	}
	if s.APIStatus == "signed_out" && s.APIReason == "" && s.LastSuccessfulPoll.IsZero() {
		v = verdict{Level: "warn", Title: "Starting", Why: "The bridge signs in to the RAPT Cloud.", Do: starting}
	}
	if v.Level == "good" && s.APIReason != "" {
		v = verdict{Level: "warn", Title: "Working, but not for all devices"}
	}
	if v.Level == "good" && len(s.Devices) == 0 {
		v = verdict{Level: "warn", Title: "Working, but there are no devices",
			Do: "Register your devices in the RAPT app with the account whose API secret the bridge has; they show here within minutes."}
	}
	if v.Level == "good" {
		v.Since = s.Since
	}
	if s.APIReason != "" {
		v.Why = said(s.APIReason)
	}
	return v
}

// apiVerdicts is a row for each status of the API. Why is for when the bridge gives no reason; where its reason says
// what to do, Do is empty.
func apiVerdicts() map[string]verdict {
	return map[string]verdict{
		"ok": {Level: "good", Title: "Working"},
		"slowed": {Level: "warn", Title: "Working, but slowed down", Why: "The requests of this hour are nearly used up, so polls wait.",
			Do: "Nothing needs doing. If it lasts, see whether another program uses the same account."},
		"rate_limited": {Level: "warn", Title: "Waiting: the RAPT Cloud asks for fewer requests",
			Do: "Nothing needs doing: the bridge waits as long as it was told. If it happens often, see whether another program uses the same account."},
		"signed_out": {Level: "warn", Title: "Signed out of the RAPT Cloud", Why: "The bridge may not sign in again yet.",
			Do: "Nothing needs doing: the bridge signs in when it may."},
		"rejected": {Level: "bad", Title: "Not working: the RAPT Cloud refuses the account",
			Why: "Make a new API secret in the RAPT app (My Account, Api Secrets), enter it and restart."},
		"unreachable": {Level: "bad", Title: "Not working: the RAPT Cloud can't be reached",
			Do: "The bridge tries on by itself. If the RAPT app works on your phone, check the internet connection of this machine."},
		"maintenance": {Level: "warn", Title: "Waiting: the RAPT Cloud is being maintained",
			Do: "Nothing needs doing: the bridge tries again by itself."},
	}
}
