package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

// dashboardPages are the pages of a dashboard for a brewery that has everything.
var dashboardPages = []string{"fermentation", "brew-day", "packaging", "bridge"}

// addDashboard makes a dashboard of what a user would paste into the raw configuration editor.
func (h *homeAssistant) addDashboard(t testing.TB, urlPath string, content []byte) {
	t.Helper()
	var board map[string]any
	require.NoError(t, yaml.Unmarshal(content, &board))
	h.command(t, "lovelace/dashboards/create", map[string]any{
		"url_path": urlPath, "title": "Brewery", "icon": "mdi:beer", "mode": "storage", "require_admin": false, "show_in_sidebar": true,
	}, nil)
	h.command(t, "lovelace/config/save", map[string]any{"url_path": urlPath, "config": board}, nil)
}

// cardsOf are what a page of a dashboard consists of, in whatever shadow tree.
type cardsOf struct {
	Cards   int      `json:"cards"`   // of all kinds, loaded
	Loading int      `json:"loading"` // not there yet
	Errors  []string `json:"errors"`  // cards, rows, badges and features in error, and entities that are not found
}

// cards looks at the page that a tab shows.
func cards(tab context.Context) (found cardsOf, err error) {
	const look = `(function () {
		const found = { cards: 0, loading: 0, errors: [] };
		const text = node => (node.shadowRoot || node).textContent.replace(/\s+/g, " ").trim();
		const walk = node => {
			const name = node.nodeName.toLowerCase();
			if (/^hui-(error|warning)/.test(name) || name === "hui-entity-not-found") found.errors.push(name + ": " + text(node));
			else if (/^hui-.*(card|badge)$/.test(name)) found.cards++;
			if (/^(ha-spinner|ha-circular-progress)$/.test(name)) found.loading++;
			for (const child of [...(node.shadowRoot ? node.shadowRoot.childNodes : []), ...node.childNodes]) walk(child);
		};
		walk(document.body);
		return JSON.stringify(found);
	})()`
	raw, err := chromedp.Run(tab, chromedp.Evaluate[string](look))
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal([]byte(raw), &found)
}

// shownWhole opens a page of a dashboard, waits until so many cards have loaded, and says what is wrong with them.
func (h *homeAssistant) shownWhole(t testing.TB, tab context.Context, path string, least int) []string {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate("http://homeassistant:8123"+path)), "open %s", path)
	var last cardsOf
	within(t, patience, "page "+path, func() error {
		now, err := cards(tab)
		if err != nil {
			return err
		}
		if now.Cards < least || now.Loading > 0 || fmt.Sprint(now) != fmt.Sprint(last) {
			last = now
			return fmt.Errorf("%d cards, at least %d wanted, %d loading; in error: %q", now.Cards, least, now.Loading, now.Errors)
		}
		return nil
	})
	text, err := visibleText(tab)
	require.NoError(t, err)
	for _, bad := range []string{"Entity not found", "Configuration error", "Unknown type", "not available"} {
		if strings.Contains(text, bad) {
			last.Errors = append(last.Errors, bad)
		}
	}
	return last.Errors
}

