package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/rapt-bridge/rapt-bridge/discovery"
)

// show is the page of a snapshot at noon; of none when it is nil.
func show(t *testing.T, s *Snapshot) string {
	t.Helper()
	server := New(Options{Now: at(noon)})
	if s != nil {
		server.Show(s)
	}
	return get(t, server, "/").Body.String()
}

func get(t *testing.T, s *Server, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	return w
}

func TestPageShowsTheBridgeAtWork(t *testing.T) {
	golden(t, "working.html", []byte(show(t, brewing())))
}

func TestPageBeforeTheFirstSnapshot(t *testing.T) { golden(t, "starting.html", []byte(show(t, nil))) }

func TestPageAsksNoOtherHostAndHasOnlyRelativeLinks(t *testing.T) {
	page, err := html.Parse(strings.NewReader(show(t, brewing())))
	require.NoError(t, err)
	links := 0
	for node := range page.Descendants() {
		for _, a := range node.Attr {
			switch a.Key {
			case "href", "src", "action", "srcset", "poster", "data":
				links++
				assert.NotRegexp(t, `^(/|[a-z]+:)`, a.Val, "%s of %s", a.Key, node.Data)
			case "style":
				t.Errorf("%s has a style attribute, which the policy forbids", node.Data)
			}
			assert.False(t, strings.HasPrefix(a.Key, "on"), "%s has %s, which the policy forbids", node.Data, a.Key)
		}
		if node.Data == "script" && node.Type == html.ElementNode {
			assert.Nil(t, node.FirstChild, "a script in the page, which the policy forbids")
		}
	}
	assert.NotZero(t, links)
}

