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
	return []string{"verdict", "state", "devices", "requests", "commands", "problems"}
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
		var b bytes.Buffer
		if err := s.page.ExecuteTemplate(&b, id, view); err != nil {
			s.options.Log.Error("a part of the status page can't be made", slog.String("part", id), slog.Any("error", err))
		}
		// A carriage return would end a line of an event.
		made.all = append(made.all, part{id, bytes.TrimSpace(bytes.ReplaceAll(b.Bytes(), []byte("\r"), nil))})
	}
	s.made = made
	return made
}

// index is the page.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	parts := s.parts()
	frame := struct {
		Part          func(string) template.HTML
		Version, Zone string
		Asked         string
	}{Part: parts.html, Zone: parts.at.Format("MST (-07:00)")}
	if parts.of != nil {
		frame.Version = plain(parts.of.Version)
	}
	if r.URL.RawQuery == "asked" {
		frame.Asked = s.refreshed()
	}
	var b bytes.Buffer
	if err := s.page.ExecuteTemplate(&b, "page", frame); err != nil {
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
	Known    bool       // there is a snapshot; the rest is empty without
	Snapshot *Snapshot
	API      string // its status in words
	LastPoll *timestamp
	Broker   *timestamp
	Started  *timestamp
	Reset    *timestamp
	Devices  []deviceRow
	Chart    chart
	Commands []commandRow // newest first
	Problems []problemRow // newest first
}

type deviceRow struct {
	Name, Model                   string
	Temperature, Gravity, Battery string // empty: unknown
	Reading, Next                 *timestamp
	Online                        bool
	Missing                       string // the id of one that the lists lack; empty for others
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
	v := &view{Verdict: newVerdict(latest, stalled, started)}
	v.Since = clocked(v.Verdict.Since, now.Location())
	if latest == nil {
		return v
	}
	s := latest.Snapshot
	v.Known, v.Snapshot = true, s
	v.API = words(s.APIStatus)
	v.LastPoll, v.Broker, v.Started = aged(s.LastSuccessfulPoll, now), aged(s.Since, now), aged(s.Started, now)
	if v.Verdict.LastPoll {
		v.LastGood = clocked(s.LastSuccessfulPoll, now.Location())
	}
	v.Reset = awaited(s.RateLimitReset, now)
	v.Chart = newChart(s.Day)
	for _, d := range s.Devices {
		v.Devices = append(v.Devices, newDeviceRow(d, now))
	}
	for i := range s.Commands {
		c := s.Commands[len(s.Commands)-1-i]
		v.Commands = append(v.Commands, commandRow{
			At: clocked(c.At, now.Location()), Device: named(c.Device), Key: words(c.Key), Value: plain(c.Value),
			Outcome: plain(c.Outcome), Error: said(c.Error), Bad: c.Error != "",
		})
	}
	for i := range s.Problems {
		p := s.Problems[len(s.Problems)-1-i]
		v.Problems = append(v.Problems, problemRow{At: clocked(p.At, now.Location()), Text: said(p.Text), Count: p.Count})
	}
	return v
}

func newDeviceRow(d DeviceStatus, now time.Time) deviceRow {
	model := d.Family.Model()
	if model == "" {
		model = plain(string(d.Family))
	}
	row := deviceRow{
		Name: named(d.Name), Model: model, Online: d.Online,
		Temperature: number(d.Temperature, 1, " °C"), Gravity: number(d.Gravity, 4, ""), Battery: number(d.Battery, 0, " %"),
		Reading: aged(d.LastActivity, now), Next: awaited(d.Expected, now),
	}
	if d.Missing {
		row.Missing = d.ID
	}
	return row
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
