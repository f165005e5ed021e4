package web

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// verdict is what the page says first: whether all works, what does not, and what to do.
type verdict struct {
	Level    string // good, warn or bad: the mark and the colour
	Title    string
	Why      string
	Do       string    // one advice
	Since    time.Time // of what the title says; zero when that is not known
	LastPoll bool      // the time of the last successful poll belongs to it
	Next     time.Time // when it is tried again; zero where that is not known
	Tries    string    // the same where there is no time
}

const (
	starting = "Wait a moment; the page goes on by itself, or when you load it again."
	// stillFresh is how long after the last answer a cloud in trouble is not yet one that does not work.
	stillFresh = 10 * time.Minute
)

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
		return brokerVerdict(latest.Snapshot)
	}
	if latest.Standby {
		return verdict{Level: "good", Title: "Standing by", Since: latest.Since,
			Why: "Another bridge of this account is active. This one takes its place when it is gone."}
	}
	v := apiVerdict(latest.Snapshot)
	if v.Level != "good" {
		v.LastPoll, v.Next = true, latest.NextRequest
	}
	return v
}

// brokerVerdict is the verdict without a broker. The reason has the advice behind a semicolon, where it has one.
func brokerVerdict(s *Snapshot) verdict {
	v := verdict{Level: "bad", Title: "Not working: no MQTT broker", Since: s.Since, Tries: "It is tried again every half minute at the least.",
		Do: "Check that the broker runs, and the address, user name and password under mqtt."}
	why, do, advised := strings.Cut(said(s.Broken), "; ")
	if v.Why = sentence(why); advised {
		v.Do = sentence(do)
	}
	return v
}

// apiVerdict is the verdict while the broker is there.
func apiVerdict(s *Snapshot) verdict {
	reason := said(s.APIReason)
	v, known := apiVerdicts()[s.APIStatus]
	if !known {
		v = verdict{Level: "warn", Title: "RAPT Cloud: " + words(s.APIStatus)}
	}
	switch {
	case s.APIStatus == "signed_out" && reason == "" && s.LastSuccessfulPoll.IsZero():
		v = verdict{Level: "warn", Title: "Starting", Why: "The bridge signs in to the RAPT Cloud.", Do: starting}
	case v.Level == "good" && reason != "":
		v = verdict{Level: "warn", Title: "Working, but not for all devices", Why: sentence(reason)}
	case v.Level == "good" && len(s.Devices) == 0 && !s.Listed:
		v = verdict{Level: "warn", Title: "Starting", Why: "The bridge asks for the lists of devices.", Do: starting}
	case v.Level == "good" && len(s.Devices) == 0:
		v = verdict{Level: "warn", Title: "Working, but there are no devices",
			Do: "Register your devices in the RAPT app with the account whose API secret the bridge has; they show here within minutes."}
	case v.Level == "good":
		if v.Since = s.Since; s.APISince.After(v.Since) {
			v.Since = s.APISince
		}
	case v.Level == "bad" && s.APIStatus == "unreachable" && s.At.Sub(s.LastSuccessfulPoll) < stillFresh:
		v.Level, v.Title = "warn", orElse(capital(reason), v.Title)
	case v.Level == "bad":
		v.Title = "Not working: " + small(orElse(reason, v.Title))
	case reason != "" && v.Why == "":
		v.Why = sentence(reason)
	}
	if advice := said(s.APIAdvice); advice != "" {
		v.Do = advice
	}
	return v
}

// apiVerdicts is a row for each status of the API. The title of a bad one is the bridge's reason, where it gives one; its
// advice goes before Do.
func apiVerdicts() map[string]verdict {
	return map[string]verdict{
		"ok": {Level: "good", Title: "Working"},
		"slowed": {Level: "warn", Title: "Working, but slowed down", Why: "The requests of this hour are nearly used up, so polls wait.",
			Do: "Nothing needs doing. If it lasts, see whether another program uses the same account."},
		"rate_limited": {Level: "warn", Title: "Waiting: the RAPT Cloud asks for fewer requests", Why: "The bridge waits as long as it was told.",
			Do: "Nothing needs doing. If it happens often, see whether another program uses the same account."},
		"signed_out": {Level: "warn", Title: "Signed out of the RAPT Cloud", Do: "Nothing needs doing: the bridge signs in when it may."},
		"rejected": {Level: "bad", Title: "The RAPT Cloud refuses the account",
			Do: "Make a new API secret in the RAPT app (My Account, Api Secrets), enter it and restart."},
		"unreachable": {Level: "bad", Title: "The RAPT Cloud can't be reached", Do: "Nothing needs doing: the bridge tries on by itself."},
		"maintenance": {Level: "warn", Title: "Waiting: the RAPT Cloud is being maintained", Why: "It says so itself.",
			Do: "Nothing needs doing: the bridge tries on by itself."},
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// capital is a text with a capital at its beginning.
func capital(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[n:]
}

// small is a text in the middle of a sentence: its first word, which is no name, without a capital.
func small(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return ""
	}
	return string(unicode.ToLower(first)) + text[n:]
}

// sentence is a text from a capital to a full stop.
func sentence(text string) string {
	if text = capital(text); text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}
