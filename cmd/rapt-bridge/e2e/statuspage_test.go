package e2e

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	containernetwork "github.com/testcontainers/testcontainers-go/network"
)

// Addresses within the network of a pageHome.
const (
	demoPage    = "http://demo:8099/"
	nastyPage   = "http://nasty:8099/"
	brewingPage = "http://brewing:8099/"
	slowedPage  = "http://neighbours:8097/"
	brokenPage  = "http://neighbours:8098/"
	ingressHome = "http://neighbours:8123/"
	ingressPage = ingressHome + "api/hassio_ingress/S3cr3t-t0k3n/"
)

// pageHome is a network with a browser, the program's demo, the program on an account with nasty names that asks the cloud
// rarely by itself, and the program on one whose beers have been fermenting for days; each has a page. The browser reaches them by name, so all of them are in containers.
type pageHome struct {
	browser   *chromium
	nastyPort int // of 127.0.0.1, where the test reaches the second page
}

func startPageHome(t *testing.T) *pageHome {
	t.Helper()
	needDocker(t)
	nw := newNetwork(t, t)
	h := &pageHome{nastyPort: freePort(t)}
	bridge, neighbours := static(t, "github.com/rapt-bridge/rapt-bridge/cmd/rapt-bridge"), static(t, "./testdata/neighbours")
	run := func(name, binary string, ports map[int]int, set settings, arguments ...string) {
		environment := map[string]string{"RAPT_BRIDGE_CONTAINER": "1"}
		for key, value := range set {
			environment["RAPT_BRIDGE_"+key] = value
		}
		startContainer(t, t, "golang:1.26", ports, containernetwork.WithNetwork([]string{name}, nw), testcontainers.WithEnv(environment),
			testcontainers.WithFiles(testcontainers.ContainerFile{HostFilePath: binary, ContainerFilePath: "/program", FileMode: 0o755}),
			testcontainers.WithCmd(append([]string{"/program"}, arguments...)...))
	}
	run("demo", bridge, nil, settings{"HTTP_LISTEN": ":8099", "HTTP_HOSTS": "demo, neighbours"}, "demo")
	run("neighbours", neighbours, nil, nil, "demo:8099")
	run("nasty", bridge, map[int]int{8099: h.nastyPort}, settings{
		"HTTP_LISTEN": ":8099", "HTTP_HOSTS": "nasty", "RAPT_USERNAME": "brewer@example.com", "RAPT_API_SECRET": "demo-secret",
		"RAPT_API_URL": "http://neighbours:8081", "RAPT_AUTH_URL": "http://neighbours:8081",
		"RAPT_MIN_POLL_INTERVAL": "20m", "RAPT_MAX_POLL_INTERVAL": "30m",
		"MQTT_URL": "mqtt://demo:1883", "MQTT_CLIENT_ID": "nasty", "MQTT_TOPIC_PREFIX": "nasty",
	}, "run")
	run("brewing", bridge, nil, settings{
		"HTTP_LISTEN": ":8099", "HTTP_HOSTS": "brewing", "RAPT_USERNAME": "brewer@example.com", "RAPT_API_SECRET": "demo-secret",
		"RAPT_API_URL": "http://neighbours:8082", "RAPT_AUTH_URL": "http://neighbours:8082",
		"MQTT_URL": "mqtt://demo:1883", "MQTT_CLIENT_ID": "brewing", "MQTT_TOPIC_PREFIX": "brewing",
	}, "run")
	h.browser = startChromium(t, t, nw)
	return h
}

// static builds a command of this module that runs in any Linux container.
func static(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-o", path, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "go build %s: %s", pkg, out)
	return path
}

// watched is a tab that notes what its page complains about and whom it asks.
type watched struct {
	context.Context
	mu         sync.Mutex
	complaints []string
	hosts      map[string]int
}