// cardCount is how many cards the pages of a dashboard have that are always shown, by path.
func cardCount(t testing.TB, content []byte) map[string]int {
	t.Helper()
	var board struct {
		Views []struct {
			Path     string
			Sections []struct {
				Visibility []any
				Cards      []struct{ Visibility []any }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(content, &board))
	count := map[string]int{}
	for _, view := range board.Views {
		for _, s := range view.Sections {
			for _, c := range s.Cards {
				if len(s.Visibility)+len(c.Visibility) == 0 {
					count[view.Path]++
				}
			}
		}
	}
	return count
}

func exampleDashboard(t testing.TB) []byte {
	t.Helper()
	content, err := os.ReadFile("../../../examples/dashboard.yaml")
	require.NoError(t, err)
	return content
}

func TestTheExampleDashboardShowsTheDemoBrewery(t *testing.T) {
	t.Parallel()
	b := sharedBrewery(t)
	mirrored(t, b.watch(t), "rapt", len(b.cloud.devices(t)))
	content := exampleDashboard(t)
	allThere(t, b.home, content)
	mark := b.assistant.mark(t)
	b.assistant.addDashboard(t, "example-brewery", content)
	browser := startChromium(t, t, b.network)
	tab := browser.tab(t, desktop)
	b.assistant.signIn(t, tab)
	for path, count := range cardCount(t, content) {
		t.Run(path, func(t *testing.T) {
			assert.Empty(t, b.assistant.shownWhole(t, tab, "/example-brewery/"+path, count))
		})
	}
	t.Run("and a wrong one would be seen", func(t *testing.T) {
		wrong := strings.NewReplacer("sensor.can_filler_total_fill_count", "sensor.no_such_thing", "type: entities", "type: no-such-card").Replace(string(content))
		b.assistant.addDashboard(t, "wrong-brewery", []byte(wrong))
		assert.NotEmpty(t, b.assistant.shownWhole(t, tab, "/wrong-brewery/packaging", 5))
	})
	assert.Empty(t, b.assistant.complaints(t, mark), "warnings and errors in Home Assistant's log")
}

// Another brewery, with names that clash, have no ASCII or are missing, in a home of its own.
func TestThePrintedDashboardShowsTheAccountsDevices(t *testing.T) {
	t.Parallel()
	h := startHome(t, t, homeAssistantOptions{})
	devices := raptsim.LargeBrewery(16)
	for i, name := range []string{"Ferment", "ferment!", "Gärkühlschrank", "ビール", "", "a: [b] # {{ c }} \"d\" 'e'"} {
		devices[i].Name = name
	}
	b := startBrewery(t, t, h, raptsim.Options{Devices: devices})
	watcher := h.watch(t)
	mirrored(t, watcher, "rapt", len(devices))

	run := startBridge(t, t, b.cloud.account().with(h.settings()), "dashboard")
	require.Zero(t, run.wait(t, patience), run.log())
	content := []byte(run.log())
	assert.NotContains(t, run.log(), "demo-secret")
	assert.NotContains(t, run.log(), brokerPassword)
	allThere(t, h, content)

	h.assistant.addDashboard(t, "printed-brewery", content)
	browser := startChromium(t, t, h.network)
	tab := browser.tab(t, desktop)
	h.assistant.signIn(t, tab)
	counts := cardCount(t, content)
	require.Len(t, counts, len(dashboardPages))
	for path, count := range counts {
		t.Run(path, func(t *testing.T) {
			assert.Empty(t, h.assistant.shownWhole(t, tab, "/printed-brewery/"+path, count))
		})
	}

	t.Run("without the broker it says so, and prints one all the same", func(t *testing.T) {
		run := startBridge(t, t, b.cloud.account().with(settings{"MQTT_URL": fmt.Sprintf("mqtt://127.0.0.1:%d", freePort(t))}), "dashboard")
		require.Zero(t, run.wait(t, 2*patience), run.log())
		assert.Contains(t, run.log(), "the broker could not be asked")
		assert.Contains(t, run.log(), "views:")
	})
	t.Run("with a wrong secret it says what to do", func(t *testing.T) {
		run := startBridge(t, t, b.cloud.account().with(h.settings()).with(settings{"RAPT_API_SECRET": "no"}), "dashboard")
		assert.Equal(t, 1, run.wait(t, patience), run.log())
		assert.Contains(t, run.log(), "secret")
	})
}

// allThere waits until every entity that a dashboard names has a state in Home Assistant.
func allThere(t testing.TB, h *home, content []byte) {
	t.Helper()
	var ids []string
	for line := range strings.Lines(string(content)) {
		if _, id, ok := strings.Cut(line, "entity: "); ok {
			ids = append(ids, strings.TrimSpace(id))
		}
	}
	require.NotEmpty(t, ids)
	within(t, patience, "the entities of the dashboard", func() error {
		states := h.assistant.states(t)
		var wrong []error
		for _, id := range ids {
			if _, there := states[id]; !there {
				wrong = append(wrong, errors.New(id))
			}
		}
		return errors.Join(wrong...)
	})
}

func TestPictureOfTheDashboard(t *testing.T) {
	if *pictures == "" {
		t.Skip("for make screenshots: the pages of the dashboard are opened by another test")
	}
	t.Parallel()
	b := sharedBrewery(t)
	mirrored(t, b.watch(t), "rapt", len(b.cloud.devices(t)))
	content := exampleDashboard(t)
	allThere(t, b.home, content)
	b.assistant.addDashboard(t, "gallery-brewery", content)
	// What a home that was running all the time would know of these batches.
	b.assistant.importBatch(t, "pale_ale_pill", 1.052, 72)
	b.assistant.importBatch(t, "stout_pill", 1.064, 36)
	b.assistant.importBatch(t, "cider_ispindel", 1.048, 120)
	browser := startChromium(t, t, b.network)
	for _, c := range []struct {
		name, path string
		view       viewport
	}{
		{"dashboard-fermentation", "fermentation", desktop},
		{"dashboard-fermentation-dark", "fermentation", viewport{width: 1280, height: 900, scale: 1, dark: true}},
		{"dashboard-fermentation-phone", "fermentation", phone},
		{"dashboard-fermentation-phone-dark", "fermentation", viewport{width: 412, height: 915, scale: 2, phone: true, dark: true}},
		{"dashboard-brew-day", "brew-day", desktop},
		{"dashboard-brew-day-phone", "brew-day", phone},
		{"dashboard-packaging", "packaging", desktop},
		{"dashboard-bridge", "bridge", desktop},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := browser.tab(t, c.view)
			b.assistant.signIn(t, tab)
			assert.Empty(t, b.assistant.shownWhole(t, tab, "/gallery-brewery/"+c.path, cardCount(t, content)[c.path]))
			if c.path == "bridge" { // its seconds count on, so it never stands still
				t.Log(pictureNow(t, tab, c.name))
				return
			}
			t.Log(picture(t, tab, c.name))
		})
	}
}

