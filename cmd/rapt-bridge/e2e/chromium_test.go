package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

const chromiumImage = "chromedp/headless-shell:latest"

// chromium is a browser in a container; it reaches the others on its network by their names.
type chromium struct {
	*container
	socket string // of DevTools
}

// viewport is the window that a page is shown in.
type viewport struct {
	width, height int64
	scale         float64
	phone, dark   bool
}

var (
	desktop = viewport{width: 1280, height: 900, scale: 1}
	phone   = viewport{width: 412, height: 915, scale: 2, phone: true}
)

func startChromium(t testing.TB, s scope, nw *testcontainers.DockerNetwork) *chromium {
	t.Helper()
	needDocker(t)
	port := freePort(t)
	c := &chromium{}
	c.container = startContainer(t, s, chromiumImage, map[int]int{9222: port},
		network.WithNetwork([]string{"chromium"}, nw))
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	within(t, 2*patience, "Chromium answers", func() error {
		resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/json/version", port))
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		var version struct {
			Socket string `json:"webSocketDebuggerUrl"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&version); err != nil {
			return err
		}
		_, path, ok := strings.Cut(version.Socket, "/devtools/")
		if !ok {
			return fmt.Errorf("no DevTools address in %q", version.Socket)
		}
		c.socket = fmt.Sprintf("ws://127.0.0.1:%d/devtools/%s", port, path)
		return nil
	})
	return c
}

// tab opens a tab with no cookies and storage but its own. Its context ends with the test, or after ten minutes.
func (c *chromium) tab(t testing.TB, v viewport) context.Context {
	t.Helper()
	allocator, stopAllocator := remote.NewAllocator(context.Background(), c.socket, remote.NoModifyURL)
	t.Cleanup(stopAllocator)
	tab, closeTab := chromedp.NewContext(allocator, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(tab), "open a tab")
	limited, stop := context.WithTimeout(tab, 10*time.Minute)
	t.Cleanup(stop)

	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(limited, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.width, Height: v.height, DeviceScaleFactor: v.scale, Mobile: v.phone,
	})
	require.NoError(t, err, "size of the window")
	_, err = chromedp.Call(limited, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	require.NoError(t, err, "colours of the window")
	return limited
}

// signIn lets a tab into Home Assistant as its user; open works afterwards.
func (h *homeAssistant) signIn(t testing.TB, tab context.Context) {
	t.Helper()
	const inside = "http://homeassistant:8123"
	stored, err := json.Marshal(map[string]any{
		"access_token": h.tokens.Access, "token_type": h.tokens.Type, "refresh_token": h.tokens.Refresh,
		"expires_in": h.tokens.Expires, "expires": time.Now().Add(20 * time.Minute).UnixMilli(),
		"hassUrl": inside, "clientId": h.client,
	})
	require.NoError(t, err)
	script := fmt.Sprintf(`localStorage.setItem("hassTokens", %q); localStorage.setItem("dockedSidebar", '"always_hidden"'); true`, stored)
	// Any page of its origin that runs no script will do.
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(inside+"/manifest.json")), "sign in to Home Assistant")
	_, err = chromedp.Run(tab, chromedp.Evaluate[any](script))
	require.NoError(t, err, "sign in to Home Assistant")
}

// open opens a path of Home Assistant and waits until the page holds every one of texts, in whatever shadow tree.
func (h *homeAssistant) open(t testing.TB, tab context.Context, path string, texts ...string) {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate("http://homeassistant:8123"+path)), "open %s", path)
	within(t, 2*patience, "page "+path, func() error {
		text, err := visibleText(tab)
		if err != nil {
			return err
		}
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return fmt.Errorf("%q is not on the page: %.400q", want, text)
			}
		}
		return nil
	})
}

// visibleText is the text of a tab's page with that of its shadow trees, which is where Home Assistant keeps its own.
func visibleText(tab context.Context) (string, error) {
	const collect = `(function () {
		const walk = node => {
			if (node.nodeType === Node.TEXT_NODE) return node.textContent.trim() + " ";
			if (["STYLE", "SCRIPT"].includes(node.nodeName)) return "";
			const children = [...(node.shadowRoot ? node.shadowRoot.childNodes : []), ...node.childNodes];
			return children.map(walk).join("");
		};
		return walk(document.body).replace(/\s+/g, " ");
	})()`
	return chromedp.Run(tab, chromedp.Evaluate[string](collect))
}

// picture writes what a tab shows to a PNG file, in the folder of the flag -pictures or else the test's artifacts. It
// waits until the page has stood still for a while: icons and history come after the text.
func picture(t testing.TB, tab context.Context, name string) string {
	t.Helper()
	var last []byte
	still := 0
	within(t, 2*patience, "a page that stands still", func() error {
		require.NoError(t, chromedp.Do(tab, chromedp.Sleep(500*time.Millisecond)))
		png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		require.NoError(t, err, "take the picture %s", name)
		if !bytes.Equal(png, last) {
			last, still = png, 0
			return errors.New("it changes")
		}
		if still++; still < 3 {
			return errors.New("it may still change")
		}
		return nil
	})
	folder := *pictures
	if folder == "" {
		folder = t.ArtifactDir()
	}
	path := filepath.Join(folder, name+".png")
	require.NoError(t, os.WriteFile(path, last, 0o644))
	return path
}