func (h *pageHome) open(t *testing.T, v viewport, address string) *watched {
	t.Helper()
	w := &watched{Context: h.browser.tab(t, v), hosts: map[string]int{}}
	require.NoError(t, chromedp.Listen(w, w.note))
	_, err := chromedp.Call(w, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	within(t, patience, "the page "+address, func() error { return chromedp.Do(w, chromedp.Navigate(address)) })
	return w
}

func (w *watched) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		w.complaints = append(w.complaints, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		w.complaints = append(w.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" {
			w.hosts[u.Host]++
		}
	}
}

// clean checks that the page complained about nothing and asked its own host alone.
func (w *watched) clean(t *testing.T, host string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	assert.Empty(t, w.complaints, "in the console")
	assert.Len(t, w.hosts, 1, "hosts asked: %v", w.hosts)
	assert.GreaterOrEqual(t, w.hosts[host], 3, "the page, its style and its script")
}

func evaluate[T any](t *testing.T, w *watched, script string) T {
	t.Helper()
	v, err := chromedp.Run(w, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(t, err, script)
	return v
}

// shows waits until a script's text holds every one of words.
func (w *watched) shows(t *testing.T, script string, words ...string) {
	t.Helper()
	within(t, patience, fmt.Sprintf("%q on the page", words), func() error {
		text, err := chromedp.Run(w, chromedp.Evaluate[string](script))
		if err == nil && !holdsAll(text, words) {
			err = fmt.Errorf("%.2000q", text)
		}
		return err
	})
}

const devicesText = `document.getElementById("devices").innerText`

func TestStatusPage(t *testing.T) {
	t.Parallel()
	h := startPageHome(t)
	demoDevices := []string{"RAPT Pill", "RAPT Fermentation Chamber", "RAPT BrewZilla", "RAPT Still", "°C", "Online"}

	t.Run("shows the devices of the demo brewery, which move without a reload", func(t *testing.T) {
		w := h.open(t, desktop, demoPage)
		w.shows(t, devicesText, demoDevices...)
		w.shows(t, `document.getElementById("verdict").innerText`, "Working")
		before := evaluate[string](t, w, `window.notReloaded = true, `+devicesText)
		within(t, patience, "readings that move", func() error {
			if evaluate[string](t, w, devicesText) == before {
				return errors.New("nothing has moved")
			}
			return nil
		})
		assert.True(t, evaluate[bool](t, w, "window.notReloaded === true"))
		w.clean(t, "demo:8099")
	})

	t.Run("works under the prefix of a proxy", func(t *testing.T) {
		w := h.open(t, desktop, ingressPage)
		w.shows(t, devicesText, demoDevices...)
		before := evaluate[string](t, w, devicesText)
		within(t, patience, "readings that move", func() error {
			if evaluate[string](t, w, devicesText) == before {
				return errors.New("nothing has moved")
			}
			return nil
		})
		require.NoError(t, chromedp.Do(w, chromedp.Click("button")))
		w.shows(t, `document.getElementById("answer").textContent`, "fresh readings")
		assert.Equal(t, ingressPage, evaluate[string](t, w, "location.href"))
		w.clean(t, "neighbours:8123")
	})

	t.Run("is shown in a frame of the proxy's origin and in no other", func(t *testing.T) {
		const framed = `document.querySelector("iframe").contentDocument?.getElementById("devices")?.innerText ?? "refused"`
		w := h.open(t, desktop, ingressHome)
		w.shows(t, framed, demoDevices...)
		w.clean(t, "neighbours:8123")
		evaluate[bool](t, w, `document.querySelector("iframe").src = "`+demoPage+`", true`)
		w.shows(t, framed, "refused")
		within(t, patience, "the refusal in the console", func() error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if !strings.Contains(strings.Join(w.complaints, "\n"), "frame") {
				return fmt.Errorf("%q", w.complaints)
			}
			return nil
		})
	})

	t.Run("works without JavaScript", func(t *testing.T) {
		w := h.open(t, desktop, "about:blank")
		_, err := chromedp.Call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		require.NoError(t, err)
		require.NoError(t, chromedp.Do(w, chromedp.Navigate(ingressPage)))
		w.shows(t, "document.body.innerText", "Load it again", "RAPT Pill")
		require.NoError(t, chromedp.Do(w, chromedp.Click("button")))
		w.shows(t, "document.body.innerText", "fresh readings")
		assert.Contains(t, []string{ingressPage + "?asked", ingressPage + "?again"}, evaluate[string](t, w, "location.href"), "it may have been pressed a moment ago")
	})

	t.Run("shows what ferments, with its controller and the days before", func(t *testing.T) {
		w := h.open(t, desktop, brewingPage)
		w.shows(t, devicesText, "Lager Pill", "Lager Fridge", "day 6", "Original gravity", "Expected final gravity")
		card := evaluate[string](t, w, `[...document.querySelectorAll("article")].find(a => a.innerText.includes("Lager Pill")).innerText`)
		assert.Contains(t, card, "Lager Fridge", "in one card")
		assert.Contains(t, card, "Gravity 1.0")
		within(t, patience, "the days of both beers, which are fetched one after the other", func() error {
			if n := evaluate[int](t, w, `document.querySelectorAll("svg.beer polyline.gravity").length`); n < 2 {
				return fmt.Errorf("%d", n)
			}
			return nil
		})
		assert.Equal(t, 1, evaluate[int](t, w, `[...document.querySelectorAll("h3, h4")].filter(h => h.innerText.includes("Lager Fridge")).length`), "and nowhere else")
		w.clean(t, "brewing:8099")
	})

	t.Run("shows times in the browser's time zone", func(t *testing.T) {
		w := h.open(t, desktop, "about:blank")
		_, err := chromedp.Call(w, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Australia/Brisbane"})
		require.NoError(t, err)
		require.NoError(t, chromedp.Do(w, chromedp.Navigate(slowedPage)))
		w.shows(t, `document.getElementById("zone").textContent`, "Australia/Brisbane")
		for range 2 { // as it was made, and as the stream makes it anew
			times := evaluate[[][2]string](t, w, `[...document.querySelectorAll("time.clock")].map(t => [t.textContent, new Date(t.dateTime).toLocaleTimeString(undefined, {timeStyle: "medium"})])`)
			assert.NotEmpty(t, times)
			for _, pair := range times {
				assert.Contains(t, pair[0], pair[1])
				assert.NotContains(t, pair[0], "UTC")
			}
			time.Sleep(time.Second)
		}
		w.clean(t, "neighbours:8097")
	})

	t.Run("has the pages beside it under a proxy's prefix too", func(t *testing.T) {
		w := h.open(t, desktop, ingressPage)
		w.shows(t, devicesText, demoDevices...)
		follow := func(link, address string, words ...string) {
			evaluate[bool](t, w, fmt.Sprintf(`[...document.querySelectorAll("a")].find(a => a.textContent.includes(%q)).click(), true`, link))
			w.shows(t, "document.body.innerText", words...)
			assert.Equal(t, ingressPage+address, evaluate[string](t, w, "location.href"))
		}
		follow("Set up push", "push", "Through Home Assistant", "@device_id", "No webhook of a device has come")
		require.NoError(t, chromedp.Do(w, chromedp.Click("button.copy")))
		w.shows(t, "getSelection().toString()", "@gravity")
		follow("Back", "", "Pale Ale Pill")
		follow("Dashboard", "dashboard", "views:", "pale_ale_pill")
		follow("Back", "", "Pale Ale Pill")
		follow("Diagnose", "diagnose", "What the file contains", "Anonymous facts")
		w.clean(t, "neighbours:8123")
	})

	t.Run("shows markup in names as text", func(t *testing.T) {
		w := h.open(t, desktop, nastyPage)
		w.shows(t, devicesText, "<script>alert(1)</script>", `"><img src="http://elsewhere.example/x" onerror="alert(1)">`)
		assert.Equal(t, 1, evaluate[int](t, w, `document.querySelectorAll("script").length`))
		assert.Equal(t, 1, evaluate[int](t, w, `document.querySelectorAll("img").length`), "the one beside the heading")
		w.clean(t, "nasty:8099")
	})

	t.Run("polls when the button is pressed", func(t *testing.T) {
		w := h.open(t, desktop, nastyPage)
		w.shows(t, devicesText, "°C")
		page := fmt.Sprintf("http://127.0.0.1:%d", h.nastyPort)
		requests := func() float64 { return metric(t, page, "rapt_bridge_api_requests_total") }
		before := requests()
		require.NoError(t, chromedp.Do(w, chromedp.Click("button")))
		w.shows(t, `document.getElementById("answer").textContent`, "fresh readings")
		within(t, patience, "a request for each family with devices", func() error {
			if n := requests(); n < before+3 {
				return fmt.Errorf("%v requests after %v", n, before)
			}
			return nil
		})
		w.clean(t, "nasty:8099")
	})

	t.Run("is accessible, light and dark, wide and narrow", func(t *testing.T) {
		narrow := viewport{width: 320, height: 800, scale: 2, phone: true}
		darkNarrow := viewport{width: 320, height: 800, scale: 2, phone: true, dark: true}
		for _, c := range []struct {
			name, address string
			view          viewport
		}{
			{"demo", demoPage, desktop},
			{"demo-dark", demoPage, darkDesktop},
			{"demo-phone", demoPage, phone},
			{"nasty-narrow", nastyPage, narrow},
			{"slowed", slowedPage, desktop},
			{"slowed-dark", slowedPage, darkDesktop},
			{"broken", brokenPage, desktop},
			{"broken-dark", brokenPage, darkDesktop},
			{"broken-narrow", brokenPage, narrow},
			{"broken-narrow-dark", brokenPage, darkNarrow},
			{"slowed-phone", slowedPage, phone},
			{"brewing", brewingPage, desktop},
			{"brewing-phone-dark", brewingPage, viewport{width: 390, height: 844, scale: 2, phone: true, dark: true}},
			{"push", demoPage + "push", desktop},
			{"push-narrow-dark", demoPage + "push", darkNarrow},
			{"dashboard", demoPage + "dashboard", desktop},
			{"diagnose", demoPage + "diagnose", desktop},
			{"dashboard-narrow-dark", demoPage + "dashboard", darkNarrow},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := h.open(t, c.view, c.address)
				if strings.HasSuffix(c.address, "/") {
					w.shows(t, devicesText, "°C")
				} else {
					w.shows(t, "document.body.innerText", "Back to the status page")
				}
				assert.LessOrEqual(t, evaluate[int](t, w, "document.documentElement.scrollWidth"), int(c.view.width), "it scrolls sideways")
				u, err := url.Parse(c.address)
				require.NoError(t, err)
				w.clean(t, u.Host)
				evaluate[bool](t, w, axe+"; true")
				for _, violation := range evaluate[[]string](t, w, `axe.run().then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html)))`) {
					t.Error(violation)
				}
				t.Log(wholePicture(t, w, c.name))
			})
		}
	})
}

// wholePicture writes all of a page, however long it is, to a PNG file among the test's artifacts.
func wholePicture(t *testing.T, w *watched, name string) string {
	t.Helper()
	png, err := chromedp.Run(w, chromedp.FullScreenshot(100))
	require.NoError(t, err, "take the picture %s", name)
	path := filepath.Join(t.ArtifactDir(), name+".png")
	require.NoError(t, os.WriteFile(path, png, 0o644))
	return path
}

// axe is the accessibility checker axe-core 4.14.1 (Deque Systems, MPL 2.0), unchanged from its npm package. It is here
// for this test alone; no build holds it.
//
//go:embed testdata/axe.min.js
var axe string

// metric is the sum of a metric over its labels, on a page that the test reaches. It asks until it is answered: a page
// that is flooded turns some away.
func metric(t testing.TB, page, name string) (sum float64) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var body []byte
	within(t, patience, page+"/metrics", func() error {
		response, err := client.Get(page + "/metrics")
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		body, err = io.ReadAll(response.Body)
		return err
	})
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok && (rest[0] == '{' || rest[0] == ' ') {
			value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
			require.NoError(t, err, line)
			sum += value
		}
	}
	return sum
}