// Nothing that a person or a server can put into a text becomes markup, an event's line, or shows an e-mail in full.
func TestTextsOfOthersStayText(t *testing.T) {
	for _, nasty := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</table><h1>x`, `<!--`, `{{.}}`, `&lt;b&gt;`, "a\r\nevent: verdict\rdata: x",
		`javascript:alert(1)`, "\x00\x1b[31m", "\u202ekcatta",
	} {
		s := with(func(s *Snapshot) {
			s.Version, s.APIStatus, s.APIReason, s.Broken = nasty, nasty, nasty, nasty
			s.APIAdvice, s.Statistics = nasty, nasty
			s.Refresh = Plan{Why: nasty, At: noon, Later: []LaterList{{discovery.Family(nasty), noon}}}
			s.Devices = []DeviceStatus{
				{Family: discovery.Family(nasty), ID: nasty, Name: nasty, Missing: true},
				{Family: discovery.Hydrometer, Paired: "fridge", Batch: &Batch{Name: nasty, Stage: nasty}},
				{Family: discovery.FermentationChamber, ID: "fridge", Name: nasty},
			}
			s.Commands = []CommandRecord{{Device: nasty, Key: nasty, Value: nasty, Outcome: nasty, Error: nasty}}
			s.Problems = []Problem{{Text: nasty}}
		})
		for _, connected := range []bool{true, false} {
			s.Connected = connected
			text := show(t, s)
			page, err := html.Parse(strings.NewReader(text))
			require.NoError(t, err)
			shown := 0
			for node := range page.Descendants() {
				if node.Type == html.TextNode && strings.Contains(node.Data, plain(nasty)) {
					shown++
				}
				assert.NotEqual(t, html.CommentNode, node.Type)
				if node.Type == html.ElementNode {
					assert.Contains(t, strings.Fields(`html head meta title link script body header h1 img form button p main noscript section h2 div
						table thead tr th tbody td bdi span time dl dt dd meter svg line rect ul li strong footer article h3 h4 em a input`), node.Data)
				}
			}
			assert.GreaterOrEqual(t, shown, 5, "%q", nasty)
			assert.Equal(t, 1, strings.Count(text, "<script"), "%q", nasty)
			assert.False(t, strings.Contains(text, "\r"), "%q", nasty)
		}
	}
}

func TestNoAddressOfEMailInFull(t *testing.T) {
	const address = "brewer.of-beer+rapt@example.com"
	text := show(t, with(func(s *Snapshot) {
		s.APIStatus, s.APIReason = "rejected", "the account "+address+" is refused"
		s.Problems = []Problem{{Text: "x <" + address + ">"}}
		s.Commands = []CommandRecord{{Error: address}}
	}))
	assert.NotContains(t, text, "brewer.of-beer")
	assert.Equal(t, 3, strings.Count(text, "REDACTED"))
	text = show(t, with(func(s *Snapshot) { s.Connected, s.Broken = false, "refused: "+address }))
	assert.NotContains(t, text, "brewer.of-beer")
}

func TestOneRenderingServesAllWhoAskWithinASecond(t *testing.T) {
	now := noon
	server := New(Options{Now: func() time.Time { return now }})
	server.Show(brewing())
	first := server.parts()
	now = now.Add(renderEvery - 1)
	assert.Same(t, first, server.parts())
	now = now.Add(1)
	second := server.parts()
	assert.NotSame(t, first, second)
	server.Show(brewing())
	assert.NotSame(t, second, server.parts(), "a new snapshot shows at once")
}

// A script turns the times into the browser's time zone; without one UTC is named with each.
func TestTimesAreInUTCWhateverTheClocksZone(t *testing.T) {
	server := New(Options{Now: at(noon.In(time.FixedZone("AEST", 10*60*60)))})
	server.Show(brewing())
	text := get(t, server, "/").Body.String()
	assert.Contains(t, text, `Times are in <span id="zone">UTC</span>`)
	assert.Contains(t, text, `<time class="clock" datetime="2026-03-14T11:50:00Z">2026-03-14 11:50:00 UTC</time>`)
	assert.NotContains(t, text, "21:50")
	assert.NotRegexp(t, `\d\d:\d\d:\d\d(<|")`, text, "a time without its zone")
}

func BenchmarkPage(b *testing.B) {
	for _, devices := range []int{4, 1000} {
		b.Run(fmt.Sprintf("%d devices", devices), func(b *testing.B) {
			now := noon
			server := New(Options{Now: func() time.Time { return now }})
			s := brewing()
			for len(s.Devices) < devices {
				s.Devices = append(s.Devices, s.Devices[0])
			}
			server.Show(s)
			for b.Loop() {
				now = now.Add(renderEvery)
				server.parts()
			}
		})
	}
}

func TestTheCloudIsNotSaidToAnswerWhereItIsNotAsked(t *testing.T) {
	state := func(change func(*Snapshot)) string {
		page := show(t, with(change))
		_, page, _ = strings.Cut(page, "<dt>MQTT broker</dt>")
		page, _, _ = strings.Cut(page, "<dt>Running</dt>")
		return page
	}
	away := state(func(s *Snapshot) { s.Connected, s.Broken, s.NextRequest = false, "connection refused", time.Time{} })
	assert.Contains(t, away, "<dd>Not asked without a broker. Last successful poll")
	assert.NotContains(t, away, "next request")
	standby := state(func(s *Snapshot) {
		s.Standby, s.APIStatus, s.LastSuccessfulPoll, s.NextRequest = true, "signed_out", time.Time{}, time.Time{}
	})
	assert.Contains(t, standby, "<dd>The active bridge asks it.</dd>")
	assert.NotContains(t, standby, "are left")
}

func TestAStandbyNamesWhoShowsTheDevices(t *testing.T) {
	shown := func(standby bool) string {
		return show(t, with(func(s *Snapshot) { s.Standby, s.Devices = standby, nil }))
	}
	assert.Contains(t, shown(true), "<p>The active bridge shows them.</p>")
	assert.NotContains(t, shown(false), "<p>The active bridge shows them.</p>")
	assert.Contains(t, shown(false), `<div id="devices" class="part"><p>None yet.</p>`)
}
