package web

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
)

// renderEvery is how long a rendering serves all who ask, so that a flood of requests costs no more than one.
const renderEvery = time.Second

// partIDs are the parts of the page that change, by the id of their element and the name of their template.
func partIDs() []string {
	return []string{"plan", "verdict", "state", "devices", "requests", "commands", "problems", "pushed"}
}

// part is a part of the page as HTML.
type part struct {
	id   string
	html []byte
}

// rendering is the parts at one moment.
type rendering struct {
	of  *shown
	at  time.Time
	all []part
}

func (r *rendering) html(id string) template.HTML {
	for _, p := range r.all {
		if p.id == id {
			return template.HTML(p.html) // made by our own template
		}
	}
	return ""
}

func pageTemplate() *template.Template {
	return template.Must(template.New("").ParseFS(content, "content/*.html"))
}

// parts returns the parts as they are now.
func (s *Server) parts() *rendering {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, latest := s.options.Now(), s.latest.Load()
	if s.made != nil && s.made.of == latest && now.Sub(s.made.at) < renderEvery {
		return s.made
	}
	made := &rendering{of: latest, at: now}
	_, stalled := s.stalled(latest, now)
	view := newView(latest, stalled, s.started, now)
	for _, id := range partIDs() {
		made.all = append(made.all, part{id, s.execute(id, view)})
	}
	s.made = made
	return made
}

// execute is a template's text. Carriage returns are left out: one would end a line of an event.
func (s *Server) execute(name string, data any) []byte {
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, name, data); err != nil {
		s.options.Log.Error("a part of the status page can't be made", slog.String("part", name), slog.Any("error", err))
	}
	return bytes.TrimSpace(bytes.ReplaceAll(b.Bytes(), []byte("\r"), nil))
}

// frame is a page around the parts.
type frame struct {
	Title   string // empty for the first page
	Part    func(string) template.HTML
	Version string
	Asked   *answer // to what a form without a script has sent
	Tools   []tool
	Push    *pushGuide
	Listing *listing
}

// index is the page.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	f := s.frame("")
	f.Tools = s.tools()
	f.Asked = s.answerTo(r.URL.RawQuery)
	s.write(w, "page", f)
}

func (s *Server) frame(title string) frame {
	parts := s.parts()
	f := frame{Title: title, Part: parts.html}
	if parts.of != nil {
		f.Version = plain(parts.of.Version)
	}
	return f
}

// write answers with a page.
func (s *Server) write(w http.ResponseWriter, name string, f frame) {
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, name, f); err != nil {
		s.options.Log.Error("the status page can't be made", slog.Any("error", err))
		http.Error(w, "The page can't be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes())
}

// view is what the parts show.
type view struct {
	Verdict  verdict
	Since    *timestamp // of the verdict
	LastGood *timestamp // the last successful poll, where it belongs to the verdict
	Next     *timestamp // the next try, where it belongs to the verdict
	Late     []laterRow // lists that are asked for later than the others
	Plan     answer
	Known    bool // there is a snapshot; the rest is empty without
	Snapshot *Snapshot
	API      string // its status in words
	LastPoll *timestamp
	NextPoll *timestamp
	Broker   *timestamp
	Started  *timestamp
	Reset    *timestamp
	LastHook *timestamp
	Devices  []deviceCard
	Chart    chart
	Commands []commandRow // newest first
	Problems []problemRow // newest first
	// Statistics is how it goes with Home Assistant's; empty for not at all.
	Statistics string
}

type commandRow struct {
	At                          *timestamp
	Device, Key, Value, Outcome string
	Error                       string
	Bad                         bool
}

type problemRow struct {
	At    *timestamp
	Text  string
	Count int
}

func newView(latest *shown, stalled bool, started, now time.Time) *view {
	v := &view{Verdict: newVerdict(latest, stalled, started), Plan: planOf(latest)}
	v.Since, v.Next = clocked(v.Verdict.Since), clocked(v.Verdict.Next)
	if latest == nil {
		return v
	}
	s := latest.Snapshot
	v.Known, v.Snapshot = true, s
	switch v.API = apiWords(s.APIStatus); {
	case !s.Connected:
		v.API = "Not asked without a broker"
	case s.Standby:
		v.API = "The active bridge asks it"
	}
	v.LastPoll, v.NextPoll = aged(s.LastSuccessfulPoll, now), awaited(s.NextRequest, now)
	v.Broker, v.Started, v.LastHook = aged(s.Since, now), aged(s.Started, now), aged(s.LastHook, now)
	if v.Verdict.LastPoll {
		v.LastGood, v.Late = clocked(s.LastSuccessfulPoll), laterRows(s.Refresh.Later)
	}
	v.Reset = awaited(s.RateLimitReset, now)
	v.Chart = newChart(s.Day)
	v.Statistics = sentence(said(s.Statistics))
	v.Devices = deviceCards(s.Devices, now)
	for i := range s.Commands {
		c := s.Commands[len(s.Commands)-1-i]
		v.Commands = append(v.Commands, commandRow{
			At: clocked(c.At), Device: named(c.Device), Key: capital(words(c.Key)), Value: plain(c.Value),
			Outcome: capital(plain(c.Outcome)), Error: said(c.Error), Bad: c.Error != "",
		})
	}
	for i := range s.Problems {
		p := s.Problems[len(s.Problems)-1-i]
		v.Problems = append(v.Problems, problemRow{At: clocked(p.At), Text: sentence(said(p.Text)), Count: p.Count})
	}
	return v
}

// apiWords is a status of the API as people say it.
func apiWords(status string) string {
	if text, ok := map[string]string{
		"ok": "Answers", "slowed": "Answers; polls wait", "rate_limited": "Asks for fewer requests", "signed_out": "Signed out",
		"rejected": "Refuses the account", "unreachable": "Does not answer as it should", "maintenance": "Is being maintained",
	}[status]; ok {
		return text
	}
	return capital(words(status))
}

// words is a key as people write it.
func words(key string) string { return strings.ReplaceAll(plain(key), "_", " ") }

func named(name string) string {
	if name = plain(name); name == "" {
		return "(no name)"
	}
	return name
}

// number is a value with digits after the point; empty when there is none.
func number(v raptclient.Null[float64], digits int, unit string) string {
	if !v.Valid {
		return ""
	}
	return strconv.FormatFloat(v.V, 'f', digits, 64) + unit
}