// pictureNow writes what a tab shows to a PNG file as picture does, of a page that never stands still.
func pictureNow(t testing.TB, tab context.Context, name string) string {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Sleep(3*time.Second)))
	png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	require.NoError(t, err, "take the picture %s", name)
	folder := *pictures
	if folder == "" {
		folder = t.ArtifactDir()
	}
	path := filepath.Join(folder, name+".png")
	require.NoError(t, os.WriteFile(path, png, 0o644))
	return path
}

// importBatch gives the hourly statistics of a beer that is so many hours old and has come from its original gravity to
// what Home Assistant shows.
func (h *homeAssistant) importBatch(t testing.TB, name string, original float64, age int) {
	t.Helper()
	last := time.Now().UTC().Truncate(time.Hour)
	for _, series := range []struct {
		key, unit string
		past      func(now, done float64) float64 // done: from 0 at the pitch to 1
	}{
		// Yeast wakes up for most of a day, then eats its way down.
		{"gravity", "SG", func(now, done float64) float64 {
			progress := func(x float64) float64 { return 1 / (1 + math.Exp(-9*(x-0.55))) }
			return original - (original-now)*(progress(done)-progress(0))/(progress(1)-progress(0))
		}},
		{"temperature", "°C", func(now, done float64) float64 { return now - 1.1*(1-done)*(1-done) + 0.2*math.Sin(9*done)*(1-done) }},
	} {
		entity := "sensor." + name + "_" + series.key
		now, err := strconv.ParseFloat(h.waitForState(t, patience, entity, isNumber).State, 64)
		require.NoError(t, err)
		var stats []map[string]any
		for ago := age; ago > 0; ago-- {
			v := series.past(now, 1-float64(ago)/float64(age))
			stats = append(stats, map[string]any{
				"start": last.Add(-time.Duration(ago) * time.Hour).Format(time.RFC3339), "mean": v, "min": v, "max": v,
			})
		}
		h.importStatistics(t, entity, series.unit, stats)
	}
}

// importStatistics gives a sensor statistics of the past.
func (h *homeAssistant) importStatistics(t testing.TB, entity, unit string, stats []map[string]any) {
	t.Helper()
	class := any(nil)
	if unit == "°C" {
		class = "temperature"
	}
	h.command(t, "recorder/import_statistics", map[string]any{
		"metadata": map[string]any{
			"has_mean": true, "mean_type": 1, "has_sum": false, "name": nil, "source": "recorder", "statistic_id": entity,
			"unit_of_measurement": unit, "unit_class": class,
		},
		"stats": stats,
	}, nil)
}
