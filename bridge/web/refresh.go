package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// refreshApart is the least time between two polls that are asked for: each is a request for every family.
const refreshApart = 10 * time.Second

// answer is what one of the page's buttons is answered with.
type answer struct {
	Text string    // before the time, as a sentence where there is none
	At   time.Time // zero for none
	Then string    // after the time
	Late []laterRow
	Now  bool // it is done at once
}

// laterRow is a list that is asked for later than the others.
type laterRow struct {
	List string
	At   *timestamp
}

// Time is the time of the answer; nil for none.
func (a answer) Time() *timestamp { return clocked(a.At) }

// plan says what a press of Poll now does at this moment.
func (s *Server) plan() answer { return planOf(s.latest.Load()) }

func planOf(latest *shown) answer {
	switch {
	case latest == nil:
		return answer{Text: "The bridge has not started yet; it asks for all readings when it has."}
	case !latest.Connected:
		return answer{Text: "The MQTT broker is away; the bridge asks for all readings when it is back."}
	case latest.Standby:
		return answer{Text: "Another bridge of this account is active and asks for the readings."}
	}
	switch p := latest.Refresh; {
	case p.Why != "":
		return answer{Text: "Nothing is asked before", At: p.At, Then: ": " + small(said(p.Why)) + "."}
	case !p.At.IsZero():
		return answer{Text: "The bridge asks for fresh readings from", At: p.At, Then: " on, to stay below the limits."}
	default:
		return answer{Text: "The bridge asks for fresh readings now; they show within some seconds.", Late: laterRows(p.Later), Now: true}
	}
}

func laterRows(lists []LaterList) (rows []laterRow) {
	for _, l := range lists {
		rows = append(rows, laterRow{List: model(l.Family), At: clocked(l.At)})
	}
	return rows
}

// refresh asks the bridge to poll now. A browser's form is sent back to the page, a script gets the answer alone.
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	now := s.options.Now()
	due := s.askedFor.IsZero() || now.Sub(s.askedFor) >= refreshApart
	if due {
		s.askedFor = now
	}
	s.mu.Unlock()
	if !due {
		s.answerForm(w, r, "again")
		return
	}
	s.answerForm(w, r, "asked") // of before: it is asked for thereupon
	s.options.Refresh()
}

// sameOrigin says whether a request shows that a page of ours sent it. Browsers tell the site for https and loopback
// only, but the origin with every POST. A request that tells neither is refused.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" {
		return false
	}
	// A proxy may have put the host that the browser knows into X-Forwarded-Host. A page of somebody else can't have a
	// browser send that header.
	hosts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",")
	for _, host := range append(hosts, r.Host) {
		if host = strings.TrimSpace(host); host != "" && plainHost(host) == plainHost(origin.Host) {
			return true
		}
	}
	return false
}

// plainHost is a host in lower case without the port when that is a scheme's own.
func plainHost(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
}
